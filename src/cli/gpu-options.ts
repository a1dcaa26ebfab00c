import { Option, type Command, type OptionValues } from 'commander';
import type { GpuOptions } from '../evaluator/index.js';

/** Adds the options that say which GPUs Sandboxes get, if any. */
export function withGpuOptions(program: Command): Command {
  return withAdapterOptions(program).option('--no-gpu', 'offer no WebGPU');
}

/** Adds the options that say which adapters Sandboxes get; `when` begins their descriptions. */
export function withAdapterOptions(program: Command, when = ''): Command {
  const named = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
  return program
    .addOption(
      new Option(
        '--gpu-adapter <name>',
        `${when}offer Jobs that require WebGPU this adapter, named by a part of its name or vendor; may be given more than once; ` +
          'default: any',
      ).argParser(named),
    )
    .addOption(
      new Option(
        '--gpu-ban <name>',
        `${when}offer all adapters but this one; may be given more than once`,
      ).argParser(named),
    )
    .option('--allow-software-gpu', `${when}offer rasterisers that compute on the CPU, too`);
}

/** What the options say; null: no WebGPU. */
export function gpuOptionsOf(options: OptionValues): GpuOptions | null {
  return options['gpu'] === false ? null : adapterOptionsOf(options);
}

export function adapterOptionsOf(options: OptionValues): GpuOptions {
  return {
    adapters: (options['gpuAdapter'] as readonly string[] | undefined) ?? [],
    bannedAdapters: (options['gpuBan'] as readonly string[] | undefined) ?? [],
    allowSoftware: options['allowSoftwareGpu'] === true,
  };
}
