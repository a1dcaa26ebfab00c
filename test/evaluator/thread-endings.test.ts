/** Executor threads that are ended from outside while they run Sandboxes. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { loadNative, type NativeEvent } from '#src/evaluator/native.js';
import { sandboxScripts } from '#src/evaluator/scripts.js';
import { encode } from '#src/codec/index.js';
import { underAsan } from './support.js';

const MAX_MS = underAsan ? 3000 : 1000;
const ENDLESS = '() => { for (;;); }';

/** A queue with its Sandboxes, and threads to serve it that the test may end one by one. */
class Bench {
  readonly events: NativeEvent[] = [];
  readonly threads: Worker[] = [];
  readonly native = new (loadNative().NativeEvaluator)(sandboxScripts(), (events) => {
    this.events.push(...events);
  });
  #last = 0;

  constructor(t: TestContext) {
    t.after(async () => {
      this.native.stop();
      await Promise.all(this.threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve))));
      this.native.close();
    });
  }

  startThread(): Worker {
    const executor = new URL('../../dist/evaluator/in-process/executor-thread.js', import.meta.url);
    const source = `import(${JSON.stringify(executor.href)}).then(({ default: serve }) => serve({ queueId: ${this.native.queueId} }))`;
    const thread = new Worker(source, { eval: true });
    this.threads.push(thread);
    thread.once('exit', () => this.threads.splice(this.threads.indexOf(thread), 1));
    return thread;
  }

  /** A Sandbox with so many Slices pending. Answers its id. */
  startSandbox(workFunction: string, count: number): number {
    const id = ++this.#last;
    this.native.createSandbox(id, 64 << 20, 64 << 20, 64 << 20, 64 << 20, 100, 100, false);
    const job = JSON.stringify({
      id: 'job',
      public: {},
      inputSet: { kind: 'range', start: 1, step: 1, count },
    });
    this.native.assign(id, job, workFunction, null, encode([]).head, [], 1e6, 1e6, 1e6, 1e6, false);
    const numbers = Uint32Array.from({ length: count }, (_, i) => i + 1);
    const ends = new Uint32Array(count);
    this.native.run(id, numbers, new Uint8Array(0), ends, [], ends);
    return id;
  }

  async until<Kind extends NativeEvent['kind']>(
    sandbox: number,
    kind: Kind,
  ): Promise<Extract<NativeEvent, { kind: Kind }>> {
    for (;;) {
      const found = this.events.find((event) => event.sandbox === sandbox && event.kind === kind);
      if (found) return found as Extract<NativeEvent, { kind: Kind }>;
      await sleep(2);
    }
  }
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
    const bench = new Bench(t);
    const thread = bench.startThread();
    const id = bench.startSandbox(work, 3);
    await bench.until(id, 'assigned');
    await sleep(30);
    const took = await terminate(thread);
    t.diagnostic(`terminate() took ${took.toFixed(0)} ms`);
    const { code, text, slice, firstWasRunning, unfinished } = await bench.until(id, 'ended');
    assert.deepEqual(
      [code, text, slice, firstWasRunning, [...unfinished]],
      ['EEVALUATOR', 'the thread that ran the Sandbox was ended', 0, true, [1, 2, 3]],
    );
    bench.startThread();
    const next = bench.startSandbox('(x) => x', 10);
    await bench.until(next, 'drained');
  });
}

test('what only waited on an ended thread goes on with another', async (t) => {
  const bench = new Bench(t);
  const thread = bench.startThread();
  const waiting = bench.startSandbox('() => new Promise((resolve) => setTimeout(resolve, 100))', 3);
  await bench.until(waiting, 'assigned');
  await sleep(20);
  const took = await terminate(thread);
  t.diagnostic(`terminate() of an idle thread took ${took.toFixed(0)} ms`);
  bench.startThread();
  await bench.until(waiting, 'drained');
  assert.ok(!bench.events.some(({ kind }) => kind === 'ended'));
});

test('the other threads go on', async (t) => {
  const bench = new Bench(t);
  const doomed = bench.startThread();
  const looping = bench.startSandbox(ENDLESS, 1);
  await bench.until(looping, 'assigned');
  await sleep(20);
  bench.startThread();
  const working = bench.startSandbox(
    '(x) => { const end = Date.now() + 2; while (Date.now() < end); return x; }',
    100,
  );
  await bench.until(working, 'results');
  await terminate(doomed);
  await bench.until(looping, 'ended');
  await bench.until(working, 'drained');
});

test('threads ended at 40 random moments lose no Slice and keep nobody waiting', async (t) => {
  const bench = new Bench(t);
  const works = [
    ['(x) => { const end = Date.now() + 1; while (Date.now() < end); return x; }', 30],
    ['async (x) => { await new Promise((resolve) => setTimeout(resolve, x % 4)); return x; }', 30],
    [
      '(x) => { if (x % 10 === 0) for (const end = Date.now() + 60; Date.now() < end; ); return new Uint8Array(5000); }',
      30,
    ],
    ['async () => { await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)); }', 30],
  ] as const;
  for (let i = 0; i < 3; i++) bench.startThread();
  const took: number[] = [];
  const sandboxes: number[] = [];
  for (let round = 0; round < 40; round++) {
    const [work, count] = works[round % works.length]!;
    sandboxes.push(bench.startSandbox(work, count));
    await sleep(Math.random() * 40);
    const victim = bench.threads[Math.floor(Math.random() * bench.threads.length)]!;
    bench.startThread();
    took.push(await terminate(victim));
  }
  for (const id of sandboxes) {
    while (
      !bench.events.some(({ sandbox, kind }) => sandbox === id && (kind === 'drained' || kind === 'ended'))
    )
      await sleep(5);
    const named = bench.events.flatMap((event) => {
      if (event.sandbox !== id) return [];
      if (event.kind === 'results') return [...event.numbers];
      if (event.kind !== 'ended') return [];
      assert.equal(event.code, 'EEVALUATOR');
      return [...event.unfinished];
    });
    assert.deepEqual(
      named.sort((a, b) => a - b),
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
  }
  const lost = bench.events.filter(({ kind }) => kind === 'ended').length;
  t.diagnostic(`slowest terminate() ${Math.max(...took).toFixed(0)} ms; ${lost} of 40 Sandboxes were lost`);
});
