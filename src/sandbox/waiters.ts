/**
 * `Atomics.waitAsync` with a timeout is something a Slice may wait for, as it may for a timer: V8 settles its promise by a task of its
 * own, which nobody tells from those that collect garbage. Without a timeout only the Slice's own code can settle it.
 */
import { replaceMethod } from './replace.js';
import type { ScheduledTimer, Timers } from './timers.js';

type Waiting = { readonly async: boolean; readonly value: unknown };

/** What is late is looked at again after so long, milliseconds. */
const AGAIN_MS = 1;

const { apply } = Reflect;
const { then } = Promise.prototype;
/** ECMA-262, "ToNumber": no BigInt, as `Number` takes it. */
const toNumber = (value: unknown): number => +(value as number);

export function awaitWaiters(timers: Timers): void {
  replaceMethod(Atomics, 'waitAsync', (native) => {
    const method = {
      waitAsync(array: unknown, index: unknown, value: unknown, timeout: unknown): unknown {
        const ms = timeout === undefined ? NaN : toNumber(timeout);
        const waiting = apply(native, Atomics, [array, index, value, ms]) as Waiting;
        if (waiting.async && ms < Infinity) keepAlive(timers, waiting.value, ms);
        return waiting;
      },
    };
    return method.waitAsync;
  });
}

function keepAlive(timers: Timers, promise: unknown, ms: number): void {
  let timer: ScheduledTimer;
  const wait = (delayMs: number): void => {
    timer = timers.schedule(() => {
      wait(AGAIN_MS);
    }, delayMs);
    timers.setAwaited(timer, true);
  };
  wait(ms);
  const stop = (): void => {
    timers.cancel(timer);
  };
  void apply(then, promise, [stop, stop]);
}
