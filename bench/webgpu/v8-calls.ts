/**
 * What V8 takes for a call of C++ that does nothing (bench/native/v8_calls.cc, which scripts/bench.mjs builds), here on this thread: no binding
 * is faster than that and the C behind it.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { NATIVE_RIVALS } from './native-calls.js';
import type { Timed } from './calls.js';

interface V8Calls {
  call(): void;
  /** A new object with something behind it, which goes when the object is garbage. */
  make(): unknown;
  /** Resolved. */
  answer(): Promise<void>;
}

const { v8Calls } = createRequire(import.meta.url)(join(NATIVE_RIVALS, 'v8_calls.node')) as {
  v8Calls: V8Calls;
};

/** Milliseconds for what so many turns of the call take at least. */
export async function timeV8({
  turns,
  makes = 0,
  answers = 0,
  calls = makes + answers > 0 ? 0 : 1,
}: Timed): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < turns * calls; i++) v8Calls.call();
  for (let i = 0; i < turns * makes; i++) v8Calls.make();
  for (let i = 0; i < turns * answers; i++) await v8Calls.answer();
  return performance.now() - begin;
}
