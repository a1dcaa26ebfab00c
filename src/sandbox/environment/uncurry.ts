import type { Primordials } from './primordials.js';

/** A method as a function of its receiver, whatever becomes of `call` and `bind`. */
export function uncurry<Args extends unknown[], Result>(
  { apply }: Primordials,
  method: (...args: Args) => Result,
): (self: unknown, ...args: Args) => Result {
  return (self, ...args) => apply(method, self, args);
}
