import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Machine, OWN } from './support.js';

const HASH = `eh1-${'0'.repeat(64)}`;

/** A configuration with a value from each kind of place, and all kinds of secrets. */
function written(t: TestContext): Machine {
  const machine = new Machine(t);
  machine.write(
    OWN,
    `{
  worker: {
    cores: {
      cpu: 7,
    },
    bannedGPUs: { device: /llvm pipe/i },
    computeGroups: [{ joinKey: 'scott', joinSecret: 'tiger' }, { joinKey: 'b', joinHash: '${HASH}' }, keystore('~/k')],
    somethingOfItsOwn: { apiToken: 'tiger', 'odd key': 1 },
  },
  identityKey: '0x00tiger',
  cookie: 'tiger',
}`,
  );
  machine.write(
    '/etc/dcp/dcp-worker/dcp-config.json',
    '{\n"worker": { "lease":\n 5 }, "bank": { "location": "https://me:tiger@bank.example/" } }',
  );
  return machine;
}

test('showConfig for programs has values instead of their text, and no secrets either', (t) => {
  const entries = written(t).load().entries('');
  const valueOf = (name: string): unknown => entries.find(({ key }) => key === name)?.value;
  assert.equal(valueOf('worker.cores.cpu'), 7);
  assert.equal(valueOf('worker.bannedGPUs.device'), '/llvm pipe/i');
  assert.deepEqual(valueOf('worker.computeGroups'), [
    { joinKey: 'scott', joinSecret: '***' },
    { joinKey: 'b', joinHash: '***' },
    'keystore("~/k")',
  ]);
  assert.equal(valueOf('identityKey'), '***');
  assert.equal(valueOf('worker.maxSandboxes'), null);
  assert.doesNotMatch(JSON.stringify(entries), /tiger/);
});

test('showConfig says each value with its source', (t) => {
  const machine = written(t);
  const config = machine.load({
    env: { DCP_CONFIG_worker_stopTimeout: '3', DCP_CONFIG_WORKER: '{\n utilization: { cpu: 0.5 } }' },
    argvLayer: [{ key: 'worker.cores.gpu', value: 2, option: '--cores' }],
  });
  const etc = machine.file('etc/dcp/dcp-worker/dcp-config.json');
  assert.deepEqual(config.show('worker.cores.cpu'), [`worker.cores.cpu = 7    ${OWN}:4`]);
  assert.deepEqual(config.show('worker.cores'), [
    `worker.cores.cpu = 7    ${OWN}:4`,
    'worker.cores.gpu = 2    --cores',
  ]);
  assert.deepEqual(config.show('worker.lease'), [`worker.lease = 5    ${etc}:3`]);
  assert.deepEqual(config.show('worker.stopTimeout'), [
    'worker.stopTimeout = 3    $DCP_CONFIG_worker_stopTimeout',
  ]);
  assert.deepEqual(config.show('worker.utilization.cpu'), [
    'worker.utilization.cpu = 0.5    $DCP_CONFIG_WORKER:2',
  ]);
  assert.deepEqual(config.show('worker.maxSandboxes'), [
    'worker.maxSandboxes = undefined    default: cores times utilization',
  ]);
  assert.deepEqual(config.show('worker.bannedGPUs'), [`worker.bannedGPUs.device = /llvm pipe/i    ${OWN}:6`]);
  assert.deepEqual(config.show('worker.profiles.idle.cores.cpu'), [
    'worker.profiles.idle.cores.cpu = undefined    default: worker.cores.cpu',
  ]);
  const shipped = machine.file('package/etc/dcp-worker-config.js');
  assert.match(
    config.show('worker.cleanupTimeout')[0]!,
    new RegExp(`^worker.cleanupTimeout = 60    ${shipped}:\\d+$`),
  );
});

test('what is built in is shown where no file says it', (t) => {
  const machine = new Machine(t);
  machine.write('package/etc/bare.js', '{}');
  const config = machine.load({ env: { DCP_CONFIG: '../etc/bare' } });
  assert.deepEqual(config.show('worker.output'), ['worker.output = [ "detect" ]    default']);
  assert.deepEqual(config.show('worker.bannedGPUs'), ['worker.bannedGPUs = {}    default']);
  assert.equal(config.sourceOf('worker.output'), null);
  assert.deepEqual(config.values.worker.output, ['detect']);
});

test('everything is shown in columns, and no secret', (t) => {
  const config = written(t).load();
  const lines = config.show('');
  const text = lines.join('\n');
  assert.ok(!/tiger|eh1-/.test(text), text);
  assert.ok(
    text.includes(
      'worker.computeGroups = [ { joinKey: "scott", joinSecret: "***" }, { joinKey: "b", joinHash: "***" }, keystore("~/k") ]',
    ),
    text,
  );
  assert.ok(text.includes('bank.location = "https://me:***@bank.example/"'));
  assert.ok(text.includes('worker.somethingOfItsOwn["odd key"] = 1'));
  assert.ok(lines.some((line) => line.startsWith('identityKey = "***"')));
  const columns = new Set(
    lines.filter((line) => line.includes('    default')).map((line) => line.indexOf('    default')),
  );
  assert.ok(columns.size === 1, [...columns].join());
});

test('dumpConfig is JSON, with what is built in and without secrets', (t) => {
  const machine = written(t);
  const text = machine.load({ env: { DCP_CONFIG_worker_utilization_cpu: '0.5' } }).dump();
  assert.ok(!/tiger|eh1-/.test(text), text);
  const { worker, bank } = JSON.parse(text) as Record<string, Record<string, unknown>>;
  assert.deepEqual(worker!['cores'], { cpu: 7 });
  assert.deepEqual(worker!['bannedGPUs'], { device: '/llvm pipe/i' });
  assert.deepEqual(worker!['utilization'], { cpu: 0.5, gpu: 1 });
  assert.deepEqual(worker!['output'], ['detect']);
  assert.deepEqual((worker!['computeGroups'] as unknown[])[2], 'keystore("~/k")');
  assert.deepEqual(bank, { location: 'https://me:***@bank.example/' });
});

test('a path that there is not is an error with the nearest', (t) => {
  const config = written(t).load();
  const error = (path: string): string => {
    try {
      return config.show(path).join('\n');
    } catch (thrown) {
      return (thrown as Error).message;
    }
  };
  assert.equal(
    error('worker.corse.cpu'),
    'worker.corse.cpu: there is no such key (did you mean worker.cores.cpu?)',
  );
  assert.equal(
    error('worker.cores.cpu.x'),
    'worker.cores.cpu.x: there is no such key (did you mean worker.cores.cpu?)',
  );
  assert.equal(error('worker.nope'), 'worker.nope: there is no such key');
  assert.equal(error('Worker'), 'Worker: there is no such key (did you mean worker?)');
  assert.equal(error('something.else.entirely'), 'something.else.entirely: there is no such key');
  assert.equal(error('__proto__'), '__proto__: there is no such key');
});
