import assert from 'node:assert/strict';
import test from 'node:test';
import { NO_METRICS } from '#src/model/index.js';
import { GpuUse } from '#src/status/gpu-use.js';
import { boardOf } from './support.js';

test('rates go by the time that a period took, whatever it should have taken', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const begin = performance.now();
  const board = boardOf(t, () => ({ adapters: ['one', 'two'] }));
  const metrics = { ...NO_METRICS, elapsedMs: 80, webgpuMs: 20 };
  board.onResults({ jobId: 'job', taskId: 'task', slices: 8, failed: 2, metrics });
  const made = performance.now();
  while (performance.now() < made + 50);
  // The timer fires when it is told to, as it does late in a process that had no time.
  t.mock.timers.tick(1000);
  const ms = performance.now() - begin;

  const { rates, usage } = board.status();
  const between = (value: number, least: number, most: number): void =>
    assert.ok(value >= least && value <= most, `${value}: expected ${least} to ${most}`);
  between(rates.slicesPerSecond, 8000 / ms, 8000 / 50);
  between(rates.failedPerSecond, 2000 / ms, 2000 / 50);
  assert.equal(rates.sliceMs, 10);
  between(usage.gpu!, 20 / ms / 2, 20 / 50 / 2);
  const history = board.history();
  between(history.slices[0]!, 8000 / ms, 8000 / 50);
  between(history.failed[0]!, 2000 / ms, 2000 / 50);
});

test('when the clock is set the start moves with it', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 10_000 });
  const board = boardOf(t);
  assert.equal(board.status().startedAt, 10_000);
  // To and fro.
  for (const now of [1_800_000_000_000, 1_700_000_000_000]) {
    t.mock.timers.setTime(now);
    const { time, startedAt } = board.status();
    assert.ok(startedAt <= time && startedAt > time - 60_000, `${startedAt} of ${time}`);
  }
});

test('a GPU that Slices of several seconds keep busy is busy all the time, and no longer than that', () => {
  const use = new GpuUse();
  const next = (): number | null => use.endPeriod(1000, 1);
  const shown = [next()];
  for (let round = 0; round < 2; round++) {
    use.add({ elapsedMs: 3000, webgpuMs: 3000 });
    shown.push(next(), next(), next());
  }
  shown.push(next());
  assert.deepEqual(shown, [0, 1, 1, 1, 1, 1, 1, 0]);
  // Two that wait for one adapter: it is as busy as it can be.
  for (let i = 0; i < 100; i++) use.add({ elapsedMs: 20, webgpuMs: 20 });
  assert.deepEqual([next(), next()], [1, 0]);
  use.add({ elapsedMs: 5000, webgpuMs: 500 });
  assert.deepEqual([next(), next()], [0.5, 0]);
  assert.equal(use.endPeriod(1000, 0), null);
});
