/** Evaluators of which the processes are made up here: how many are started, and what is told of those that do not come or do not stay. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import { encode } from '#src/codec/index.js';
import { resultsToParts } from '#src/evaluator/frames/columns.js';
import type { EvaluatorGate, GateAction, SandboxLimits } from '#src/evaluator/index.js';
import { EvaluatorSays, HostSays } from '#src/evaluator/frames/messages.js';
import { EvaluatorError, packColumns, zeroMetrics } from '#src/model/index.js';
import { MadeUpEvaluator, type MadeUpLink } from './made-up-peers.js';
import { Recorder, jobOf, slices } from './support.js';

function open(t: TestContext, meet: (link: MadeUpLink) => void, startsAtOnce?: number): MadeUpEvaluator {
  const evaluator = new MadeUpEvaluator(meet, startsAtOnce);
  t.after(() => evaluator.close());
  return evaluator;
}

test('an evaluator that does not come is nobody’s doing', async (t) => {
  let comes = true;
  const evaluator = open(t, (link) => {
    if (comes) link.begin();
    else link.die('there is no process');
  });
  const sandbox = await evaluator.createSandbox(new Recorder());
  comes = false;
  evaluator.links[0]!.kill();
  while (evaluator.links.length < 2) await sleep(2);
  await assert.rejects(sandbox.assign(jobOf('() => 1')), (error) => {
    assert.ok(error instanceof EvaluatorError);
    assert.deepEqual([error.message, error.suspects], ['there is no process', 0]);
    return true;
  });
});

/** Four Jobs at once, where only the first peer has come, and three may be about to come at a time. */
async function fourJobs(t: TestContext) {
  const coming: MadeUpLink[] = [];
  const evaluator = open(
    t,
    (link) => {
      if (evaluator.links.length === 1) link.begin();
      else coming.push(link);
    },
    3,
  );
  const sandboxes = await Promise.all(
    Array.from({ length: 5 }, () => evaluator.createSandbox(new Recorder())),
  );
  const jobs = [1, 2, 3, 4, 5].map((n) => jobOf('() => 1', { job: { id: `job ${n}` } }));
  const assigning = [0, 1, 2, 3, 4].map((n) => sandboxes[n]!.assign(jobs[n]!));
  const failed = assigning.map((each) =>
    each.then(
      () => '',
      (error: Error) => error.message,
    ),
  );
  while (coming.length < 3) await sleep(2);
  await sleep(20);
  return { evaluator, coming, failed };
}

test('Jobs that come at once have peers started at once, up to a limit, and one is spare in the end', async (t) => {
  const { evaluator, coming } = await fourJobs(t);
  assert.equal(coming.length, 3, 'the first Job has one, three wait for theirs, and one for a place');
  for (const link of coming.splice(0, 2)) link.begin();
  await evaluator.untilLoading(3);
  while (coming.length < 2) await sleep(2);
  for (const link of coming.splice(0)) link.begin();
  await evaluator.untilLoading(5);
  await sleep(20);
  for (const link of coming.splice(0)) link.begin();
  await sleep(20);
  assert.deepEqual([evaluator.links.length, coming.length], [6, 0]);
});

test('of those that do not come each Job is told, and the next one is started alone', async (t) => {
  const { evaluator, coming, failed } = await fourJobs(t);
  evaluator.links[0]!.die('it was killed');
  for (const link of coming.splice(0)) link.die('there is no process');
  // Who waited for the spare one hears of it as well.
  assert.deepEqual(await Promise.all(failed), [
    'it was killed',
    ...Array<string>(4).fill('there is no process'),
  ]);
  const sandboxes = Promise.all([1, 2].map(() => evaluator.createSandbox(new Recorder())));
  while (coming.length < 1) await sleep(2);
  coming.splice(0)[0]!.begin();
  const [first, second] = await sandboxes;
  for (const [sandbox, id] of [
    [first!, 'job 6'],
    [second!, 'job 7'],
  ] as const)
    void sandbox.assign(jobOf('() => 1', { job: { id } })).catch(() => undefined);
  await evaluator.untilLoading(2);
  await sleep(20);
  assert.equal(coming.length, 1);
});

