import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { createCompute } from '#src/compute/index.js';
import { start, temporaryDirectory } from './support.js';

const SLICES = 150;
const SLICE_MS = 20;

interface Sequence {
  readonly signals: readonly NodeJS.Signals[];
  /** Exit codes it may end with. */
  readonly codes: readonly number[];
}

/** What an operator or a service manager may send, as docs/OPERATING.md has it. */
const SEQUENCES: readonly Sequence[] = [
  { signals: ['SIGINT'], codes: [0] },
  { signals: ['SIGTERM'], codes: [0] },
  { signals: ['SIGQUIT'], codes: [0] },
  { signals: ['SIGINT', 'SIGINT'], codes: [0] },
  { signals: ['SIGTERM', 'SIGQUIT'], codes: [0] },
  { signals: ['SIGHUP', 'SIGTERM'], codes: [0] },
  // Two of the three may come at once, and the Worker may be done before the third.
  { signals: ['SIGINT', 'SIGTERM', 'SIGQUIT'], codes: [0, 131, 143] },
  { signals: ['SIGKILL'], codes: [] },
];

for (const { signals, codes } of SEQUENCES) {
  test(`${signals.join(', ')} under load: nothing is lost`, async (t) => {
    const directory = temporaryDirectory(t);
    const compute = createCompute({ scheduler: directory });
    const job = compute.for(
      1,
      SLICES,
      (n: number, ms: number) => {
        for (const end = Date.now() + ms; Date.now() < end;);
        return n * n;
      },
      [SLICE_MS],
    );
    const results = job.exec();
    const options = ['--scheduler', directory, '--cores', '2', '--no-gpu', '--lease', '1'];
    const worker = start(t, 'dcp-worker', options);
    await new Promise((resolve) => job.once('result', resolve));

    const sent = performance.now();
    for (const signal of signals) {
      worker.child.kill(signal);
      if (signals.length > 1) await sleep(5);
    }
    const { code, signal, stderr } = await worker.ended;
    const ms = Math.round(performance.now() - sent);
    t.diagnostic(`ended after ${ms} ms with ${signal ?? code}`);
    if (codes.length === 0) assert.equal(signal, signals[0]);
    else assert.ok(codes.includes(code!), `${code}: ${stderr}`);
    const { leased, done } = await compute.jobStatus(job.id!);
    if (code === 0) assert.equal(leased, 0, 'what was not done was given back');
    assert.ok(done < SLICES, 'it was stopped in the middle');

    const second = start(t, 'dcp-worker', options);
    const values = Array.from(await results, Number);
    second.child.kill('SIGKILL');
    assert.deepEqual(
      values,
      Array.from({ length: SLICES }, (_, i) => (i + 1) ** 2),
    );
    assert.equal((await compute.jobStatus(job.id!)).failed, 0);
  });
}
