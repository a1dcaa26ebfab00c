/** What findings mean. The monitor is that of batteries, whose files a test can write. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { completeManagerOptions, type ManagerOptions } from '#src/manager/index.js';
import { Tree, WatchedManager } from './support.js';

const BATTERY = 'sys/class/power_supply/BAT0';

class Plug {
  readonly tree: Tree;

  constructor(t: TestContext) {
    this.tree = new Tree(t, {
      [`${BATTERY}/type`]: 'Battery\n',
      [`${BATTERY}/status`]: 'Full\n',
      [`${BATTERY}/capacity`]: '90\n',
      'proc/loadavg': '0.00 0.00 0.00 1/100 1000\n',
    });
  }

  pull(): void {
    this.tree.write({ [`${BATTERY}/status`]: 'Discharging\n' });
  }

  put(): void {
    this.tree.write({ [`${BATTERY}/status`]: 'Charging\n' });
  }

  load(average: number): void {
    this.tree.write({ 'proc/loadavg': `${average.toFixed(2)} 0.00 0.00 1/100 1000\n` });
  }
}

function watch(t: TestContext, plug: Plug, battery: object, more: ManagerOptions = {}): WatchedManager {
  const settings = { everyMs: 100, goneForMs: 0, ...battery };
  const monitors = { ...more.monitors, battery: settings };
  return new WatchedManager(t, { ...more, root: plug.tree.root, monitors });
}

test('a short spike stops nothing', async (t) => {
  const plug = new Plug(t);
  const watched = watch(t, plug, { afterMs: 400 });
  plug.pull();
  await sleep(200);
  plug.put();
  await sleep(500);
  assert.deepEqual(watched.decisions, []);
  plug.pull();
  const tookMs = await watched.untilAction('kill');
  assert.ok(tookMs > 390, `after ${tookMs} ms`);
});

test('a short pause lets nothing start', async (t) => {
  const plug = new Plug(t);
  const watched = watch(t, plug, { goneForMs: 400 });
  plug.pull();
  await watched.untilAction('kill');
  plug.put();
  await sleep(200);
  plug.pull();
  await sleep(500);
  assert.equal(watched.decisions.length, 1);
  plug.put();
  const tookMs = await watched.untilAction('run');
  assert.ok(tookMs > 390, `after ${tookMs} ms`);
});

test('what is frozen is ended when it lasts, and not when it has gone', async (t) => {
  const plug = new Plug(t);
  const watched = watch(t, plug, { goneForMs: 300 }, { stop: 'freeze', freezeForMs: 400 });
  plug.pull();
  await watched.untilAction('freeze');
  const tookMs = await watched.untilAction('kill');
  assert.ok(tookMs > 390 && tookMs < 1_500, `after ${tookMs} ms`);
  plug.put();
  await watched.untilAction('run');
  plug.pull();
  await watched.untilAction('freeze');
  plug.put();
  await watched.untilAction('run');
  assert.deepEqual(
    watched.decisions.map(({ cpu }) => cpu.action),
    ['freeze', 'kill', 'run', 'freeze', 'run'],
  );
});

test('the strictest of several reasons decides, and all are named', async (t) => {
  const plug = new Plug(t);
  const watched = watch(t, plug, {}, { stop: 'freeze', monitors: { load: { max: 1, everyMs: 100 } } });
  plug.load(2);
  await watched.untilAction('hold');
  plug.pull();
  await watched.untilAction('freeze');
  assert.deepEqual(watched.codes, ['BATTERY_DISCHARGING', 'LOAD_HIGH']);
  plug.put();
  await watched.untilAction('hold');
  plug.load(1);
  await watched.untilAction('run');
  assert.deepEqual(watched.codes, []);
});

test('limits alone count while the machine is busy, when that is wanted', async (t) => {
  const plug = new Plug(t);
  const watched = watch(t, plug, {}, { onlyLimits: true, monitors: { load: { max: 1, everyMs: 100 } } });
  plug.load(2);
  await sleep(300);
  assert.equal(watched.action, 'run');
  assert.equal(watched.manager.isBusy, false);
  plug.pull();
  await watched.untilAction('hold');
  assert.deepEqual(watched.codes, ['LOAD_HIGH']);
  assert.equal(watched.manager.isBusy, true);
  plug.load(0);
  await watched.untilAction('run');
  assert.equal(watched.manager.isBusy, true);
});

test('the CPU and each GPU have verdicts of their own', async (t) => {
  const plug = new Plug(t);
  const watched = new WatchedManager(t, {
    root: plug.tree.root,
    monitors: {
      battery: [
        { everyMs: 100, target: 'gpu' },
        { everyMs: 100, target: 'gpu:1', allowed: true, minPercent: 95 },
      ],
      load: { max: 1, everyMs: 100, target: 'cpu' },
    },
  });
  const actions = (): unknown => {
    const { cpu, anyGpu, gpus } = watched.manager.decision;
    return [cpu.action, anyGpu.action, ...[...gpus].map(([gpu, verdict]) => `${gpu} ${verdict.action}`)];
  };
  // The second GPU alone wants a fuller battery.
  assert.deepEqual(actions(), ['run', 'run', '1 kill']);
  plug.load(2);
  await watched.untilAction('hold');
  assert.deepEqual(actions(), ['hold', 'run', '1 kill']);
  plug.pull();
  await watched.until(() => watched.manager.decision.anyGpu.action === 'kill');
  assert.deepEqual(actions(), ['hold', 'kill', '1 kill']);
  assert.deepEqual(
    watched.manager.decision.gpus.get(1)!.reasons.map(({ code }) => code),
    ['BATTERY_DISCHARGING', 'BATTERY_LOW'],
  );
});

test('a report says what is found, since when, and how often it was', async (t) => {
  const plug = new Plug(t);
  const watched = watch(t, plug, { goneForMs: 200 });
  const monitor = (): unknown => {
    const { phase, code } = watched.manager.explain().monitors[0]!;
    return [phase, code];
  };
  assert.deepEqual(monitor(), ['quiet', null]);
  for (const _ of [1, 2]) {
    plug.pull();
    await watched.untilAction('kill');
    assert.deepEqual(monitor(), ['counts', 'BATTERY_DISCHARGING']);
    plug.put();
    await watched.untilAction('run');
  }
  const { counts, busy, cpu } = watched.manager.explain();
  assert.equal(busy, false);
  assert.deepEqual(cpu, { action: 'run', reasons: [] });
  assert.deepEqual(
    counts.map(({ monitor: name, code, times }) => [name, code, times]),
    [['battery', 'BATTERY_DISCHARGING', 2]],
  );
  assert.ok(counts[0]!.seconds >= 0.4 && counts[0]!.seconds < 10, `${counts[0]!.seconds} s`);
});

test('what was found goes on while something else is to be watched, too', async (t) => {
  const plug = new Plug(t);
  const battery = { everyMs: 100, afterMs: 200, goneForMs: 200 };
  const watched = watch(t, plug, battery, { stop: 'freeze' });
  const change = (settings: object, more: ManagerOptions = {}): void =>
    watched.manager.change(
      completeManagerOptions({
        stop: 'freeze',
        ...more,
        root: plug.tree.root,
        monitors: { battery: { ...battery, ...settings }, load: { max: 1, everyMs: 100 } },
      }),
    );
  plug.pull();
  await watched.untilAction('freeze');
  await sleep(300);
  plug.load(2);
  change({});
  assert.deepEqual(watched.codes, ['BATTERY_DISCHARGING', 'LOAD_HIGH']);
  assert.ok(watched.manager.explain().monitors.some(({ forS }) => forS !== null && forS >= 0.3));
  // Other settings, by which it still is so; what becomes of it; and settings by which it is not.
  change({ minPercent: 50 });
  assert.deepEqual(watched.codes, ['BATTERY_DISCHARGING', 'LOAD_HIGH']);
  change({ minPercent: 50 }, { stop: 'kill' });
  assert.equal(watched.action, 'kill');
  change({ allowed: true });
  assert.equal(watched.action, 'freeze');
  await watched.untilAction('hold');
  assert.deepEqual(
    watched.decisions.map(({ cpu }) => cpu.action),
    ['freeze', 'freeze', 'kill', 'freeze', 'hold'],
  );
  watched.manager.change(completeManagerOptions({ root: plug.tree.root }));
  assert.equal(watched.action, 'run');
});

test('nothing is told once it has stopped', async (t) => {
  const plug = new Plug(t);
  const watched = watch(t, plug, { afterMs: 100 });
  plug.pull();
  await sleep(150);
  await watched.manager.stop();
  const { length } = watched.decisions;
  await sleep(300);
  assert.equal(watched.decisions.length, length);
});
