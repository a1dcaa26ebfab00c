/** What a Supervisor does while the machine is needed: work is frozen, ended or held, and nothing is lost by it. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import { openChildProcessEvaluator } from '#src/evaluator/index.js';
import type { Supervisor, SupervisorOptions, WorkAction, WorkDecision } from '#src/supervisor/index.js';
import { openMachine, recordings, upTo, wrapped, type Machine } from './support.js';

/** Shorter than any freeze here. */
const LEASE_MS = 1_000;
const HANG_MS = 500;
const REASON = { monitor: 'load', code: 'LOAD_HIGH', text: 'the load is 9, above 2' };

function decision(cpu: WorkAction, gpu: WorkAction = cpu): WorkDecision {
  const verdict = (action: WorkAction) => ({ action, reasons: action === 'run' ? [] : [REASON] });
  return { cpu: verdict(cpu), gpus: new Map(), anyGpu: verdict(gpu) };
}

/** Sandboxes in processes of their own. */
async function processes(t: TestContext) {
  const evaluator = await openChildProcessEvaluator({
    threads: 2,
    hangTimeoutMs: HANG_MS,
    onLog: () => undefined,
  });
  t.after(() => evaluator.close());
  return evaluator;
}

/** Eight Slices of so many milliseconds of their own time. */
function deploy(
  machine: Machine,
  ms: number,
  limits: { progressTimeoutMs?: number; sliceTimeoutMs?: number } = {},
) {
  const job = machine.compute.for(
    upTo(8),
    async (n: number, forMs: number) => {
      console.log('begun');
      await new Promise((resolve) => setTimeout(resolve, forMs));
      return n;
    },
    [ms],
  );
  job.limits = { ...job.limits, ...limits };
  return job;
}

const running = (supervisor: Supervisor): number =>
  supervisor.status().jobs.reduce((sum, job) => sum + job.running, 0);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

test('frozen past hang timeout, wall limit, progress limit and lease: nothing is lost, fails or runs twice', async (t) => {
  const machine = await openMachine(t, { leaseMs: LEASE_MS });
  const supervisor = machine.work({}, { evaluator: await processes(t) });
  const job = deploy(machine, 600, { sliceTimeoutMs: 1_200, progressTimeoutMs: 1_000 });
  let begun = 0;
  job.on('console', () => begun++);
  const results = job.exec();
  await until(() => running(supervisor) === 2);
  await sleep(200);
  await supervisor.gate(decision('freeze'));
  const { gates, sandboxes } = supervisor.status();
  assert.deepEqual(
    gates.map(({ target, action, reasons }) => ({ target, action, reasons })),
    [{ target: 'cpu', action: 'freeze', reasons: [REASON] }],
  );
  assert.ok(sandboxes.length === 2 && sandboxes.every(({ isFrozen }) => isFrozen));
  const { done } = supervisor.status().counts;
  await sleep(2.5 * LEASE_MS);
  assert.equal(supervisor.status().counts.done, done);
  await supervisor.gate(decision('run'));
  assert.deepEqual([...(await results)], upTo(8));
  const { counts } = supervisor.status();
  assert.deepEqual([counts.failed, counts.lostSandboxes, begun], [0, 0, 8]);
  assert.ok([...(await recordings(machine.scheduler, job.id!)).values()].every((times) => times === 1));
});

