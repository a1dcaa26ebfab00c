import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxJob } from '#src/evaluator/index.js';
import { JobBackoff } from '#src/supervisor/job-backoff.js';
import { JobDesk } from '#src/supervisor/job-desk.js';
import { JobDesks } from '#src/supervisor/job-desks.js';
import { JobFailures } from '#src/supervisor/job-failures.js';
import type { JobOutbox } from '#src/supervisor/job-outbox.js';

/** Of a Job with so many MiB of arguments, of which nothing is held. */
function desk(id: string, mib: number, failures = new JobFailures(id)): JobDesk {
  const job = {
    id,
    workFunction: '() => 1',
    modules: null,
    arguments: { head: new Uint8Array(0), segments: [new Uint8Array(mib * 2 ** 20)] },
    requirements: {},
  } as unknown as SandboxJob;
  return new JobDesk(job, [], { isEmpty: true, bytes: 0 } as JobOutbox, failures);
}

const namesOf = (desks: JobDesks): string => [...desks].map(({ id }) => id).join(' ');

test('of Jobs of which nothing is held, as many are remembered as are few and small', () => {
  const desks = new JobDesks();
  for (const id of ['a', 'b', 'c']) desks.add(desk(id, 30));
  assert.equal(namesOf(desks), 'a b c');
  desks.add(desk('d', 200));
  assert.equal(namesOf(desks), 'b c d', 'the one used longest ago is forgotten');
  desks.get('d')!.sandboxes = 1;
  desks.use('b');
  desks.add(desk('e', 10));
  assert.equal(namesOf(desks), 'c d b e', 'one that is at work is not, however large');
  for (let i = 1; i <= 70; i++) desks.add(desk(String(i), 0));
  assert.equal([...desks].length, 64);
  assert.ok(desks.get('d'));
});

test('a Job that is set aside is forgotten like others; that it is, and how often in a row it was, is not', async () => {
  const desks = new JobDesks();
  const setAsideMs: number[] = [];
  const options = { failures: 1, forMs: 0, crashes: 1, firstMs: 20, maxMs: 1000 };
  const backoff = new JobBackoff(options, {
    onSetAside: (_desk, { ms }) => setAsideMs.push(ms),
    onBack: () => undefined,
  });
  const come = (): JobDesk => desk('bad', 100, backoff.failuresOf('bad'));
  desks.add(come());
  backoff.failed(desks.get('bad')!, 1);
  desks.add(desk('next', 0));
  assert.equal(namesOf(desks), 'next');
  assert.deepEqual(backoff.setAside(), ['bad']);
  assert.ok(backoff.has(come()) && come().failures.setAsideUntil > 0);
  while (backoff.setAside().length > 0) await sleep(5);
  assert.equal(come().failures.setAsideUntil, 0);
  backoff.failed(come(), 1);
  assert.deepEqual(setAsideMs, [20, 40]);
  backoff.close();
});
