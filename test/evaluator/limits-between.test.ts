/** Code that belongs to no Slice: what Slices leave behind, and what comes between them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { slices, start } from './support.js';
import { openEvaluator } from './tested.js';

const limits = { sliceTimeoutMs: 1000, progressTimeoutMs: 1000 };

for (const [what, again] of [
  ['compilations', `WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))`],
  ['notifications', `wakened()`],
] as const)
  test(`${what} that follow one another without end, once their Slice has ended, end the Sandbox`, async (t) => {
    const work = `(() => {
      const words = new Int32Array(new SharedArrayBuffer(4));
      const wakened = () => { const { value } = Atomics.waitAsync(words, 0, 0); Atomics.notify(words, 0); return value; };
      return () => { const again = () => ${again}.then(again); again(); return 1; };
    })()`;
    const job = { requirements: { environment: { sharedArrayBuffer: true } } };
    const { sandbox, seen } = await start(await openEvaluator(t), work, { limits, job });
    sandbox.run(slices([1]));
    assert.ok(await seen.endsWithin(30_000), 'it goes on');
    assert.equal(seen.values.get(1), 1);
    assert.match(String(seen.end!.error), /code that belongs to no Slice used more than 1 s of CPU time/);
  });

test('Slices that take more CPU time one after another than may be taken between them', async (t) => {
  const work = `() => { for (const end = performance.now() + 300; performance.now() < end; ); return 1; }`;
  const { sandbox, seen } = await start(await openEvaluator(t), work, { limits });
  sandbox.run(slices([1, 2, 3]));
  await seen.until(() => seen.drained > 0 || seen.end !== null);
  sandbox.run(slices([4, 5], 4));
  await seen.until(() => seen.drained > 1 || seen.end !== null);
  assert.deepEqual(
    [...seen.values],
    [
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
    ],
  );
  assert.equal(seen.end, null);
});
