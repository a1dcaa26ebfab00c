/** Which Jobs a Worker of Compute Groups takes beside theirs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Compute } from '#src/compute/index.js';
import { openMachine, type Machine } from './support.js';

/** Two Jobs, one of a Compute Group, and the order in which their Slices came to their end. */
function twoJobs(compute: Compute): { group: Promise<unknown>; open: Promise<unknown>; ended: string[] } {
  const ended: string[] = [];
  const start = (name: string, computeGroups: string[]): Promise<unknown> => {
    const job = compute.for(1, 10, (n: number) => n);
    job.computeGroups = computeGroups.map((joinKey) => ({ joinKey }));
    job.on('result', () => ended.push(name));
    return job.exec().catch((error: { code: string }) => error.code);
  };
  return { open: start('open', []), group: start('group', ['ours']), ended };
}

/** Both Jobs are there, and none has a Worker yet. */
async function bothJobs(machine: Machine): Promise<ReturnType<typeof twoJobs>> {
  const jobs = twoJobs(machine.compute);
  for (;;) {
    const known = await machine.scheduler.listJobs();
    if (known.length === 2) return jobs;
    await sleep(5);
  }
}

test('one that left the public group takes no Job of it, however long it has nothing else', async (t) => {
  const machine = await openMachine(t);
  const { group, ended } = await bothJobs(machine);
  let idle = 0;
  const supervisor = machine.work({
    computeGroups: ['ours'],
    leavePublicGroup: true,
    observer: { onIdle: () => idle++ },
  });
  await group;
  while (idle === 0) await sleep(5);
  await sleep(1200); // a waiting Worker looks once a second
  assert.equal(supervisor.status().jobs.length, 1);
  assert.deepEqual([...new Set(ended)], ['group']);
  for (const { id } of await machine.scheduler.listJobs()) await machine.scheduler.cancelJob(id);
});

test('one that falls back on the public group does its Jobs when its own have no Slices', async (t) => {
  const machine = await openMachine(t);
  const { group, open, ended } = await bothJobs(machine);
  const tasks: string[] = [];
  machine.work({
    computeGroups: ['ours'],
    publicGroupFallback: true,
    sandboxes: 1,
    observer: { onTask: ({ jobId }) => tasks.push(jobId) },
  });
  await Promise.all([group, open]);
  assert.equal(ended.length, 20);
  const jobs = [...new Set(tasks)];
  assert.equal(jobs.length, 2);
  const firstOfOpen = tasks.indexOf(jobs[1]!);
  assert.ok(
    tasks.slice(0, firstOfOpen).every((id) => id === jobs[0]) && !tasks.slice(firstOfOpen).includes(jobs[0]!),
    `the group's Tasks came first: ${tasks.map((id) => jobs.indexOf(id)).join('')}`,
  );
});

test('what could never work is refused, naming both options', async (t) => {
  const machine = await openMachine(t);
  assert.throws(() => machine.work({ leavePublicGroup: true }), {
    code: 'EINVAL',
    message: /^leavePublicGroup: .*computeGroups/,
  });
  assert.throws(
    () => machine.work({ computeGroups: ['ours'], leavePublicGroup: true, publicGroupFallback: true }),
    { code: 'EINVAL', message: /^publicGroupFallback: .*leavePublicGroup/ },
  );
  assert.throws(() => machine.work({ leavePublicGroup: 'yes' as never }), { field: 'leavePublicGroup' });
});
