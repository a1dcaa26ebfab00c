import assert from 'node:assert/strict';
import test from 'node:test';
import { Backoff } from '#src/evaluator/peer/backoff.js';

test('waits double from 100 ms to 5 s, each key by itself', () => {
  let now = 1000;
  const backoff = new Backoff<string>(() => now);
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    backoff.failed('job');
    waits.push(backoff.remainingMs('job'));
    now += 20;
  }
  assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  assert.equal(backoff.remainingMs('other'), 0);
  now += 4000;
  assert.equal(backoff.remainingMs('job'), 980);
  backoff.succeeded('job');
  assert.equal(backoff.remainingMs('job'), 0);
});

test('what lived for long fails for the first time', () => {
  let now = 0;
  const backoff = new Backoff<string>(() => now);
  for (let i = 0; i < 5; i++) backoff.failed('job');
  now = 60_000;
  backoff.failed('job', 40_000);
  assert.equal(backoff.remainingMs('job'), 100);
});

test('the longest wait is as given, and failures in a row are counted until they are forgotten', () => {
  const backoff = new Backoff<string>(() => 0, 300);
  for (let i = 0; i < 4; i++) backoff.failed('job');
  assert.deepEqual([backoff.remainingMs('job'), backoff.failuresInRow('job')], [300, 4]);
  backoff.forgetAll();
  assert.deepEqual([backoff.remainingMs('job'), backoff.failuresInRow('job')], [0, 0]);
});

test('the first failures may be free', () => {
  const backoff = new Backoff<string>(() => 0, undefined, 1);
  const waits = [1, 2, 3].map(() => {
    backoff.failed('job');
    return backoff.remainingMs('job');
  });
  assert.deepEqual(waits, [0, 100, 200]);
});

test('cancelled, nobody waits any more', async () => {
  const backoff = new Backoff<string>();
  for (let i = 0; i < 8; i++) backoff.failed('job');
  const waiting = backoff.wait('job');
  backoff.cancel();
  await waiting;
});
