/** Timers and microtasks of a Work Function. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf } from './support.js';
import { runAll } from './tested.js';

test('timers fire by due time, then in the order in which they were set', async (t) => {
  const work = `() => new Promise((resolve) => {
    const log = [];
    setTimeout(() => log.push('30'), 30);
    setTimeout(() => log.push('10 a'), 10);
    setTimeout((...rest) => log.push('10 b ' + rest), 10, 1, 2);
    setTimeout(() => log.push('0'));
    setImmediate(() => log.push('immediate'));
    queueMicrotask(() => log.push('microtask'));
    Promise.resolve().then(() => log.push('promise'));
    log.push('sync');
    setTimeout(() => resolve(log), 50);
  })`;
  const expected = ['sync', 'microtask', 'promise', '0', 'immediate', '10 a', '10 b 1,2', '30'];
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [expected]);
});

test('a timer does not fire early, and not much later', async (t) => {
  const work = `(ms) => { const start = Date.now(); return new Promise((resolve) => setTimeout(() => resolve(Date.now() - start), ms)); }`;
  const [first, second] = valuesOf(await runAll(t, work, [20, 100])) as number[];
  assert.ok(first! >= 19 && first! < 220, `20 ms took ${first}`);
  assert.ok(second! >= 99 && second! < 300, `100 ms took ${second}`);
});

test('a cleared timer does not fire, not even by another timer due at the same time', async (t) => {
  const work = `() => new Promise((resolve) => {
    const log = [];
    const gone = setTimeout(() => log.push('gone'), 5);
    clearTimeout(gone);
    let other;
    setTimeout(() => { log.push('first'); clearTimeout(other); }, 10);
    other = setTimeout(() => log.push('other'), 10);
    clearTimeout(12345); clearTimeout(undefined);
    setTimeout(() => resolve(log), 30);
  })`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [['first']]);
});

test('an interval repeats until it is cleared, from inside too', async (t) => {
  const work = `() => new Promise((resolve) => {
    let count = 0;
    const id = setInterval(() => { if (++count === 5) { clearInterval(id); setTimeout(() => resolve(count), 20); } }, 2);
  })`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [5]);
});

test('the end of a Slice clears its timers', async (t) => {
  const work = `(x) => {
    if (x === 1) { setTimeout(() => { globalThis.leaked = true; }, 5); setInterval(() => { globalThis.leaked = true; }, 1); return; }
    return new Promise((resolve) => setTimeout(() => resolve(globalThis.leaked ?? 'nothing leaked'), 30));
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [1, 2])), [undefined, 'nothing leaked']);
});

test('a promise that settles after its Slice ended does not end another', async (t) => {
  const work = `(x) => {
    if (x === 1) return new Promise((resolve) => { globalThis.late = resolve; resolve('one'); });
    return new Promise((resolve) => { globalThis.late('again'); setTimeout(() => resolve('two'), 5); });
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [1, 2])), ['one', 'two']);
});

test('an error in a timer is printed, and the Slice goes on', async (t) => {
  const work = `() => new Promise((resolve) => {
    setTimeout(() => { throw new TypeError('in a timer'); }, 1);
    setTimeout(() => resolve('went on'), 10);
  })`;
  const seen = await runAll(t, work, [0]);
  assert.deepEqual(valuesOf(seen), ['went on']);
  const [message] = seen.messages;
  assert.ok(message?.type === 'console' && message.level === 'error');
  assert.match(message.message, /^Uncaught TypeError: in a timer\n {4}at work-function\.js:2:\d+$/);
});

test('10,000 turns of await do not starve the Sandbox', async (t) => {
  const work = `async (n) => { let sum = 0; for (let i = 0; i < n; i++) sum += await i; return sum; }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [10_000])), [49_995_000]);
});
