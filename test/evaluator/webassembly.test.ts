/** WebAssembly in a Slice: V8 compiles on threads of its own and posts tasks to the Sandbox. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf } from './support.js';
import { runAll } from './tested.js';

/** (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add) (memory (export "m") 1 4)) */
const ADD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 5, 4, 1, 1, 1, 4],
  ...[7, 11, 2, 3, 97, 100, 100, 0, 0, 1, 109, 2, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11],
);

test('compiled synchronously', async (t) => {
  const work = `(x, bytes) => new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.add(x, 1)`;
  assert.deepEqual(valuesOf(await runAll(t, work, [1, 2], { args: [ADD] })), [2, 3]);
});

test('compiled asynchronously, with nothing else to wait for', async (t) => {
  const work = `async (x, bytes) => {
    const { instance } = await WebAssembly.instantiate(bytes);
    const module = await WebAssembly.compile(bytes);
    return instance.exports.add(x, WebAssembly.Module.exports(module).length);
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [1, 2, 3], { args: [ADD] })), [3, 4, 5]);
});

test('a module that is none is refused', async (t) => {
  const seen = await runAll(t, `() => WebAssembly.compile(new Uint8Array(10))`, [0]);
  assert.equal(seen.failures.get(1)?.code, 'EUNCAUGHT');
  assert.equal(seen.failures.get(1)?.name, 'CompileError');
});

test('its memory as a result is copied, and stays usable', async (t) => {
  const work = `(x, bytes) => {
    globalThis.instance ??= new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const view = new Uint8Array(instance.exports.m.buffer);
    view[0] += x;
    return view;
  }`;
  const results = valuesOf(await runAll(t, work, [1, 2], { args: [ADD] })) as Uint8Array[];
  assert.deepEqual(
    results.map((view) => [view.length, view[0]]),
    [
      [65536, 1],
      [65536, 3],
    ],
  );
});
