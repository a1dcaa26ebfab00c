/** What trials do by themselves: the command line, and rounds of what happens. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Random } from '../../fuzz/mutate.js';
import { signalOneOf } from './quarry.js';
import { Trial, type Happening } from './trial.js';

const OPTIONS = { minutes: 0.001, seed: 1, only: new Set<string>(), damage: false };

function call(program: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const file = fileURLToPath(new URL(program, import.meta.url));
  return spawnSync(process.execPath, [file, ...args], { encoding: 'utf8', timeout: 20_000 });
}

test('a wrong command line is refused in one sentence, before anything happens', () => {
  const wrong: [string, string[], RegExp][] = [
    ['../week/week.js', ['--minutes', 'ten'], /^soak:week: --minutes: "ten" is not a number above 0\n$/],
    ['../week/week.js', ['--seed=-3'], /^soak:week: --seed: "-3" is not a whole number from 0\n$/],
    ['../week/week.js', ['--only', 'kill,kil'], /^soak:week: --only: "kil" is none of .*, kill, .*\n$/],
    ['../../campaign/faults/faults.js', ['--minutes', ''], /^campaign:faults: --minutes: "" is not a number/],
    ['../../campaign/faults/faults.js', ['--minuets', '4'], /^campaign:faults: Unknown option '--minuets'/],
    ['../soak.js', ['--only', 'kill'], /^soak: there is no --only/],
    ['../gpu/soak.js', ['--damage'], /^soak:gpu: there is no --only and no --damage/],
  ];
  for (const [program, args, expected] of wrong) {
    const { status, stdout, stderr } = call(program, ...args);
    assert.match(stderr, expected);
    assert.deepEqual([status, stdout], [2, '']);
  }
});

test('the help tells of what may happen', () => {
  const { status, stdout, stderr } = call('../week/week.js', '--help');
  assert.match(stdout, /--minutes N .*60\n(.*\n)*.*What may happen:\n(.*\n)* {2}logServerKilled\n/);
  assert.deepEqual([status, stderr], [0, '']);
});

test('each thing that can happen does, however short the time is, and what cannot says why', async () => {
  const trial = new Trial('test', OPTIONS);
  const run = (stage: string[]): Promise<void> => Promise.resolve(void stage.push('happened'));
  const stage: string[] = [];
  const happenings: Readonly<Record<string, Happening<string[]>>> = {
    one: { run },
    two: { run, restarts: true },
    long: { run, isLong: true },
    none: { run, without: () => 'there is none here' },
  };
  await trial.rounds(happenings, stage, { restMs: 2 });
  assert.deepEqual(Object.keys(trial.happened).sort(), ['one', 'two']);
  assert.ok(stage.length >= 2);
  assert.deepEqual(trial.skipped, { long: 'from 2 minutes on', none: 'there is none here' });
  assert.deepEqual(trial.faults, []);
});

test('where nothing of what was asked for can happen, that is a fault, and no wait without an end', async () => {
  const trial = new Trial('test', { ...OPTIONS, only: new Set(['none']) });
  const none = { run: () => Promise.resolve(), without: () => 'there is none here' };
  await trial.rounds({ none, other: { run: () => Promise.resolve() } }, null, { restMs: 2, least: 1 });
  assert.deepEqual(trial.faults, ['of all that was to happen, nothing can (during start)']);
});

test('what goes wrong within is a fault of whatever happened just then', async () => {
  const trial = new Trial('test', OPTIONS);
  let times = 0;
  const wrong = { run: () => Promise.resolve(void (times++ === 0 && trial.fault('it is wrong'))) };
  await trial.through(
    () => trial.rounds({ wrong }, null, { restMs: 2 }),
    () => Promise.reject(new Error('no end')),
  );
  assert.equal(trial.faults.length, 2);
  assert.equal(trial.faults[0], 'it is wrong (during wrong)');
  assert.match(trial.faults[1]!, /^given up: Error: no end\n(.*\n)*.*\(during end\)$/);
});

test('what is signalled is one of the processes of the trial, as it was found', async () => {
  const random = new Random(1);
  assert.equal(signalOneOf([], random, 'SIGSTOP'), null);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const stopped = signalOneOf([child.pid!], random, 'SIGSTOP')!;
  assert.deepEqual([stopped.pid, stopped.isGone], [child.pid, false]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual([stopped.isGone, stopped.signal('SIGCONT')], [true, false]);
  assert.equal(signalOneOf([child.pid!], random, 'SIGCONT'), null);
  assert.throws(() => signalOneOf([process.ppid], random, 'SIGCONT'), /none of ours/);
});
