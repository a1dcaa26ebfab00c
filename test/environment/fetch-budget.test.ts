import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBudget, ByteShare } from '#src/supervisor/fetch/byte-budget.js';

// Who may hold bodies in memory, and who waits.

const never = new AbortController().signal;
const has = (budget: ByteBudget, jobId: string, signal = never): ByteShare =>
  new ByteShare(budget, jobId, signal);

test('a Job may hold as many bytes as it leaves to others', async () => {
  const budget = new ByteBudget(1000);
  const a = has(budget, 'a');
  await a.take(500);
  await assert.rejects(has(budget, 'a').take(1), {
    message: 'requests of the Job hold 500 bytes of bodies already, at most 500 at a time',
  });
  const b = has(budget, 'b');
  await b.take(250);
  await has(budget, 'c').take(125);
  a.release();
  b.release();
  await has(budget, 'a').take(400);
});

test('who finds no room waits until there is some, in turn, or until its signal', async () => {
  const budget = new ByteBudget(1000);
  const a = has(budget, 'a');
  await a.take(400);
  const done: string[] = [];
  const stopping = new AbortController();
  const refused = assert.rejects(has(budget, 'b', stopping.signal).take(400), { name: 'AbortError' });
  const waiting = ['c', 'd'].map((job) =>
    has(budget, job)
      .take(350)
      .then(() => done.push(job)),
  );
  await has(budget, 'e').take(100);
  assert.deepEqual(done, []);
  stopping.abort();
  await refused;
  a.release();
  await waiting[0];
  assert.deepEqual(done, ['c'], 'one of them fits');
});

test('where all wait for each other the last to come is refused', async () => {
  const budget = new ByteBudget(1000);
  const [a, b] = [has(budget, 'a'), has(budget, 'b')];
  await a.take(300);
  await b.take(300);
  const waits = a.take(150);
  await assert.rejects(b.take(150), {
    message: 'there is no room for its bodies beside those of other requests',
  });
  b.release();
  await waits;
  assert.deepEqual([a.held, a.total, b.held], [450, 450, 0]);
});