test('frozen for longer than leases are renewed: processes end, Slices go back and run elsewhere', async (t) => {
  const machine = await openMachine(t, { leaseMs: LEASE_MS });
  const evaluator = await processes(t);
  const supervisor = machine.work({ freezeLeaseMs: 1_500 }, { evaluator });
  const job = deploy(machine, 400);
  const results = job.exec();
  await until(() => running(supervisor) === 2);
  const frozenAt = performance.now();
  await supervisor.gate(decision('freeze'));
  const elsewhere = machine.work();
  await until(() => running(supervisor) === 0);
  const frozenMs = performance.now() - frozenAt;
  assert.ok(frozenMs > 1_400 && frozenMs < 3_000, `${frozenMs} ms`);
  assert.equal(supervisor.status().gates[0]!.action, 'kill');
  assert.deepEqual([...(await results)], upTo(8));
  assert.equal(elsewhere.status().counts.done, 8);
  const { counts, jobs } = supervisor.status();
  assert.deepEqual([counts.lostSandboxes, counts.failed, jobs[0]!.failuresInARow], [0, 0, 0]);
  await until(() => evaluator.stats().processes.length === 0);
});

test('ended at once: Slices go back as nobody’s failure, and run when the machine is free again', async (t) => {
  const machine = await openMachine(t);
  const evaluator = await processes(t);
  const supervisor = machine.work({ maxAttempts: 1, jobBackoff: { failures: 1, forMs: 0 } }, { evaluator });
  const job = deploy(machine, 100);
  const results = job.exec();
  for (let times = 0; times < 3; times++) {
    await until(() => running(supervisor) > 0);
    await supervisor.gate(decision('kill'));
    await until(() => evaluator.stats().processes.length === 0 && running(supervisor) === 0);
    await sleep(50);
    assert.equal(running(supervisor), 0);
    await supervisor.gate(decision('run'));
  }
  assert.deepEqual([...(await results)], upTo(8));
  const { counts, jobs } = supervisor.status();
  assert.deepEqual([counts.lostSandboxes, counts.failed, jobs[0]!.failuresInARow], [0, 0, 0]);
});

test('held: what runs ends, the rest goes back and nothing more is begun', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work({}, { evaluator: await processes(t) });
  const job = deploy(machine, 200);
  const results = job.exec();
  await until(() => running(supervisor) === 2);
  const { done } = supervisor.status().counts;
  await supervisor.gate(decision('hold'));
  await until(() => running(supervisor) === 0);
  await sleep(300);
  const { counts } = supervisor.status();
  assert.deepEqual([counts.done, counts.failed], [done + 2, 0]);
  await supervisor.gate(decision('run'));
  assert.deepEqual([...(await results)], upTo(8));
});

test('an Evaluator that cannot freeze finishes what it has, and is ended when it takes too long', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work({ freezeLeaseMs: 300 });
  const job = deploy(machine, 1e6);
  const results = job.exec();
  await until(() => running(supervisor) === 2);
  await supervisor.gate(decision('freeze'));
  assert.equal(supervisor.status().gates[0]!.action, 'hold');
  assert.ok(supervisor.status().sandboxes.every(({ isFrozen }) => !isFrozen));
  await until(() => running(supervisor) === 0);
  assert.equal(supervisor.status().gates[0]!.action, 'kill');
  await job.cancel();
  await results.catch(() => undefined);
});

test('work for GPUs may run while that of the CPU may not: it alone is asked for', async (t) => {
  const machine = await openMachine(t);
  const adapter = { name: 'one', features: [], limits: {} };
  const asked: unknown[] = [];
  const scheduler = wrapped(machine.scheduler, (name, method) => {
    if (name !== 'requestTask') return undefined;
    return (request) => {
      asked.push((request as { capabilities: unknown }).capabilities);
      return method(request);
    };
  });
  const supervisor = machine.work({ gpu: { adapters: [adapter], sandboxes: 1 } }, { scheduler });
  await supervisor.gate(decision('kill', 'run'));
  const job = deploy(machine, 10);
  const results = job.exec();
  await until(() => asked.length > 1);
  await sleep(100);
  assert.deepEqual(asked.at(-1), { webgpu: [adapter], fetch: [], webgpuOnly: true });
  assert.equal(supervisor.status().counts.tasks, 0);
  await supervisor.gate(decision('run', 'freeze'));
  assert.deepEqual([...(await results)], upTo(8));
  assert.deepEqual(asked.at(-1), { webgpu: [], fetch: [] });
  assert.deepEqual(
    supervisor.status().gates.map(({ target, adapter: name }) => [target, name]),
    [[0, 'one']],
  );
});

