import type { WorkerOptions } from '../worker/index.js';

/** What a Worker that runs as a program was told, by options and configuration together. */
export interface ServiceSettings {
  /** Of the program. */
  readonly version: string;
  readonly worker: Omit<WorkerOptions, 'observer'> & { readonly scheduler: string; readonly cores: number };
  /** Where Sandboxes live, as displays show it. */
  readonly evaluator: string;
  /** How long running Slices may take to end when told to stop, milliseconds. */
  readonly stopTimeoutMs: number;
  /** After this time since it was told to stop the program exits, whatever is left to do, milliseconds. */
  readonly cleanupTimeoutMs: number;
  /** How often a report is logged, milliseconds; null: never. */
  readonly reportIntervalMs: number | null;
  /** Whether it stops when there is nothing to do. */
  readonly exitWhenIdle: boolean;
  /** Addresses, as displays show them; null where there is none. */
  readonly identity: string | null;
  readonly paymentAddress: string | null;
}
