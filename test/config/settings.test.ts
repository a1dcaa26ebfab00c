/** What a Worker makes of its configuration. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { keyOfField, settingsOf } from '#src/service/index.js';
import { LiveSettings, type LiveSettingsOwner, type SettingsSource } from '#src/service/live-settings.js';
import { Machine, OPTIONS, OWN } from './support.js';

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

test('reports come every so many seconds, or never', (t) => {
  const machine = new Machine(t);
  const intervalMs = (said: number): unknown => {
    machine.write(OWN, `{ worker: { reportInterval: ${said} } }`);
    return settingsOf(machine.load().values, OPTIONS).reportIntervalMs;
  };
  assert.deepEqual([0, 0.1, 2].map(intervalMs), [null, 100, 2000]);
});

test('a GPU that no program wants is not watched for one', (t) => {
  const machine = new Machine(t);
  machine.write(OWN, '{ worker: { manager: { gpuPrograms: { all: [], 1: ["steam"] } } } }');
  const { gating } = settingsOf(machine.load().values, OPTIONS).machineWatch;
  assert.deepEqual(
    gating.rules.map(({ monitor, target }) => [monitor, target]),
    [['program', 'gpu:1']],
  );
});

test('what a monitor refuses is named by its key', () => {
  assert.deepEqual(
    ['monitors.load.max', 'monitors.program[1].target', 'monitors.pts.idleS', 'monitors.foreign-cpu'].map(
      (field) => keyOfField(`worker.manager, ${field}`),
    ),
    ['maxLoad', 'programs', 'presenceIdle', 'maxForeignCpu'].map((name) => `worker.manager.${name}`),
  );
});

test('a GPU is had from the start where any profile uses it, and then for as many Sandboxes as the one in force says', (t) => {
  const machine = new Machine(t);
  const gpuWith = (worker: string, profile: 'inUse' | null = null): unknown => {
    machine.write(OWN, `{ worker: ${worker} }`);
    return settingsOf(machine.load().values, { ...OPTIONS, gpu: {}, profile }).worker.gpu;
  };
  assert.equal(gpuWith('{ cores: { gpu: 0 } }'), null);
  assert.equal(gpuWith('{ utilization: { gpu: 0 } }'), null);
  assert.deepEqual(gpuWith('{}'), { utilization: 1 });
  const inUse = '{ profiles: { inUse: { cores: { gpu: 0 } } } }';
  assert.deepEqual(gpuWith(inUse, 'inUse'), { utilization: 1, sandboxes: 0 });
  assert.deepEqual(gpuWith(inUse), { utilization: 1 });
  const idle = '{ cores: { gpu: 0 }, profiles: { idle: { cores: { gpu: 2 } } } }';
  assert.deepEqual(gpuWith(idle), { utilization: 1, sandboxes: 0 });
});

test('a reload says that a Worker without any GPU gets one when it is started again', (t) => {
  const machine = new Machine(t);
  const settingsFor = (gpus: number) => {
    machine.write(OWN, `{ worker: { cores: { gpu: ${gpus} } } }`);
    return settingsOf(machine.load().values, { ...OPTIONS, gpu: {} });
  };
  const reread = (before: number, after: number): string[] => {
    const settings = settingsFor(after);
    const offered = { settings, explained: (error: unknown) => error, accept: () => undefined };
    const source: SettingsSource = {
      reread: () => ({ ...offered, changes: [], warnings: [] }),
      withProfile: () => offered,
    };
    const owner = {
      worker: { status: () => null },
      log: { say: () => undefined },
      places: () => '',
      onChanged: () => undefined,
    } as unknown as LiveSettingsOwner;
    return new LiveSettings(settingsFor(before), source, owner).reread();
  };
  assert.deepEqual(reread(0, 2), ['GPUs are used when the Worker is started again: it began with none']);
  assert.deepEqual(reread(2, 1), ['nothing has changed']);
});
