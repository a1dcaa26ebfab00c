import { execFile } from 'node:child_process';
import { EVALUATOR_PROGRAM } from '../program.js';
import { driverManifests } from './drivers.js';
import { lookForDawn } from './library.js';
import type { GpuOptions } from './options.js';
import { NO_DRIVER } from './problem.js';
import type { GpuReport } from './report.js';

/** A driver may take seconds to start on a busy machine; one that hangs must not hold up a Worker for good. */
const ASK_MS = 20_000;
const MAX_ANSWER_BYTES = 2 ** 20;

export type FoundGpus = Pick<GpuReport, 'adapters' | 'problems'>;

/** What `dcp-evaluator --gpu-info` says of this machine. A driver that crashes or hangs is part of the answer. */
export async function askForGpus(options: GpuOptions): Promise<FoundGpus> {
  // Not worth a process.
  const library = lookForDawn();
  if ('what' in library) return { adapters: [], problems: [library] };
  if (driverManifests().length === 0) return { adapters: [], problems: [NO_DRIVER] };
  const args = [EVALUATOR_PROGRAM, ...gpuArguments(options), '--gpu-info', '--json'];
  return new Promise((resolve) => {
    const settings = { timeout: ASK_MS, killSignal: 'SIGKILL', maxBuffer: MAX_ANSWER_BYTES } as const;
    execFile(process.execPath, args, settings, (error, stdout) => {
      try {
        resolve(JSON.parse(stdout) as GpuReport);
      } catch {
        const how = error?.killed
          ? `did not end within ${ASK_MS / 1000} s`
          : `ended badly: ${describe(error)}`;
        resolve({ adapters: [], problems: [{ what: `the GPU's driver was tried, and ${how}`, fix: null }] });
      }
    });
  });
}

/** The command line that says the same as the options. */
export function gpuArguments({
  adapters = [],
  bannedAdapters = [],
  allowSoftware = false,
}: GpuOptions): string[] {
  return [
    ...adapters.flatMap((name) => ['--gpu-adapter', name]),
    ...bannedAdapters.flatMap((name) => ['--gpu-ban', name]),
    ...(allowSoftware ? ['--allow-software-gpu'] : []),
  ];
}

function describe(
  error: { readonly signal?: NodeJS.Signals | null; readonly code?: unknown } | null,
): string {
  if (error === null) return 'no answer';
  return error.signal ? String(error.signal) : `exit code ${String(error.code)}`;
}
