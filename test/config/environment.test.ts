import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { KNOWN_KEYS } from '#src/config/index.js';
import { Machine, OWN } from './support.js';

test('a variable sets the key of its name, case and underscores aside', (t) => {
  const machine = new Machine(t);
  const { worker, scheduler } = machine.load({
    env: {
      DCP_CONFIG_worker_cores_cpu: '7',
      DCP_CONFIG_WORKER_UTILIZATION_GPU: '0.5',
      DCP_CONFIG_WORKER_PAYMENT_ADDRESS: '0x079DAC0612C710ab4e975dAb7171C7e4beF78c5a',
      DCP_CONFIG_worker_leavePublicGroup: 'true',
      DCP_CONFIG_worker_allowOrigins_any: 'https://a.example, *',
      DCP_CONFIG_worker_allowOrigins_fetchData: "['https://b.example']",
      DCP_CONFIG_worker_output: 'console',
      DCP_CONFIG_worker_bannedGPUs: '{ device: /llvmpipe/ }',
      DCP_CONFIG_worker_syslog: "{ port: 6514, transport: 'tls' }",
      DCP_CONFIG_worker_pidfile: 'run/worker.pid',
      DCP_CONFIG_worker_jobAddresses: 'false',
      DCP_CONFIG_worker_computeGroups: "[{ joinKey: 'k', joinSecret: 's' }]",
      DCP_CONFIG_worker_spool: '',
      DCP_SCHEDULER_LOCATION: 'https://s.example/',
      DCP_WORKER_UNHANDLED_REJECTION_LOG: '/var/log/x',
    },
  }).values;
  assert.equal(worker.cores.cpu, 7);
  assert.equal(worker.utilization.gpu, 0.5);
  assert.equal(worker.paymentAddress, '0x079DAC0612C710ab4e975dAb7171C7e4beF78c5a');
  assert.equal(worker.leavePublicGroup, true);
  assert.deepEqual(worker.allowOrigins.any, ['https://a.example', '*']);
  assert.deepEqual(worker.allowOrigins.fetchData, ['https://b.example']);
  assert.deepEqual(worker.output, ['console']);
  assert.deepEqual(worker.bannedGPUs, { device: /llvmpipe/ });
  assert.deepEqual([worker.syslog.port, worker.syslog.transport], [6514, 'tls']);
  assert.equal(worker.pidfile, path.join(machine.root, 'run/worker.pid'));
  assert.equal(worker.jobAddresses, null);
  assert.equal(worker.computeGroups.length, 1);
  assert.equal(worker.spool, null);
  assert.equal(worker.unhandledRejectionLog, '/var/log/x');
  assert.equal(scheduler.location?.href, 'https://s.example/');
});

test('a word that a key takes needs no quotes', (t) => {
  const machine = new Machine(t);
  const env = { DCP_CONFIG_worker_leavePublicGroup: 'fallback', DCP_CONFIG_worker_evaluator: '"in-process"' };
  const { worker } = machine.load({ env }).values;
  assert.deepEqual([worker.leavePublicGroup, worker.evaluator], ['fallback', 'in-process']);
});

test('an object sets any part, and the variable with more names counts', (t) => {
  const machine = new Machine(t);
  const { worker } = machine.load({
    env: {
      DCP_CONFIG_worker_cores_cpu: '2',
      DCP_CONFIG_WORKER: '{ cores: { cpu: 1, gpu: 1 }, lease: 5 }',
      DCP_CONFIG_worker_cores: '{ gpu: 3 }',
    },
  }).values;
  assert.deepEqual({ ...worker.cores }, { cpu: 2, gpu: 3 });
  assert.equal(worker.lease, 5);
});

test('an object of another program is kept under its name, as camel case', (t) => {
  const config = new Machine(t).load({ env: { DCP_CONFIG_PACKAGE_MANAGER: '{ a: 1 }' } });
  assert.deepEqual(config.warnings, []);
  assert.deepEqual(config.show('packageManager'), ['packageManager.a = 1    $DCP_CONFIG_PACKAGE_MANAGER:1']);
});

test('errors name the variable', (t) => {
  const machine = new Machine(t);
  const env = {
    DCP_CONFIG_worker_cores_cpu: 'seven',
    DCP_CONFIG_WORKER: '{ lease: 0,\n stopTimeout: -1 }',
    DCP_CONFIG_worker_utilization: '0.5',
    DCP_CONFIG_worker_syslog: '{ port: ',
    DCP_CONFIG_worker_computeGroups: 'key,tiger',
    DCP_SCHEDULER_LOCATION: 'ftp://user:password@host/',
  };
  assert.deepEqual(machine.errors({ env }).sort(), [
    '$DCP_CONFIG_WORKER:1:10: worker.lease: expected a number from 1 to 86400, got 0',
    '$DCP_CONFIG_WORKER:2:15: worker.stopTimeout: expected a number from 0 to 86400, got -1',
    "$DCP_CONFIG_worker_computeGroups: worker.computeGroups: expected a list of at most 1000, each { joinKey, joinSecret } or { joinKey, joinHash }, or keystore('path'), got text",
    '$DCP_CONFIG_worker_cores_cpu: worker.cores.cpu: expected a whole number from 1 to 1024, got "seven"',
    '$DCP_CONFIG_worker_syslog:1:9: worker.syslog: unexpected end',
    '$DCP_CONFIG_worker_utilization: worker.utilization: expected an object, got 0.5',
    '$DCP_SCHEDULER_LOCATION: scheduler.location: expected a URL (https://…, http://…, file://…), or an absolute path, got "ftp://user:***@host/"',
  ]);
});

test('a name that is no key is a warning with the nearest one', (t) => {
  const machine = new Machine(t);
  const env = { DCP_CONFIG_worker_core_cpu: '7', DCP_CONFIG_LOCATION: '', DCP_CONFIG_COOKIE: 'x' };
  assert.deepEqual(machine.warnings({ env: { ...env, DCP_CONFIG_worker_nope: '1' } }), [
    '$DCP_CONFIG_worker_core_cpu: is no key of the Worker (did you mean DCP_CONFIG_worker_cores_cpu?)',
    '$DCP_CONFIG_worker_nope: is no key of the Worker',
  ]);
});

test('no two keys have one spelling in the environment', () => {
  const spelled = KNOWN_KEYS.map(({ path: names }) => names.join('').toLowerCase());
  assert.equal(new Set(spelled).size, spelled.length);
});

test('a relative path in a file is an error, as it is in the environment without', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, "{ worker: { pidfile: 'worker.pid' } }");
  assert.deepEqual(machine.errors(), [
    `${OWN}:1:22: worker.pidfile: expected an absolute path of a file, or one that begins with ~/, got "worker.pid"`,
  ]);
});