test('Sandboxes that are lost while they load have one loss in common', async (t) => {
  const evaluator = open(t, (link) => link.begin());
  const sandboxes = await Promise.all([1, 2, 3].map(() => evaluator.createSandbox(new Recorder())));
  const ended = sandboxes.map((sandbox) => sandbox.assign(jobOf('() => 1')).catch((error: unknown) => error));
  await evaluator.untilLoading(3);
  evaluator.links[0]!.die('it was killed');
  const errors = (await Promise.all(ended)) as EvaluatorError[];
  assert.deepEqual(
    errors.map(({ message, suspects }) => [message, suspects]),
    Array(3).fill(['it was killed', 1]),
  );
  assert.equal(new Set(errors.map(({ loss }) => loss)).size, 1);
});

/** A Sandbox of an evaluator that loads at once and hears of its Slices by `onRun`. */
async function assigned(
  t: TestContext,
  onRun: (link: MadeUpLink, sandbox: number) => void,
  limits: Partial<SandboxLimits> = {},
) {
  const seen = new Recorder();
  const evaluator = open(t, (link) => {
    link.onFrame = (frame) => {
      const [kind, sandbox = 0] = frame.header;
      if (kind === HostSays.assign) link.say([EvaluatorSays.assigned, sandbox]);
      else if (kind === HostSays.run) onRun(link, sandbox);
      return kind === HostSays.assign;
    };
    link.begin();
  });
  const sandbox = await evaluator.createSandbox(seen, limits);
  await sandbox.assign(jobOf('() => 1'));
  return { evaluator, sandbox, seen, link: evaluator.links[0]! };
}

function sayResults(
  link: MadeUpLink,
  sandbox: number,
  numbers: readonly number[],
  segments: readonly Uint8Array[] = [],
): void {
  const batch = {
    numbers: Uint32Array.from(numbers),
    outcomes: new Uint8Array(numbers.length),
    ...zeroMetrics(numbers.length),
    ...packColumns(numbers.map((number) => ({ ...encode(number), segments }))),
  };
  link.say([EvaluatorSays.results, sandbox, 1, numbers.length], resultsToParts(batch, batch.segments));
}

test('results of no Slices, which could be said for ever, are a protocol violation', async (t) => {
  const { sandbox, seen } = await assigned(t, (link, number) => sayResults(link, number, []));
  sandbox.run(slices([1]));
  await seen.until(() => seen.end !== null);
  assert.match(seen.end!.error!.message, /protocol violation: 0 results where 1 are owed/);
});

test('results come in the order of their Slices; ahead of it may be one, of the Slice that ended its Sandbox', async (t) => {
  const { sandbox, seen } = await assigned(t, (link, number) => {
    for (const numbers of [[3], [1, 2], [6]]) sayResults(link, number, numbers);
  });
  sandbox.run(slices([1, 2, 3, 4, 5, 6]));
  await seen.until(() => seen.end !== null);
  assert.deepEqual(seen.order, [3, 1, 2]);
  assert.match(
    seen.end!.error!.message,
    /protocol violation: a result of Slice 6, which is not owed, or not next/,
  );
  assert.deepEqual(seen.end!.unfinished, [4, 5, 6]);
});

