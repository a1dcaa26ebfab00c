/** Executor threads that are ended from outside while they run Sandboxes. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { Executors } from './executors.js';
import { underAsan } from './support.js';

const MAX_MS = underAsan ? 3000 : 1000;
const ENDLESS = '() => { for (;;); }';

function openExecutors(t: TestContext): Executors {
  const executors = new Executors();
  t.after(() => executors.close());
  return executors;
}

/** Terminates a thread and answers how long that took. */
async function terminate(thread: Worker): Promise<number> {
  const start = performance.now();
  await thread.terminate();
  const took = performance.now() - start;
  assert.ok(took < MAX_MS, `terminate() took ${took.toFixed(0)} ms`);
  return took;
}

for (const [name, work] of [
  ['an endless loop', ENDLESS],
  ['an endless chain of promise jobs', 'async () => { for (;;) await null; }'],
  ['an endless loop that catches everything', '() => { for (;;) try { for (;;); } catch {} }'],
] as const) {
  test(`a thread in ${name} is ended, and says what was lost`, async (t) => {
    const executors = openExecutors(t);
    const thread = executors.startThread();
    const id = executors.startSandbox(work, 3);
    await executors.until(id, 'assigned');
    await sleep(30);
    const took = await terminate(thread);
    t.diagnostic(`terminate() took ${took.toFixed(0)} ms`);
    const { code, text, slice, firstWasRunning, unfinished } = await executors.until(id, 'ended');
    assert.deepEqual(
      [code, text, slice, firstWasRunning, [...unfinished]],
      ['EEVALUATOR', 'the thread that ran the Sandbox was ended', 0, true, [1, 2, 3]],
    );
    executors.startThread();
    const next = executors.startSandbox('(x) => x', 10);
    await executors.until(next, 'drained');
  });
}

test('what only waited on an ended thread goes on with another', async (t) => {
  const executors = openExecutors(t);
  const thread = executors.startThread();
  const waiting = executors.startSandbox('() => new Promise((resolve) => setTimeout(resolve, 100))', 3);
  await executors.until(waiting, 'assigned');
  await sleep(20);
  const took = await terminate(thread);
  t.diagnostic(`terminate() of an idle thread took ${took.toFixed(0)} ms`);
  executors.startThread();
  await executors.until(waiting, 'drained');
  assert.ok(!executors.events.some(({ kind }) => kind === 'ended'));
});

test('the other threads go on', async (t) => {
  const executors = openExecutors(t);
  const doomed = executors.startThread();
  const looping = executors.startSandbox(ENDLESS, 1);
  await executors.until(looping, 'assigned');
  await sleep(20);
  executors.startThread();
  const working = executors.startSandbox(
    '(x) => { const end = Date.now() + 2; while (Date.now() < end); return x; }',
    100,
  );
  await executors.until(working, 'results');
  await terminate(doomed);
  await executors.until(looping, 'ended');
  await executors.until(working, 'drained');
});

test('threads ended at 40 random moments lose no Slice and keep nobody waiting', async (t) => {
  const executors = openExecutors(t);
  const works = [
    ['(x) => { const end = Date.now() + 1; while (Date.now() < end); return x; }', 30],
    ['async (x) => { await new Promise((resolve) => setTimeout(resolve, x % 4)); return x; }', 30],
    [
      '(x) => { if (x % 10 === 0) for (const end = Date.now() + 60; Date.now() < end; ); return new Uint8Array(5000); }',
      30,
    ],
    ['async () => { await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)); }', 30],
  ] as const;
  for (let i = 0; i < 3; i++) executors.startThread();
  const took: number[] = [];
  const sandboxes: number[] = [];
  for (let round = 0; round < 40; round++) {
    const [work, count] = works[round % works.length]!;
    sandboxes.push(executors.startSandbox(work, count));
    await sleep(Math.random() * 40);
    const victim = executors.threads[Math.floor(Math.random() * executors.threads.length)]!;
    executors.startThread();
    took.push(await terminate(victim));
  }
  for (const id of sandboxes) {
    const { named, code } = await executors.ended(id);
    if (code !== null) assert.equal(code, 'EEVALUATOR');
    assert.deepEqual(
      named,
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
  }
  const lost = executors.events.filter(({ kind }) => kind === 'ended').length;
  t.diagnostic(`slowest terminate() ${Math.max(...took).toFixed(0)} ms; ${lost} of 40 Sandboxes were lost`);
});
