import assert from 'node:assert/strict';
import test from 'node:test';
import { NO_METRICS } from '#src/model/index.js';
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