const TOO_LONG = new Uint8Array(2 ** 18 + 1).fill(0x61);
for (const [what, header, text, message] of [
  ['a reason', [EvaluatorSays.rejected, 1, 0], TOO_LONG, /a text of 262145 bytes, where 262144 are the most/],
  ['why a Sandbox ended', [EvaluatorSays.ended, 1, 1], TOO_LONG, /a text of 262145 bytes/],
  ['a message', [EvaluatorSays.console, 1, 0], new Uint8Array(2 ** 22 + 1), /a text of 4194305 bytes/],
  ['a number of runs', [EvaluatorSays.rejected, 1, Infinity], new Uint8Array(1), /grants Infinity runs/],
  [
    'runs that no Work Function can ask for',
    [EvaluatorSays.rejected, 1, 1001],
    new Uint8Array(1),
    /grants 1001 runs/,
  ],
  ['a kind of end', [EvaluatorSays.ended, 4, 1], new Uint8Array(1), /an end of kind 4, which means nothing/],
] as const)
  test(`${what} beyond what a Sandbox says is a protocol violation`, async (t) => {
    const [kind, ...words] = header;
    const { sandbox, seen } = await assigned(t, (link, number) => link.say([kind, number, ...words], [text]));
    sandbox.run(slices([1]));
    await seen.until(() => seen.end !== null);
    assert.match(seen.end!.error!.message, /^protocol violation: /);
    assert.match(seen.end!.error!.message, message);
    assert.deepEqual([seen.rejections, seen.messages], [[], []]);
    assert.deepEqual(seen.end!.unfinished, [1]);
  });

test('results that are larger than results may be are a protocol violation', async (t) => {
  const { sandbox, seen } = await assigned(
    t,
    (link, number) => sayResults(link, number, [1], [new Uint8Array(3 * 2 ** 20)]),
    { resultMiB: 1 },
  );
  sandbox.run(slices([1]));
  await seen.until(() => seen.end !== null);
  assert.match(
    seen.end!.error!.message,
    /protocol violation: results of 3145729 bytes at once, where 3145728/,
  );
});

test('credit for results that the owner has not done with is kept in bytes', async (t) => {
  const { sandbox, seen } = await assigned(
    t,
    (link, number) => {
      for (let slice = 1; slice <= 20; slice++)
        sayResults(link, number, [slice], [new Uint8Array(2 * 2 ** 20)]);
    },
    { resultMiB: 1 },
  );
  let taken = 0;
  seen.onResults = ({ segments }) => {
    taken += segments[0]!.byteLength;
    return new Promise(() => undefined);
  };
  sandbox.run(slices(Array.from({ length: 20 }, (_, index) => index)));
  await seen.until(() => seen.end !== null);
  assert.match(seen.end!.error!.message, /protocol violation: results beyond its credit of 16777216 bytes/);
  // The credit, and twice what may come at once.
  assert.equal(taken, 20 * 2 ** 20);
});

test('who asks on and on and does not read the answers is ended before they fill the memory', async (t) => {
  let answered = 0;
  const { sandbox, seen } = await assigned(t, (link, number) => {
    link.stopReading();
    for (let id = 1; id <= 50_000; id++) link.say([EvaluatorSays.request, number, id], [Buffer.from('?')]);
  });
  seen.onRequest = ({ id }) => {
    answered++;
    sandbox.answer(id, 'no '.repeat(100), []);
  };
  sandbox.run(slices([1]));
  await seen.until(() => seen.end !== null);
  assert.match(
    seen.end!.error!.message,
    /protocol violation: it reads nothing: \d+ bytes of answers wait for it/,
  );
  // 1 MiB, what the socket takes, and what is due: the answers to some requests.
  assert.ok(answered * 300 < 4 * 2 ** 20, `${answered} requests were answered`);
});

test('of a request that is longer than any that is sent, only so much is read that this shows', async (t) => {
  const { sandbox, seen } = await assigned(t, (link, number) => {
    link.say([EvaluatorSays.request, number, 1], [new Uint8Array(2 ** 26).fill(0x61)]);
  });
  const length = new Promise<number>((resolve) => (seen.onRequest = ({ text }) => resolve(text.length)));
  sandbox.run(slices([1]));
  assert.equal(await length, 2 ** 22);
  assert.equal(seen.end, null);
});

const DATUM_BYTES = 3 * 2 ** 20;
/** More than the system keeps for who does not read. */
const data = (count: number): Uint8Array[] =>
  Array.from({ length: count }, () => new Uint8Array(DATUM_BYTES));

