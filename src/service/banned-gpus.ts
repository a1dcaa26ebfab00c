import { askForGpus, type GpuOptions } from '../evaluator/index.js';
import { InvalidArgumentError, type WebgpuAdapter } from '../model/index.js';

/** What configurations of DCP call what a driver says of its adapter. */
const FIELDS: Readonly<Record<string, (adapter: WebgpuAdapter) => string>> = {
  vendor: ({ vendor }) => vendor,
  architecture: ({ architecture }) => architecture,
  device: ({ name }) => name,
  description: ({ name }) => name,
};

/**
 * Adapters that `worker.bannedGPUs` leaves out, by name: those of which some field matches its pattern. Text is looked for as
 * it is, in either case. Asks the drivers only if there is a pattern. Throws `InvalidArgumentError` for an unknown field.
 */
export async function bannedAdapters(
  patterns: Readonly<Record<string, RegExp | string>>,
  gpu: GpuOptions,
): Promise<string[]> {
  const tests = Object.entries(patterns).map(([field, pattern]) => {
    const read = Object.hasOwn(FIELDS, field) ? FIELDS[field]! : null;
    if (read !== null) return (adapter: WebgpuAdapter) => matches(pattern, read(adapter));
    throw new InvalidArgumentError(
      `worker.bannedGPUs.${field}`,
      `expected one of ${Object.keys(FIELDS).join(', ')}, got ${field}`,
    );
  });
  if (tests.length === 0) return [];
  const { adapters } = await askForGpus(gpu);
  return adapters.filter((adapter) => tests.some((test) => test(adapter))).map(({ name }) => name);
}

function matches(pattern: RegExp | string, text: string): boolean {
  if (typeof pattern === 'string') return text.toLowerCase().includes(pattern.toLowerCase());
  // Whatever its flags: `lastIndex` of a global one would make it forgetful.
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).test(text);
}
