/** SharedArrayBuffer and Atomics: there when the Job requires them, and never to wait with. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { compute } from '#src/index.js';
import { valuesOf } from '../evaluator/support.js';
import { runAll } from '../evaluator/tested.js';

const shared = { job: { requirements: { environment: { sharedArrayBuffer: true } } } };

test('SharedArrayBuffer is not there unless the Job requires it', async (t) => {
  const work = `() => [typeof SharedArrayBuffer, 'SharedArrayBuffer' in globalThis, typeof Atomics]`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [['undefined', false, 'object']]);
  assert.deepEqual(valuesOf(await runAll(t, work, [0], shared)), [['function', true, 'object']]);
});

test('with it Atomics work, and a result is a copy', async (t) => {
  const work = `() => {
    const counter = new Int32Array(new SharedArrayBuffer(8));
    Atomics.add(counter, 0, 5);
    globalThis.kept = counter;
    return counter;
  }`;
  const [counter] = valuesOf(await runAll(t, work, [0], shared)) as Int32Array[];
  assert.deepEqual([...counter!], [5, 0]);
});

test('Atomics.wait is refused: a Sandbox that blocks would keep its thread from others', async (t) => {
  const work = `(buffer) => {
    const words = new Int32Array(typeof SharedArrayBuffer === 'function' ? new SharedArrayBuffer(8) : new ArrayBuffer(8));
    try { Atomics.wait(words, 0, 0, 1e6); } catch (error) { return [error.name, error instanceof TypeError]; }
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [['TypeError', true]]);
  assert.deepEqual(valuesOf(await runAll(t, work, [0], shared)), [['TypeError', true]]);
});

test('a Slice waits for Atomics.waitAsync with a timeout, and for what its own code wakes', async (t) => {
  const work = `async (how) => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const { waitAsync } = Atomics;
    if (how === 'not equal') return [waitAsync(words, 0, 1, 1000), waitAsync.name, waitAsync.length];
    const before = performance.now();
    const waiting = waitAsync(words, 0, 0, how === 'for ever' ? undefined : how === 'woken' ? 60_000 : '30');
    if (how === 'woken') setTimeout(() => Atomics.notify(words, 0), 5);
    return [waiting.async, await waiting.value, how === 'woken' || performance.now() - before > 28];
  }`;
  const [timedOut, woken, notEqual, forEver, last] = valuesOf(
    await runAll(t, work, ['timed out', 'woken', 'not equal', 'for ever', 'timed out'], shared),
  );
  assert.deepEqual(timedOut, [true, 'timed-out', true]);
  assert.deepEqual(woken, [true, 'ok', true]);
  assert.deepEqual(notEqual, [{ async: false, value: 'not-equal' }, 'waitAsync', 4]);
  assert.equal((forEver as { code: string }).code, 'ENOPROGRESS');
  assert.deepEqual(last, [true, 'timed-out', true]);
});

test('the requirement comes from the Job, and is checked', async () => {
  const job = compute.for(1, 1, () => typeof SharedArrayBuffer);
  job.requirements = { environment: { sharedArrayBuffer: true } };
  assert.deepEqual([...(await job.localExec(1))], ['function']);
  const wrong = compute.for(1, 1, () => 1);
  wrong.requirements = { environment: { sharedArrayBuffer: 'yes' as never } };
  await assert.rejects(wrong.localExec(1), {
    code: 'EINVAL',
    field: 'job.requirements.environment.sharedArrayBuffer',
  });
});

test('a length or a time that is a BigInt is refused, as ECMAScript has it', async (t) => {
  const work = `() => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
    const shared = new SharedArrayBuffer(8, { maxByteLength: 16 });
    return [
      () => new ArrayBuffer(8n),
      () => new ArrayBuffer(8n, {}),
      () => new ArrayBuffer(8n, { maxByteLength: 16 }),
      () => new ArrayBuffer(8, { maxByteLength: 16n }),
      () => buffer.resize(12n),
      () => new SharedArrayBuffer(8n),
      () => new SharedArrayBuffer(8, { maxByteLength: 16n }),
      () => shared.grow(12n),
      () => Atomics.waitAsync(words, 0, 0, 10n),
      () => { buffer.resize('12'); shared.grow('12'); throw TypeError([buffer.byteLength, shared.byteLength]); },
    ].map((call) => { try { return call(); } catch ({ name, message }) { return name + ': ' + message; } });
  }`;
  const [refused] = valuesOf(await runAll(t, work, [0], shared)) as string[][];
  assert.equal(refused!.pop(), 'TypeError: 12,12');
  for (const [index, message] of refused!.entries())
    assert.match(message, /^TypeError: Cannot convert a BigInt value to a number$/, `call ${index}`);
});
