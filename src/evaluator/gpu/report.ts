import type { WebgpuAdapter } from '../../model/index.js';
import type { VulkanDriver } from './drivers.js';
import type { DawnLibrary } from './library.js';
import type { GpuProblem } from './problem.js';

export interface GpuReport {
  /** Null: none was found. */
  readonly library: DawnLibrary | null;
  /** What the addon expects the library to be like. */
  readonly abi: string;
  /** Null: it can be used. */
  readonly loaderProblem: string | null;
  readonly drivers: readonly VulkanDriver[];
  /** Those that Sandboxes get. */
  readonly adapters: readonly WebgpuAdapter[];
  /** Those that are there and that Sandboxes do not get, by the options. */
  readonly withheld: readonly WebgpuAdapter[];
  /** Empty when there is an adapter for Sandboxes. */
  readonly problems: readonly GpuProblem[];
}
