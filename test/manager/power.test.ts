/** Batteries and sensors, as the kernel shows them in /sys: this machine may have none. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagerOptions } from '#src/manager/index.js';
import { Tree, WatchedManager } from './support.js';

const NOW = { everyMs: 100, afterMs: 0, goneForMs: 0 };

function watch(t: TestContext, tree: Tree, monitors: ManagerOptions['monitors']): WatchedManager {
  return new WatchedManager(t, { root: tree.root, ...(monitors && { monitors }) });
}

const SUPPLIES = 'sys/class/power_supply';
const LAPTOP = {
  [`${SUPPLIES}/AC/type`]: 'Mains\n',
  [`${SUPPLIES}/AC/online`]: '1\n',
  [`${SUPPLIES}/BAT0/type`]: 'Battery\n',
  [`${SUPPLIES}/BAT0/present`]: '1\n',
  [`${SUPPLIES}/BAT0/status`]: 'Charging\n',
  [`${SUPPLIES}/BAT0/energy_now`]: '12000000\n',
  [`${SUPPLIES}/BAT0/energy_full`]: '48000000\n',
  // A mouse with a battery of its own.
  [`${SUPPLIES}/hidpp_battery_0/type`]: 'Battery\n',
  [`${SUPPLIES}/hidpp_battery_0/scope`]: 'Device\n',
  [`${SUPPLIES}/hidpp_battery_0/status`]: 'Discharging\n',
};
const UNPLUGGED = { [`${SUPPLIES}/AC/online`]: '0\n', [`${SUPPLIES}/BAT0/status`]: 'Discharging\n' };

test('a machine on its battery stops, and one on mains does not', async (t) => {
  const tree = new Tree(t, LAPTOP);
  const watched = watch(t, tree, { battery: NOW });
  assert.equal(watched.action, 'run');
  tree.write(UNPLUGGED);
  await watched.untilAction('kill');
  assert.deepEqual(watched.codes, ['BATTERY_DISCHARGING']);
  tree.write(LAPTOP);
  await watched.untilAction('run');
  // Some firmware lets the battery give a little while it is on mains.
  tree.write({ [`${SUPPLIES}/BAT0/status`]: 'Discharging\n' });
  assert.equal(watch(t, tree, { battery: NOW }).action, 'run');
});

test('a charge that is too low stops, whatever the battery does', (t) => {
  const tree = new Tree(t, { ...LAPTOP, ...UNPLUGGED });
  const below = watch(t, tree, { battery: { ...NOW, allowed: true, minPercent: 26 } });
  assert.equal(below.manager.decision.cpu.reasons[0]!.text, 'the battery has 25%, fewer than 26%');
  assert.equal(watch(t, tree, { battery: { ...NOW, allowed: true, minPercent: 25 } }).action, 'run');
});

test('without a battery there is nothing to find', async (t) => {
  const tree = new Tree(t, { [`${SUPPLIES}/AC/type`]: 'Mains\n' });
  const watched = watch(t, tree, { battery: NOW });
  assert.deepEqual(watched.unavailable, [['battery', `no battery in ${tree.root}/${SUPPLIES}`]]);
  assert.equal(watched.manager.explain().monitors[0]!.phase, 'unavailable');
  tree.write({ ...LAPTOP, ...UNPLUGGED });
  await watched.untilAction('kill');
  assert.equal(watched.manager.explain().monitors[0]!.phase, 'counts');
  tree.remove(SUPPLIES);
  await watched.untilAction('run');
});

const SENSORS = {
  'sys/class/thermal/thermal_zone0/type': 'x86_pkg_temp\n',
  'sys/class/thermal/thermal_zone0/temp': '61000\n',
  'sys/class/thermal/cooling_device0/type': 'Processor\n',
  'sys/class/hwmon/hwmon0/name': 'nvme\n',
  'sys/class/hwmon/hwmon0/temp1_input': '99850\n',
  'sys/class/hwmon/hwmon1/name': 'amdgpu\n',
  'sys/class/hwmon/hwmon1/temp1_input': '55000\n',
  'sys/class/hwmon/hwmon1/temp1_label': 'edge\n',
  // Nothing is connected to it.
  'sys/class/hwmon/hwmon1/temp2_input': '-127000\n',
};

test('the hottest chip that computes counts, and must cool by some kelvin', async (t) => {
  const tree = new Tree(t, SENSORS);
  const watched = watch(t, tree, { temperature: { ...NOW, max: 80 } });
  assert.equal(watched.action, 'run');
  tree.write({ 'sys/class/hwmon/hwmon1/temp1_input': '81000\n' });
  await watched.untilAction('kill');
  assert.equal(watched.manager.decision.cpu.reasons[0]!.text, 'amdgpu edge has 81 °C, above 80 °C');
  tree.write({ 'sys/class/hwmon/hwmon1/temp1_input': '76000\n' });
  assert.equal(watch(t, tree, { temperature: { ...NOW, max: 80 } }).action, 'run');
  // The newest figures are no new decision.
  const text = (): string => watched.manager.decision.cpu.reasons[0]!.text;
  while (text() !== 'amdgpu edge has 76 °C, and must cool to 75 °C') await sleep(20);
  assert.equal(watched.action, 'kill');
  tree.write({ 'sys/class/hwmon/hwmon1/temp1_input': '75000\n' });
  await watched.untilAction('run');
});

test('sensors can be named, and one that is not there is said', (t) => {
  const tree = new Tree(t, SENSORS);
  assert.equal(watch(t, tree, { temperature: { ...NOW, max: 90, sensors: ['NVMe'] } }).action, 'kill');
  const none = watch(t, tree, { temperature: { ...NOW, sensors: ['bmc'] } });
  assert.match(none.unavailable[0]![1], /^no sensor of temperature/);
});
