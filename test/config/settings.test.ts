/** What a Worker makes of its configuration. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { settingsOf, type ServiceOptions } from '#src/service/index.js';
import { Machine, OWN } from './support.js';

const OPTIONS: ServiceOptions = {
  version: '1.0.0',
  gpu: null,
  exitWhenIdle: false,
  json: false,
  verbose: false,
  canDraw: false,
  uncaughtLog: null,
  defaultScheduler: '/nowhere',
  defaultSpool: '/nowhere',
  defaultStatusSocket: '/nowhere',
  identity: null,
  paymentAddress: null,
};

test('without an address syslog is where it usually is: a default that names a host would look for a socket of that name', (t) => {
  const { values } = new Machine(t).load();
  const worker = { ...values.worker, output: ['syslog'] as const };
  const { outputs } = settingsOf(
    { ...values, worker: { ...worker, syslog: { ...worker.syslog, transport: 'unix' } } },
    OPTIONS,
  );
  assert.deepEqual(
    outputs.map((output) => output.kind === 'syslog' && [output.transport, output.address]),
    [['unix', null]],
  );
});

test('an empty list of Jobs: any', (t) => {
  const machine = new Machine(t);
  const jobIds = (said: string): unknown => {
    machine.write(OWN, `{ worker: { jobAddresses: ${said} } }`);
    return settingsOf(machine.load().values, OPTIONS).worker.jobIds;
  };
  assert.deepEqual(['[]', 'false', '["j"]'].map(jobIds), [null, null, ['j']]);
});

test('reports are never closer than a tenth of a second', (t) => {
  const machine = new Machine(t);
  const intervalMs = (said: number): unknown => {
    machine.write(OWN, `{ worker: { reportInterval: ${said} } }`);
    return settingsOf(machine.load().values, OPTIONS).reportIntervalMs;
  };
  assert.deepEqual([0, 0.0001, 2].map(intervalMs), [null, 100, 2000]);
});
