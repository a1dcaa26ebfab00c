/** What a Worker may do, as it is told again and again what to watch. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkMachineWatch, MachineWatch, type MachineWatchOptions } from '#src/worker/index.js';
import { Tree } from '../manager/support.js';

test('what may not run stays so while other things are to be watched', (t) => {
  const { root } = new Tree(t, {
    'sys/class/power_supply/BAT0/type': 'Battery\n',
    'sys/class/power_supply/BAT0/status': 'Discharging\n',
    'proc/loadavg': '0.00 0.00 0.00 1/100 1000\n',
  });
  const told: unknown[] = [];
  const watch = new MachineWatch({
    onDecision: ({ cpu }) => told.push(cpu.action),
    onPresence: (isInUse) => told.push(isInUse),
    onUnavailable: (monitor, why) => told.push([monitor, why]),
  });
  t.after(() => watch.close());
  const options = (monitors: object): MachineWatchOptions['gating'] => ({ root, stop: 'freeze', monitors });
  const follow = (monitors: object, presence: object | null): void =>
    watch.watch(
      checkMachineWatch('manager', {
        gating: options(monitors),
        presence: presence && options(presence),
      }),
    );
  const battery = { battery: {} };
  follow(battery, null);
  follow({ ...battery, load: { max: 1 } }, null);
  assert.deepEqual(told.splice(0), ['freeze']);
  // The profile goes to `auto`, and back.
  follow(battery, battery);
  follow(battery, { ...battery, load: { max: 1 } });
  assert.deepEqual(told.splice(0), [true]);
  follow(battery, null);
  assert.deepEqual(told.splice(0), []);
  follow({}, {});
  assert.deepEqual(told.splice(0), ['run', false]);
});
