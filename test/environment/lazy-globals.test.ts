/** Globals whose script runs when they are first used: nobody can tell, but by the clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sandboxes } from './support.js';

const { run, runMany } = sandboxes();

test('a lazy global looks like any other before it is used', async () => {
  assert.deepEqual(
    await run(() => {
      const { value, ...rest } = Object.getOwnPropertyDescriptor(globalThis, 'TextDecoder') as {
        value: unknown;
      };
      return [typeof value, rest];
    }),
    ['function', { writable: true, enumerable: false, configurable: true }],
  );
  assert.deepEqual(
    await run(() => [
      'TextDecoder' in globalThis,
      Object.hasOwn(globalThis, 'TextDecoder'),
      typeof TextDecoder,
    ]),
    [true, true, 'function'],
  );
  assert.equal(await run(() => Object.keys(globalThis).includes('TextDecoder')), false);
});

test('reading it again gives the same', async () => {
  assert.equal(
    await run(() => {
      const { TextDecoder: first } = globalThis;
      return (
        first === globalThis.TextDecoder &&
        first === TextDecoder &&
        first === (globalThis as unknown as { self: typeof globalThis }).self.TextDecoder
      );
    }),
    true,
  );
});

test('it can be replaced, declared and deleted before its first use, and the rest of its group works', async () => {
  const answers = await Promise.all([
    run(() => {
      (globalThis as { TextDecoder: unknown }).TextDecoder = 'mine';
      return [typeof TextDecoder, new TextEncoder().encode('é').length];
    }),
    run(() => {
      (0, eval)('var TextDecoder = 7; function TextEncoder() {}');
      return [typeof TextDecoder, 'encode' in new TextEncoder()];
    }),
    run(() => {
      Object.defineProperty(globalThis, 'TextDecoder', { get: () => 'got' });
      return [globalThis.TextDecoder, new TextEncoder().encoding];
    }),
    run(() => {
      const deleted = Reflect.deleteProperty(globalThis, 'TextDecoder');
      return [deleted, 'TextDecoder' in globalThis, typeof TextDecoder, typeof TextEncoder];
    }),
  ]);
  assert.deepEqual(answers, [
    ['string', 2],
    ['number', false],
    ['got', 'utf-8'],
    [true, false, 'undefined', 'function'],
  ]);
});

test('hot code that was compiled before the first use finds it', async () => {
  assert.deepEqual(
    await run(() => {
      const made = (wanted: boolean): unknown => (wanted ? new TextEncoder().encoding : null);
      for (let turn = 0; turn < 100_000; turn++) made(false);
      return [made(true), made(true)];
    }),
    ['utf-8', 'utf-8'],
  );
});

test('a first use at the end of the stack throws, and the next one works', async () => {
  assert.deepEqual(
    await run(() => {
      let failed = '';
      const dive = (): void => {
        try {
          dive();
        } catch {
          // The innermost frame that can: where the stack has almost no room.
          if (failed !== '') return;
          try {
            void TextDecoder;
            failed = 'nothing';
          } catch (error) {
            failed = (error as Error).name;
          }
        }
      };
      dive();
      return [failed, new TextDecoder().decode(new Uint8Array([0x68, 0x69]))];
    }),
    ['RangeError', 'hi'],
  );
});

test('one Sandbox makes a group once, and each Sandbox its own', async () => {
  const marks = await runMany(() => {
    const marked = TextEncoder as unknown as { mark?: number };
    return (marked.mark = (marked.mark ?? 0) + 1);
  }, [0, 0, 0]);
  assert.deepEqual(marks, [1, 2, 3]);
  assert.equal(await run(() => 'mark' in TextEncoder), false);
});

test('what the Work Function has made of ordinary intrinsics does not matter', async () => {
  assert.deepEqual(
    await run(() => {
      const { defineProperty, getOwnPropertyDescriptor } = Object;
      const { ownKeys } = Reflect;
      const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
      const before: (() => void)[] = [];
      const owners = [
        Object,
        Reflect,
        Function.prototype,
        String.prototype,
        Array.prototype,
        Map.prototype,
        TypedArray,
      ];
      for (let at = 0; at < owners.length; at++) {
        const owner = owners[at]!;
        const keys = ownKeys(owner);
        for (let index = 0; index < keys.length; index++) {
          const key = keys[index]!;
          const descriptor = getOwnPropertyDescriptor(owner, key)!;
          if (typeof descriptor.value !== 'function' || !descriptor.configurable) continue;
          before[before.length] = () => defineProperty(owner, key, descriptor);
          const spoiled = (): never => {
            throw new Error('called what the Work Function has spoiled');
          };
          defineProperty(owner, key, { ...descriptor, value: spoiled });
        }
      }
      try {
        const bytes = new TextEncoder().encode('naïve');
        return [bytes.length, new TextDecoder(' UTF8 ').decode(bytes)];
      } finally {
        // The codec needs them for the result.
        for (let index = 0; index < before.length; index++) before[index]!();
      }
    }),
    [6, 'naïve'],
  );
});
