import assert from 'node:assert/strict';
import test from 'node:test';
import { ConfigError, KNOWN_KEYS, configChanges, reloadConfig } from '#src/config/index.js';
import { Machine, OWN } from './support.js';

test('a reload says what changed, and what of it waits for the next start', (t) => {
  const machine = new Machine(t);
  machine.write(
    OWN,
    "{ worker: { cores: { cpu: 7 }, lease: 5, utilization: { cpu: 1 }, computeGroups: [{ joinKey: 'a', joinSecret: 'x' }], allowOrigins: { any: ['*'] } } }",
  );
  const before = machine.load();
  machine.write(
    OWN,
    "{ worker: { cores: { cpu: 3 }, evaluator: 'in-process', computeGroups: [{ joinKey: 'a', joinSecret: 'y' }], bannedGPUs: { device: /x/ } } }",
  );
  const after = reloadConfig(before);
  assert.deepEqual([before.values.worker.cores.cpu, after.values.worker.cores.cpu], [7, 3]);
  const group = '[ { joinKey: "a", joinSecret: "***" } ]';
  assert.deepEqual(configChanges(before, after), [
    { key: 'worker.cores.cpu', effect: 'live', before: '7', after: '3' },
    { key: 'worker.allowOrigins.any', effect: 'live', before: '[ "*" ]', after: '[]' },
    { key: 'worker.bannedGPUs', effect: 'restart', before: '{}', after: '{ device: /x/ }' },
    { key: 'worker.computeGroups', effect: 'live', before: group, after: group },
    { key: 'worker.evaluator', effect: 'restart', before: '"child"', after: '"in-process"' },
    { key: 'worker.lease', effect: 'restart', before: '5', after: '60' },
  ]);
  assert.deepEqual(configChanges(after, reloadConfig(after)), []);
});

test('what waits for a start is compared with what the Worker was started with, and named until it does not differ', (t) => {
  const machine = new Machine(t);
  const read = (worker: string) => {
    machine.write(OWN, `{ worker: ${worker} }`);
    return machine.load();
  };
  const started = read('{ stopTimeout: 5, logfile: { path: "/w.log" } }');
  const other = read('{ stopTimeout: 5, logfile: { path: "/w2.log" } }');
  const waits = { key: 'worker.logfile.path', effect: 'restart', before: '"/w.log"', after: '"/w2.log"' };
  assert.deepEqual(configChanges(started, other, started), [waits]);
  assert.deepEqual(configChanges(other, other, started), [waits]);
  const third = read('{ stopTimeout: 6, logfile: { path: "/w3.log" } }');
  assert.deepEqual(configChanges(other, third, started), [
    { key: 'worker.stopTimeout', effect: 'live', before: '5', after: '6' },
    { ...waits, after: '"/w3.log"' },
  ]);
  assert.deepEqual(configChanges(other, started, started), []);
});

test('a reload says in words what the Worker finds right where nothing is said any more', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, '{ worker: { maxSandboxes: 1, lease: 5 } }');
  const before = machine.load();
  machine.write(OWN, '{ worker: { lease: undefined, logfile: { path: "/var/log/worker.log" } } }');
  assert.deepEqual(configChanges(before, reloadConfig(before)), [
    {
      key: 'worker.maxSandboxes',
      effect: 'live',
      before: '1',
      after: 'default: cores times utilization',
    },
    { key: 'worker.lease', effect: 'restart', before: '5', after: '60' },
    {
      key: 'worker.logfile.path',
      effect: 'restart',
      before: 'default: none',
      after: '"/var/log/worker.log"',
    },
  ]);
});

test('environment and command line stay those of the start', (t) => {
  const machine = new Machine(t);
  const env: Record<string, string> = { DCP_CONFIG_worker_lease: '5' };
  const before = machine.load({ env, argvLayer: [{ key: 'worker.cores.cpu', value: 2, option: '-c' }] });
  env['DCP_CONFIG_worker_lease'] = '6';
  machine.write(OWN, '{ worker: { cores: { cpu: 9 }, lease: 9, stopTimeout: 9 } }');
  const { cores, lease, stopTimeout } = reloadConfig(before).values.worker;
  assert.deepEqual([cores.cpu, lease, stopTimeout], [2, 5, 9]);
});

test('a configuration that is wrong is not reloaded', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, '{ worker: { lease: 5 } }');
  const before = machine.load();
  machine.write(OWN, '{ worker: { lease: 0 } }');
  assert.throws(() => reloadConfig(before), ConfigError);
  assert.equal(before.values.worker.lease, 5);
});

test('what decides how the Worker is built waits for a start', () => {
  const restart = KNOWN_KEYS.filter(({ key }) => key.effect === 'restart').map(({ name }) => name);
  for (const name of [
    'worker.evaluator',
    'worker.lease',
    'worker.pidfile',
    'worker.status.socket',
    'scheduler.location',
  ])
    assert.ok(restart.includes(name), name);
  for (const name of ['worker.cores.cpu', 'worker.unhandledRejectionLog'])
    assert.ok(!restart.includes(name), name);
});
