import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SandboxJob } from '#src/evaluator/index.js';
import { JobDesk } from '#src/supervisor/job-desk.js';
import { JobDesks } from '#src/supervisor/job-desks.js';
import type { JobOutbox } from '#src/supervisor/job-outbox.js';

/** Of a Job with so many MiB of arguments, of which nothing is held. */
function desk(id: string, mib: number): JobDesk {
  const job = {
    id,
    workFunction: '() => 1',
    modules: null,
    arguments: { head: new Uint8Array(0), segments: [new Uint8Array(mib * 2 ** 20)] },
    requirements: {},
  } as unknown as SandboxJob;
  return new JobDesk(job, [], { isEmpty: true, bytes: 0 } as JobOutbox);
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
