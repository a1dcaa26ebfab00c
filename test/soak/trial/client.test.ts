/** What the trials' client finds wrong, on a Scheduler in memory that does one thing wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '#src/codec/index.js';
import {
  JobNotFoundError,
  NO_METRICS,
  Outcome,
  SchedulerError,
  sliceError,
  type JobEvent,
  type JobId,
  type JobStatus,
} from '#src/model/index.js';
import type { Scheduler, StoredResult } from '#src/scheduler/index.js';
import { Random } from '../../fuzz/mutate.js';
import { Client, type ClientOptions } from './client.js';
import type { TrialKind } from './kinds.js';

const SLICES = 100;
const ALL = Array.from({ length: SLICES }, (_, i) => i + 1);
const TRIPLES: TrialKind = { work: '(n) => n * 3', slices: SLICES, expect: (n) => n * 3, code: null };
/** Its seventh Slice must fail. */
const THROWS: TrialKind = { ...TRIPLES, expect: (n) => (n === 7 ? undefined : n * 3), code: 'EUNCAUGHT' };

/** What a Slice comes to: an Error, undefined for nothing at all, or its result. */
type Results = (n: number) => unknown;

const right: Results = (n) => n * 3;
/** Right, but for these Slices. */
const but =
  (wrong: unknown, ...numbers: readonly number[]): Results =>
  (n) =>
    numbers.includes(n) ? wrong : right(n);
const lost = (...numbers: readonly number[]): Results =>
  but(sliceError('EEVALUATORCRASH', 'the last time: it was killed'), ...numbers);

/** A log that says of these Slices that they have a result. */
const log =
  (recorded: readonly number[]): Scheduler['readEvents'] =>
  (_id, after) => {
    const events: JobEvent[] = [
      { seq: 1, type: 'results', numbers: Uint32Array.from(recorded) },
      { seq: 2, type: 'state', state: 'finished' },
    ];
    return Promise.resolve(events.slice(after));
  };

/** As much of a Scheduler as the client makes use of: a Job is done as soon as it is there. */
function schedulerWith(results: Results, wrong: Partial<Scheduler> = {}): Scheduler {
  const jobs = new Set<JobId>();
  const statusOf = (id: JobId): JobStatus => ({
    id,
    state: 'finished',
    public: { name: 'a Job', description: '', link: '' },
    total: SLICES,
    known: SLICES,
    done: SLICES,
    failed: 0,
    leased: 0,
    createdAt: 0,
    sliceMs: null,
  });
  const stored = (slice: number): StoredResult | null => {
    const value = results(slice);
    if (value === undefined) return null;
    const outcome = value instanceof Error ? Outcome.error : Outcome.result;
    return { slice, outcome, payload: encode(value), ...NO_METRICS };
  };
  const honest: Partial<Scheduler> = {
    createJob: () => {
      const id = `job ${jobs.size + 1}`;
      jobs.add(id);
      return Promise.resolve(id);
    },
    listJobs: () => Promise.resolve([...jobs].map(statusOf)),
    jobStatus: (id) =>
      jobs.has(id) ? Promise.resolve(statusOf(id)) : Promise.reject(new JobNotFoundError(id)),
    readResults: (_id, numbers) => Promise.resolve(Array.from(numbers, stored)),
    readEvents: log(ALL),
    waitForEvents: () => new Promise(() => undefined),
    removeJob: (id) => Promise.resolve(void jobs.delete(id)),
  };
  return { ...honest, ...wrong } as Scheduler;
}

interface Had {
  readonly client: Client;
  readonly faults: readonly string[];
}

/** A client that has had one Job of this kind, and is through. */
async function had(
  scheduler: Scheduler,
  kind = TRIPLES,
  options: Partial<ClientOptions> = {},
  random = new Random(1),
): Promise<Had> {
  const faults: string[] = [];
  const client = new Client(scheduler, random, (what) => faults.push(what), {
    kinds: { kind },
    damages: false,
    ...options,
  });
  await client.run('kind');
  await client.finish(1_000);
  return { client, faults };
}

test('what is right is no fault, Slices that must fail included', async () => {
  const { client, faults } = await had(schedulerWith(right));
  assert.deepEqual(faults, []);
  assert.deepEqual([client.counts.jobs, client.counts.slices, client.done], [1, SLICES, { kind: 1 }]);
  const failing = await had(schedulerWith(but(sliceError('EUNCAUGHT', 'by intent'), 7)), THROWS);
  assert.deepEqual(failing.faults, []);
  assert.equal(failing.client.counts.failedAsTheyMust, 1);
});

