import assert from 'node:assert/strict';
import test from 'node:test';
import { completeManagerOptions, MONITOR_NAMES } from '#src/manager/index.js';

const refuses = (options: object, message: RegExp): void =>
  assert.throws(() => completeManagerOptions(options), { code: 'EINVAL', message });

test('nothing is watched unless somebody says so', () => {
  assert.deepEqual(completeManagerOptions({}), { onlyLimits: false, root: '/', rules: [] });
  const { rules } = completeManagerOptions({ monitors: { battery: true, signal: false } }, ['pts', 'signal']);
  assert.deepEqual(
    rules.map(({ monitor }) => monitor),
    ['battery', 'pts'],
  );
});

test('every monitor has a kind, and all but two watch without being told what for', () => {
  const settled = MONITOR_NAMES.filter((name) => name !== 'program' && name !== 'schedule');
  const monitors = Object.fromEntries(settled.map((name) => [name, true]));
  const { rules } = completeManagerOptions({
    monitors: { ...monitors, program: { names: 'game' }, schedule: { allow: 'sun' } },
  });
  assert.deepEqual(
    rules.map(({ monitor }) => monitor),
    MONITOR_NAMES,
  );
});

test('a monitor has its own ways, unless it is told others', () => {
  const { rules } = completeManagerOptions({
    stop: 'freeze',
    freezeForMs: 5_000,
    monitors: {
      load: { max: 3 },
      memory: true,
      program: [
        { names: 'blender', target: 'gpu' },
        { names: ['game'], stop: 'kill', afterMs: 10, goneForMs: 20 },
      ],
    },
  });
  assert.deepEqual(
    rules.map(({ monitor, target, stop, freezeForMs, afterMs, goneForMs }) => [
      monitor,
      target,
      stop,
      freezeForMs,
      afterMs,
      goneForMs,
    ]),
    [
      ['load', 'all', 'hold', 5_000, 0, 0],
      // What is frozen keeps its memory.
      ['memory', 'all', 'kill', 5_000, 2_000, 30_000],
      ['program', 'gpu', 'freeze', 5_000, 0, 10_000],
      ['program', 'all', 'kill', 5_000, 10, 20],
    ],
  );
  assert.deepEqual(rules[0]!.settings, { max: 3, type: 'short', everyMs: 1_000 });
});

test('a mistake is named with its field, and a name with the nearest', () => {
  refuses({ stop: 'pause' }, /^stop: expected one of freeze, kill, got "pause"$/);
  refuses({ freezeForMs: -1 }, /^freezeForMs: expected milliseconds from 0 to 86400000, got -1$/);
  refuses({ monitors: { lod: true } }, /^monitors: .*got "lod" \(did you mean load\?\)$/);
  refuses({ monitors: { load: { maks: 1 } } }, /^monitors\.load: .*got "maks" \(did you mean max\?\)$/);
  refuses({ monitors: { load: 3 } }, /^monitors\.load: expected options, got 3$/);
  refuses(
    { monitors: { load: { max: '3' } } },
    /^monitors\.load\.max: expected a load from 0 to 100000, got "3"$/,
  );
  refuses({ monitors: { load: { max: NaN } } }, /^monitors\.load\.max: /);
  refuses({ monitors: { program: {} } }, /^monitors\.program\.names: expected names of programs/);
  refuses({ monitors: { program: { names: 'a/b' } } }, /^monitors\.program\.names: .*got "a\/b"$/);
  refuses({ monitors: { program: [true] } }, /^monitors\.program\[0\]\.names: /);
  refuses({ monitors: { battery: { target: 'gpus' } } }, /^monitors\.battery\.target: .*got "gpus"$/);
  refuses({ monitors: { signal: { signal: 'KILL' } } }, /^monitors\.signal\.signal: .*got "SIGKILL"/);
  refuses({ monitors: { schedule: { allow: ['mon', 'x'] } } }, /^monitors\.schedule\.allow: day, x in "x"/);
  refuses(
    { monitors: { pressure: { cpu: 0 } } },
    /^monitors\.pressure\.cpu: expected percent from 1 to 100, got 0$/,
  );
});