test('Slices wait for an evaluator that is slow, however large they are, and for one whose Sandbox has ended', async (t) => {
  let number = 0;
  const { evaluator, sandbox, seen, link } = await assigned(t, (peer, id) => {
    if (number > 0) return;
    number = id;
    sayResults(peer, number, [1]);
    peer.stopReading();
  });
  sandbox.run(slices([1]));
  await seen.untilEnded(1);
  sandbox.run(slices(data(10), 2));
  const chatter = async (): Promise<void> => {
    for (let i = 0; i < 100; i++)
      link.say([EvaluatorSays.console, number, 2, 0], [Buffer.from('it takes its time')]);
    const before = seen.messages.length;
    await seen.until(() => seen.messages.length >= before + 100);
  };
  await chatter();
  const other = new Recorder();
  const second = await evaluator.createSandbox(other);
  link.say([EvaluatorSays.ended, number, 0, 0], [new Uint8Array(0)]);
  await seen.until(() => seen.end !== null);
  assert.deepEqual(seen.end, {
    error: null,
    unfinished: Array.from({ length: 10 }, (_, index) => index + 2),
  });
  link.readOn();
  await second.assign(jobOf('() => 1'));
  assert.equal(evaluator.links.filter(({ isGone }) => isGone).length, 0);
});

test('Slices that an evaluator cannot have read are not due when it says that they have ended', async (t) => {
  let number = 0;
  const { sandbox, seen, link } = await assigned(t, (peer, id) => {
    number = id;
    peer.stopReading();
    sayResults(peer, number, [1]);
  });
  sandbox.run(slices([1]));
  await seen.untilEnded(1);
  sandbox.run(slices(data(10), 2));
  for (let slice = 2; slice <= 11; slice++) sayResults(link, number, [slice]);
  await seen.until(() => seen.end !== null);
  assert.match(seen.end!.error!.message, /protocol violation: it reads nothing/);
});

test('evaluators that come and do not stay are started less and less often, and somebody is told, once', async (t) => {
  const warnings: string[] = [];
  const listen = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', listen);
  t.after(() => process.off('warning', listen));
  let isDoomed = false;
  const evaluator = open(t, (link) => {
    link.onFrame = ({ header: [kind] }) => {
      if (!isDoomed || kind !== HostSays.create) return false;
      link.die('the killer of large processes was there');
      return true;
    };
    link.begin();
  });
  await evaluator.createSandbox(new Recorder());
  isDoomed = true;
  evaluator.links[0]!.kill();
  await sleep(1_000);
  // After 100, 200 and 400 ms.
  assert.ok(evaluator.links.length <= 4, `${evaluator.links.length} were opened`);
  while (evaluator.links.length < 4) await sleep(5);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0]!,
    /^evaluators end before any Job has them, .* The last time: the killer of large processes/,
  );
});

test('while its Job may not run, a Sandbox takes no evaluator, and it can be disposed of', async (t) => {
  const evaluator = open(t, (link) => link.begin());
  const [one, two] = [new Recorder(), new Recorder()];
  const disposed = await evaluator.createSandbox(one);
  const kept = await evaluator.createSandbox(two);
  const action = (of: GateAction): EvaluatorGate => ({
    actionOf: ({ jobId }) => (jobId === null ? 'run' : of),
    closedAdapters: [],
  });
  // It is inside the peer when that is ended.
  const assigning = disposed.assign(jobOf('() => 1'));
  await evaluator.gate(action('kill'));
  const other = kept.assign(jobOf('() => 1')).catch(() => undefined);
  await sleep(200);
  assert.ok(evaluator.links.length <= 2, `${evaluator.links.length} were opened`);
  disposed.dispose();
  await assert.rejects(assigning, /disposed of/);
  assert.deepEqual(one.end, { error: null, unfinished: [] });
  assert.equal(two.end, null);
  await evaluator.gate(action('run'));
  await evaluator.untilLoading(1);
  kept.dispose();
  await other;
});
