import type { Kit } from './kit.js';

/**
 * One differential program: what it answers must be the same wherever it runs. It travels as source text, so it names
 * nothing of its surroundings but the web's globals, and what it expects to fail it catches itself (`Kit.attempt`,
 * `Kit.settle`, `Kit.scope`). It answers plain data and typed arrays, and nothing that depends on the driver's speed or
 * on the age of an implementation.
 */
export type Program = (gpu: GPU, t: Kit) => Promise<unknown>;

/** By name: what the program is about. */
export type Programs = Readonly<Record<string, Program>>;

/** What became of a program. */
export type Outcome =
  /** `uncaptured`: names of errors that no error scope took, device by device in the order of their coming. */
  | { readonly kind: 'returned'; readonly value: unknown; readonly uncaptured: readonly string[] }
  /** It failed where it did not expect to: the program, or the implementation, is wrong. */
  | { readonly kind: 'threw'; readonly error: string }
  /** It took longer than `PROGRAM_TIMEOUT_MS`, and its process was killed. */
  | { readonly kind: 'hung' }
  /** It took its process with it; `how` is the signal or exit code. */
  | { readonly kind: 'crashed'; readonly how: string };

/** Enough for the slowest program on a software driver with other work going on. */
export const PROGRAM_TIMEOUT_MS = 30_000;
