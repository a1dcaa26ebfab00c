/** The globals of the web do not care for what a Work Function has made of ordinary intrinsics before their first use. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { runAll } from '../evaluator/tested.js';
import { answers } from './oracle.js';

test('globals work after every method was replaced by one that calls the original', async (t) => {
  await answers(t, async () => {
    const { defineProperty, getOwnPropertyDescriptor } = Object;
    const { apply, ownKeys } = Reflect;
    const owners = [
      Array.prototype,
      String.prototype,
      Map.prototype,
      Set.prototype,
      Promise.prototype,
      Object,
    ];
    for (const owner of [...owners, Object.getPrototypeOf(Uint8Array.prototype) as object]) {
      for (const key of ownKeys(owner)) {
        const descriptor = getOwnPropertyDescriptor(owner, key)!;
        const original = descriptor.value as unknown;
        if (typeof original !== 'function' || key === 'constructor' || !descriptor.configurable) continue;
        const wrapper = function (this: unknown, ...args: unknown[]): unknown {
          return apply(original as () => unknown, this, args);
        };
        defineProperty(owner, key, { ...descriptor, value: wrapper });
      }
    }
    const digest = await crypto.subtle.digest('SHA-1', new Uint8Array(1));
    return [
      atob(btoa('abc')),
      new URL('?q=é', 'http://a').href,
      String(new URLSearchParams({ b: '1' })),
      structuredClone(new Map([[1, new Set([2])]]))
        .get(1)!
        .has(2),
      [digest.byteLength, crypto.randomUUID().length],
      await new Blob(['a', 'b'], { type: 'T' }).slice(1).text(),
    ];
  }, ['abc', 'http://a/?q=%C3%A9', 'b=1', true, [20, 36], 'b']);
});

test('those of our own work even when every method throws', async (t) => {
  await answers(t, async () => {
    const { defineProperty, getOwnPropertyDescriptor } = Object;
    const { ownKeys } = Reflect;
    const restore: (() => void)[] = [];
    const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
    const owners = [
      Object,
      Reflect,
      Function.prototype,
      String.prototype,
      Map.prototype,
      Set.prototype,
      typedArray,
    ];
    for (let at = 0; at < owners.length; at++) {
      const owner = owners[at]!;
      const keys = ownKeys(owner);
      for (let index = 0; index < keys.length; index++) {
        const key = keys[index]!;
        const descriptor = getOwnPropertyDescriptor(owner, key)!;
        if (typeof descriptor.value !== 'function' || !descriptor.configurable) continue;
        restore[restore.length] = () => defineProperty(owner, key, descriptor);
        const spoiled = (): never => {
          throw new Error('called what the Work Function has spoiled');
        };
        defineProperty(owner, key, { ...descriptor, value: spoiled });
      }
    }
    try {
      const copy = structuredClone({
        map: new Map<unknown, unknown>(),
        date: new Date(1),
        bytes: new Uint8Array([7]),
      });
      const text = await new Blob(['a\r', new Uint8Array([98])], { endings: 'native' }).slice(0, 3).text();
      const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(1));
      return [atob(btoa('abc')), copy.bytes[0], text, digest.byteLength, crypto.randomUUID().length];
    } finally {
      // The codec needs them for the result.
      for (let index = 0; index < restore.length; index++) restore[index]!();
    }
  }, ['abc', 7, 'a\nb', 32, 36]);
});

test('an error is told whatever Object.prototype has become', async (t) => {
  const seen = await runAll(
    t,
    `(n) => {
      for (const name of ['get', 'set', 'value', 'writable']) Object.defineProperty(Object.prototype, name, { __proto__: null, value: () => 1, configurable: true });
      if (n === 1) throw new RangeError('mine');
      return new Map([[1, { __proto__: null, a: n }]]);
    }`,
    [1, 2],
  );
  assert.equal(seen.failures.get(1)?.message, 'mine');
  assert.deepEqual(seen.values.get(2), new Map([[1, { a: 2 }]]));
});
