import { InvalidArgumentError, shown } from '../../model/index.js';

/** Which GPUs Sandboxes of Jobs that require WebGPU may have. */
export interface GpuOptions {
  /**
   * Adapters they may have, each by a part of what its driver calls it or its vendor (`RTX 4090`, `nvidia`; case does not
   * matter). Default: any.
   */
  readonly adapters?: readonly string[];
  /** Adapters they may not have, written in the same way. Default: none. */
  readonly bannedAdapters?: readonly string[];
  /** Rasterisers that compute on the CPU are offered, too. Default false. */
  readonly allowSoftware?: boolean;
}

export const GPU_OPTIONS = Object.freeze([
  'adapters',
  'bannedAdapters',
  'allowSoftware',
] as const satisfies readonly (keyof GpuOptions)[]);

export type CompleteGpuOptions = Required<GpuOptions>;

/** Fills in defaults. Throws `InvalidArgumentError` for what cannot name an adapter. */
export function completeGpuOptions(options: GpuOptions): CompleteGpuOptions {
  const names = (field: 'adapters' | 'bannedAdapters'): readonly string[] => {
    const list: unknown = options[field] ?? [];
    if (!Array.isArray(list))
      throw new InvalidArgumentError(`gpu.${field}`, `expected an array of names, got ${String(list)}`);
    return list.map((name: unknown, index) => {
      if (typeof name !== 'string' || name.trim() === '')
        throw new InvalidArgumentError(
          `gpu.${field}[${index}]`,
          `expected a part of an adapter's name, got ${JSON.stringify(name) ?? String(name)}`,
        );
      return name.trim().toLowerCase();
    });
  };
  const allowSoftware: unknown = options.allowSoftware ?? false;
  if (typeof allowSoftware !== 'boolean')
    throw new InvalidArgumentError(
      'gpu.allowSoftware',
      `expected true or false, got ${shown(allowSoftware)}`,
    );
  return { adapters: names('adapters'), bannedAdapters: names('bannedAdapters'), allowSoftware };
}
