/** The way of a Slice as a supervisor of DCP goes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listening } from './support/evaluator.js';
import { GENERATION } from './support/generation.js';
import { TRANSPORTS, assigned, openByWorker, openSandbox } from './support/sandbox.js';

for (const [name, open] of Object.entries(TRANSPORTS)) {
  test(`over ${name}: describe, requirements, a Job, and thousands of Slices`, async (t) => {
    const sandbox = await open(t);
    const { capabilities, worktimes } = await sandbox.describe();
    assert.equal(typeof (capabilities as { environment: { webgpu: boolean } }).environment.webgpu, 'boolean');
    assert.equal((capabilities as { useStrict: boolean }).useStrict, true);
    const names = (worktimes as { name: string }[]).map((worktime) => worktime.name).sort();
    assert.deepEqual(names, ['map-basic', 'pyodide']);
    await sandbox.applyRequirements();
    sandbox.postAssign((x: number, y: number) => x * y, { arguments: [3] });
    const answer = await sandbox.next('assigned');
    assert.equal(answer['jobAddress'], GENERATION === 4 ? '0xjob' : undefined);
    for (let n = 0; n < 2000; n++) assert.equal(await sandbox.result(n), 3 * n);
    assert.deepEqual(sandbox.errors, []);
  });
}

test('all startup scripts load, and the sandbox says so before anything else', async (t) => {
  const sandbox = await TRANSPORTS.TCP(t);
  await sandbox.next('__sandboxLoaded');
  const scripts = sandbox.messages.filter((message) => message.request === 'scriptLoaded');
  assert.deepEqual(
    scripts.filter((message) => message['result'] !== 'success'),
    [],
  );
  assert.equal(scripts.at(-1)!['script'], 'bootstrap');
  assert.equal(sandbox.messages.at(-1)!.request, '__sandboxLoaded');
});

test('a StandaloneWorker that connects by itself gets its Slices done', async () => {
  const sandbox = await openByWorker(await listening());
  await sandbox.assign((x: string) => x.toUpperCase());
  assert.equal(await sandbox.result('abc'), 'ABC');
  sandbox.worker.terminate();
});

test('a Slice posts its measurement, then its result', async (t) => {
  const sandbox = await assigned(t, () => 'done');
  const messages = await sandbox.run(0);
  assert.deepEqual(
    messages.map((message) => message.request),
    ['measurement', 'complete'],
  );
  const { total, CPU, webGPU, webGL } = messages[0] as unknown as Record<string, number>;
  assert.ok(total! > 0 && CPU! >= 0, `total ${total}, CPU ${CPU}`);
  assert.deepEqual([webGPU, webGL], [0, 0]);
});

test('what the startup scripts say comes from ring 0, the answers from rings 1 and 2, the Slice from ring 3', async (t) => {
  const sandbox = await assigned(t, () => 'done');
  await sandbox.run(0);
  const ringsOf = (request: string): number[] =>
    sandbox.rings.filter((_, index) => sandbox.messages[index]!.request === request);
  assert.deepEqual(ringsOf('__sandboxLoaded'), [0]);
  assert.deepEqual(ringsOf('applyRequirementsDone'), [1]);
  assert.deepEqual(ringsOf('assigned'), [2]);
  assert.deepEqual(ringsOf('complete'), [3]);
});

test('connections have sandboxes of their own', async (t) => {
  const evaluator = await listening();
  const count = `function () { return (globalThis.count = (globalThis.count ?? 0) + 1); }`;
  const [one, other] = await Promise.all([openSandbox(t, evaluator), openSandbox(t, evaluator)]);
  await Promise.all([one.assign(count), other.assign(count)]);
  assert.deepEqual([await one.result(0), await one.result(0), await other.result(0)], [1, 2, 1]);
});

test('a Job gets its arguments, its public part, and strict code where it asks for it', async (t) => {
  const sandbox = await assigned(
    t,
    `function (datum, more) { return [datum, more, work.job.public.name, this === null || this === undefined]; }`,
    { arguments: [{ deep: [1] }], public: { name: 'primes' }, useStrict: true },
  );
  assert.deepEqual(await sandbox.result(7), [7, { deep: [1] }, 'primes', true]);
});

test('eval answers under the id of its request', async (t) => {
  const sandbox = await TRANSPORTS.TCP(t);
  const answer = await sandbox.ask(
    { request: 'eval', data: '6 * 7', filename: 'a', msgId: 'm1' },
    'evalResult::m1',
  );
  assert.equal(answer['data'], 42);
});
