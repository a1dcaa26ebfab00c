/** WebAssembly: https://webassembly.github.io/spec/js-api/. V8's own, compiled by threads of V8 while the Slice goes on. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { slices, start, valuesOf } from '../evaluator/support.js';
import { openEvaluator, runAll } from '../evaluator/tested.js';

/** A module with so many functions of some hundred instructions each, all exported: `f0()` … answer their numbers. */
function manyFunctions(count: number): Uint8Array<ArrayBuffer> {
  const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)]);
  const section = (id: number, bytes: number[]): number[] => [id, ...leb(bytes.length), ...bytes];
  const signed = (n: number): number[] => {
    const out: number[] = [];
    for (;;) {
      const byte = n & 127;
      n >>= 7;
      if ((n === 0 && (byte & 64) === 0) || (n === -1 && (byte & 64) !== 0)) return [...out, byte];
      out.push(byte | 128);
    }
  };
  const types = [1, 0x60, 0, 1, 0x7f];
  const functions = [...leb(count), ...new Array<number>(count).fill(0)];
  const name = [...Buffer.from('last')];
  const exports = [1, name.length, ...name, 0, ...leb(count - 1)];
  const code: number[] = [...leb(count)];
  for (let i = 0; i < count; i++) {
    const body = [0, 0x41, ...signed(i)];
    for (let k = 0; k < 200; k++) body.push(0x41, 1, 0x6a, 0x41, 1, 0x6b);
    body.push(0x0b);
    for (const byte of leb(body.length)) code.push(byte);
    for (const byte of body) code.push(byte);
  }
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0];
  for (const part of [section(1, types), section(3, functions), section(7, exports)]) bytes.push(...part);
  bytes.push(10, ...leb(code.length));
  const out = new Uint8Array(bytes.length + code.length);
  out.set(bytes);
  out.set(code, bytes.length);
  return out;
}

test('asynchronous compilation happens on other threads: the Slice goes on, and its thread has little to do', async (t) => {
  const work = `async (x, bytes) => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const start = Date.now();
    const { instance } = await WebAssembly.instantiate(bytes);
    clearInterval(timer);
    return { last: instance.exports.last(), ticks, waited: Date.now() - start };
  }`;
  const { sandbox, seen } = await start(await openEvaluator(t), work, { args: [manyFunctions(20_000)] });
  sandbox.run(slices([0]));
  await seen.untilEnded(1);
  const { last, ticks, waited } = seen.values.get(1) as { last: number; ticks: number; waited: number };
  assert.equal(last, 19_999);
  // On the thread of the Slice, it would come between two of them.
  assert.ok(ticks >= 3, `${ticks} timers fired in ${waited} ms`);
});

test('a promise of WebAssembly settles through the event loop, after the promise jobs there are', async (t) => {
  const work = `async (x, bytes) => {
    const log = [];
    const compiled = WebAssembly.compile(bytes).then(() => log.push('compiled'));
    queueMicrotask(() => log.push('microtask'));
    log.push('sync');
    await compiled;
    return log;
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0], { args: [manyFunctions(1)] })), [
    ['sync', 'microtask', 'compiled'],
  ]);
});

test('what streams from the network is not there', async (t) => {
  const work = `() => ['compileStreaming', 'instantiateStreaming'].map((name) => name in WebAssembly)`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [[false, false]]);
});

test('what is refused is refused as the standard says', async (t) => {
  const work = `async () => {
    const nameOf = (thrown) => Object.getPrototypeOf(thrown).constructor.name;
    const names = [];
    for (const make of [
      () => WebAssembly.compile('text'),
      () => WebAssembly.compile(new Uint8Array(4)),
      () => WebAssembly.instantiate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), 5),
      () => Promise.resolve().then(() => new WebAssembly.Memory({ initial: 2, maximum: 1 })),
      () => Promise.resolve().then(() => WebAssembly.Module(new Uint8Array(8))),
    ]) names.push(await make().then(() => 'fine', nameOf));
    return names;
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [
    ['TypeError', 'CompileError', 'TypeError', 'RangeError', 'TypeError'],
  ]);
});