/** A Supervisor that has two Slices in Sandboxes, and what those come to. */
async function atWork(t: TestContext, options: SupervisorOptions = {}) {
  const machine = await openMachine(t, { leaseMs: LEASE_MS });
  const supervisor = machine.work(options, { evaluator: await processes(t) });
  const job = deploy(machine, 300);
  const results = job.exec();
  await until(() => running(supervisor) === 2);
  return { machine, supervisor, results };
}

test('a Supervisor that stops does not wait for what is frozen', async (t) => {
  const { machine, supervisor, results } = await atWork(t);
  await supervisor.gate(decision('freeze'));
  const startedAt = performance.now();
  await supervisor.stop({ finish: 'slice' });
  assert.ok(performance.now() - startedAt < 3_000, `${performance.now() - startedAt} ms`);
  machine.work();
  assert.deepEqual([...(await results)], upTo(8));
});

for (const order of ['frozen, then told to finish', 'told to finish, then frozen']) {
  test(`${order} what is held: it goes on when it may, and ends`, async (t) => {
    const { machine, supervisor, results } = await atWork(t);
    const { done } = supervisor.status().counts;
    const finish = (): Promise<void> => supervisor.stop({ finish: 'task' });
    const isFrozenFirst = order.startsWith('frozen');
    if (isFrozenFirst) await supervisor.gate(decision('freeze'));
    const stopped = finish();
    if (!isFrozenFirst) await supervisor.gate(decision('freeze'));
    await sleep(2 * LEASE_MS);
    const { state, gates, sandboxes } = supervisor.status();
    assert.deepEqual([state, gates[0]!.action, running(supervisor)], ['finishing', 'freeze', 2]);
    assert.ok(sandboxes.every(({ isFrozen }) => isFrozen));
    await supervisor.gate(decision('run'));
    await stopped;
    const { counts } = supervisor.status();
    assert.deepEqual([counts.done, counts.failed, counts.lostSandboxes], [done + 2, 0, 0]);
    machine.work();
    assert.deepEqual([...(await results)], upTo(8));
  });
}

for (const hurry of ['slice', 'now', 'for too long'] as const) {
  test(`who waits for what is frozen is hurried: ${hurry}`, async (t) => {
    const { machine, supervisor, results } = await atWork(
      t,
      hurry === 'for too long' ? { freezeLeaseMs: 500 } : {},
    );
    await supervisor.gate(decision('freeze'));
    const { done } = supervisor.status().counts;
    const stopped = supervisor.stop({ finish: 'task' });
    assert.equal(supervisor.state, 'finishing');
    // Longer than the test may take: what is frozen is not waited for.
    if (hurry !== 'for too long') void supervisor.stop({ finish: hurry, timeoutMs: 1e6 });
    await stopped;
    assert.equal(supervisor.status().counts.done, done);
    machine.work();
    assert.deepEqual([...(await results)], upTo(8));
  });
}

test('what could not be frozen may end when the Supervisor stops', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work();
  const results = deploy(machine, 300).exec();
  await until(() => running(supervisor) === 2);
  await supervisor.gate(decision('freeze'));
  const { done } = supervisor.status().counts;
  await supervisor.stop({ finish: 'slice' });
  assert.equal(supervisor.status().counts.done, done + 2);
  machine.work();
  assert.deepEqual([...(await results)], upTo(8));
});

test('an action that there is not is refused', async (t) => {
  const machine = await openMachine(t);
  const wrong = { ...decision('run'), anyGpu: { action: 'sleep' as WorkAction, reasons: [] } };
  await assert.rejects(
    machine.work().gate(wrong),
    /anyGpu\.action: expected one of run, hold, freeze, kill, got sleep/,
  );
});
