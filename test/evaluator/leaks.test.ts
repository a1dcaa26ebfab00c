/** Memory after many Sandboxes, and after many bytes through one: flat. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { HOST, median, runFixture, underAsan } from './support.js';

/**
 * Answers resident memory over a long run, and asserts that it does not grow: the median of its last tenth is no more than
 * `mayGrowMiB` above the median of the tenth that follows the first `settled` rounds.
 */
async function flat(
  t: TestContext,
  what: string,
  { times, settled, mayGrowMiB }: { times: number; settled: number; mayGrowMiB: number },
): Promise<void> {
  const every = times / 200;
  const { code, stdout, stderr } = await runFixture('leaks', [what, String(times), String(every)]);
  assert.deepEqual([code, stderr], [0, '']);
  const { samples, sandboxes, eachMs } = JSON.parse(stdout) as {
    samples: number[];
    sandboxes: number;
    eachMs: number;
  };
  const from = settled / every;
  const early = median(samples.slice(from, from + 20));
  const late = median(samples.slice(-20));
  t.diagnostic(
    `${early.toFixed(1)} MiB after ${settled}, ${late.toFixed(1)} MiB after ${times}, most ${Math.max(...samples).toFixed(1)}; ${eachMs.toFixed(2)} ms each`,
  );
  assert.ok(late - early <= mayGrowMiB, `grew from ${early.toFixed(1)} to ${late.toFixed(1)} MiB`);
  assert.equal(sandboxes, what === 'sandboxes' ? 0 : 1);
}

/**
 * V8 13.6 (Node 24) keeps about half a KiB for each isolate there ever was: its table of the entry points of functions, which all
 * isolates of a process share, grows by 64 KiB every 150. Node 20 has no such table.
 */
const isolatesMayLeave = Number(process.versions.node.split('.')[0]) >= 24 ? 8 : 4;

/** Under AddressSanitizer freed memory is kept, and only that nothing is used after it was freed is looked at. */
const runs = underAsan
  ? {
      sandboxes: { times: 400, settled: 100, mayGrowMiB: Infinity },
      bytes: { times: 200, settled: 50, mayGrowMiB: Infinity },
    }
  : {
      // The child-process host has no isolates of its own, and a process for many.
      sandboxes: { times: HOST === 'child' ? 2000 : 4000, settled: 500, mayGrowMiB: isolatesMayLeave },
      bytes: { times: 2000, settled: 400, mayGrowMiB: 40 },
    };

test(`${runs.sandboxes.times} Sandboxes, one after another`, (t) => flat(t, 'sandboxes', runs.sandboxes));

test(`${runs.bytes.times} MB through one Sandbox, 1 MB a Slice`, (t) => flat(t, 'bytes', runs.bytes));