test('what is wrong is a fault', async (t) => {
  const gone = new JobNotFoundError('job 1');
  const rows: Readonly<Record<string, [scheduler: Scheduler, faults: readonly string[], kind?: TrialKind]>> =
    {
      'a result is damaged': [schedulerWith(but(22, 7)), ['kind: Slice 7 is 22']],
      'a result has another type': [schedulerWith(but('21', 7)), ['kind: Slice 7 is 21']],
      'an honest Slice fails': [
        schedulerWith(but(sliceError('EUNCAUGHT', 'why'), 7)),
        ['kind: Slice 7 is UncaughtError: why'],
      ],
      'a Slice that must fail does not': [schedulerWith(right), ['kind: Slice 7 is 21'], THROWS],
      'a Slice that must fail fails with something else': [
        schedulerWith(but(sliceError('ENOPROGRESS', 'why'), 7)),
        ['kind: Slice 7 is NoProgressError: why'],
        THROWS,
      ],
      'a Slice has no result': [schedulerWith(but(undefined, SLICES)), ['kind: 99 results of 100 Slices']],
      'a Slice is not recorded': [
        schedulerWith(right, { readEvents: log(ALL.slice(1)) }),
        ['kind: 99 of 100 Slices are recorded'],
      ],
      'a Slice is recorded twice': [
        schedulerWith(right, { readEvents: log([...ALL, 7]) }),
        ['kind: Slice 7 is recorded twice'],
      ],
      'the Job is gone': [
        schedulerWith(right, { readEvents: () => Promise.reject(gone), listJobs: () => Promise.resolve([]) }),
        [`kind: ${String(gone)}`],
      ],
      'the Job stays': [
        schedulerWith(right, { removeJob: () => Promise.resolve() }),
        ['1 Jobs are left with the Scheduler'],
      ],
    };
  for (const [name, [scheduler, expected, kind]] of Object.entries(rows))
    await t.test(name, async () => assert.deepEqual((await had(scheduler, kind)).faults, expected));
});

test('a Job that comes to no end is a fault', async (t) => {
  // As an open Scheduler does, it keeps the process alive.
  const awake = setInterval(() => undefined, 1_000);
  t.after(() => clearInterval(awake));
  const faults: string[] = [];
  const scheduler = schedulerWith(right, { readEvents: () => Promise.resolve([]) });
  const options = { kinds: { kind: TRIPLES }, damages: false };
  const client = new Client(scheduler, new Random(1), (what) => faults.push(what), options);
  client.start(1);
  await client.finish(20);
  assert.deepEqual(faults, ['Jobs are not at their end: kind']);
});

test('a Scheduler that is away for a moment is no fault', async () => {
  let calls = 0;
  const readEvents: Scheduler['readEvents'] = (...args) =>
    calls++ === 0 ? Promise.reject(new SchedulerError('away')) : log(ALL)(...args);
  const { client, faults } = await had(schedulerWith(right, { readEvents }));
  assert.deepEqual(faults, []);
  assert.deepEqual([client.refusals, client.counts.slices], [1, SLICES]);
});

test('a Job is deployed again whose upload the Scheduler did not take; one that is lost after that is a fault', async () => {
  const fails = (): Promise<never> => Promise.reject(new SchedulerError('full'));
  const uploaded: TrialKind = { ...TRIPLES, data: (n) => n };
  let uploads = 0;
  const fully = schedulerWith(right, {
    addSlices: () => (uploads++ === 0 ? fails() : Promise.resolve()),
    sealJob: () => Promise.resolve(),
    cancelJob: () => Promise.resolve(),
  });
  const again = await had(fully, uploaded);
  assert.deepEqual(again.faults, []);
  assert.deepEqual([again.client.counts.redeployed, again.client.counts.slices], [1, SLICES]);

  for (const state of ['gone', 'cancelled', 'uploading'] as const) {
    const losing = schedulerWith(right, {
      readEvents: fails,
      jobStatus: (id) =>
        state === 'gone' ? Promise.reject(new JobNotFoundError(id)) : Promise.resolve({ state } as JobStatus),
      listJobs: () => Promise.resolve([]),
    });
    const { client, faults } = await had(losing);
    assert.deepEqual(faults, [`kind: Error: the Scheduler had accepted the Job, which is ${state}`]);
    assert.equal(client.counts.redeployed, 0);
  }
});

test('an honest Slice that is lost in each of its runs is a fault, unless so many may be', async () => {
  const strict = await had(schedulerWith(lost(7)));
  const fault = 'kind: Slice 7 is EvaluatorCrashError: the last time: it was';
  assert.deepEqual(strict.faults, [`${fault} killed`]);
  const byItself = but(sliceError('EEVALUATORCRASH', 'the last time: it was never there'), 7);
  const mayBeKilled = { slicesForOne: 1, by: /killed$/ };
  const other = await had(schedulerWith(byItself), TRIPLES, { mayBeLost: mayBeKilled });
  assert.deepEqual([other.faults, other.client.counts.lostEachTime], [[`${fault} never there`], 0]);
  const rows: [slicesForOne: number, lost: readonly number[], isFault: boolean][] = [
    [SLICES, [7], false],
    [SLICES, [7, 8], true],
    [SLICES * 50, [7], false],
    [SLICES * 50, [7, 8], true],
    [SLICES / 2, [7, 8], false],
    [SLICES / 2, [7, 8, 9], true],
  ];
  for (const [slicesForOne, numbers, isFault] of rows) {
    const mayBeLost = { ...mayBeKilled, slicesForOne };
    const { client, faults } = await had(schedulerWith(lost(...numbers)), TRIPLES, { mayBeLost });
    const expected = `of ${SLICES} Slices ${numbers.length} were lost in each of their runs`;
    assert.deepEqual(faults, isFault ? [expected] : [], `one of ${slicesForOne}`);
    assert.equal(client.counts.lostEachTime, numbers.length);
  }
});

test('what `--damage` does is found', async () => {
  class Always extends Random {
    override below(): number {
      return 0;
    }
  }
  const { faults } = await had(schedulerWith(right), TRIPLES, { damages: true }, new Always(1));
  assert.deepEqual(faults, ['kind: Slice 1 is damaged']);
});
