/** `dcp-worker -o dashboard` with a Job to run. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jobFile, programFile, start, temporaryDirectory } from '../cli/support.js';
import { openTerminal } from './opened-terminal.js';
import { TestTerminal, withoutTmux } from './tmux.js';

const JOB = `
  export default function (compute) {
    const job = compute.for(1, 1000, (n) => {
      for (let tenth = 1; tenth <= 10; tenth++) {
        for (const end = Date.now() + 50; Date.now() < end; );
        progress(tenth / 10);
      }
      return n * n;
    });
    job.public.name = 'Squares';
    return job;
  }`;

test('a Worker shows what it runs, is paused, and stops by q, q', { skip: withoutTmux }, async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = path.join(directory, 'scheduler');
  const { terminal, isBack } = await openTerminal(t, [80, 24], {
    HOME: directory,
    WORKER: programFile('dcp-worker'),
  });
  await terminal.type(
    `clear; echo above; $NODE $WORKER -o dashboard --scheduler ${scheduler} --cores 1,0 --status-socket ${directory}/socket`,
  );
  await terminal.shows(/Idle: 1 place for .*nothing for this Worker/);
  const job = start(t, 'dcp-job', ['run', jobFile(t, JOB)], {
    DCP_SCHEDULER_DIR: scheduler,
    HOME: directory,
  });
  await terminal.shows(/^ +\d+ Squares +\d+ {2}█+░+ +\d+ % +\d+ ms +\d+$/m);
  const working = await terminal.shows(/ [1-9]\d* done {2}0 failed/);
  assert.match(working, /^─ Sandboxes 1 of 1 places at work/m);
  assert.match(working, /job \S+ "Squares"/);
  await terminal.press('p');
  await terminal.shows(/dcp-worker paused[^]*the Worker is paused/);
  await terminal.press('q', 'q');
  await isBack(/^\$$/m);
  job.child.kill();
});

test('a Worker whose terminal has gone ends with its exit code', { skip: withoutTmux }, async (t) => {
  const directory = temporaryDirectory(t);
  const terminal = new TestTerminal(t, 80, 24, { HOME: directory, WORKER: programFile('dcp-worker') });
  const code = path.join(directory, 'code');
  const options = `--scheduler ${directory}/scheduler --cores 1,0 --status-socket ${directory}/socket`;
  // The shell outlives its terminal to tell, and leaves no history behind when its folder is being removed.
  await terminal.type(
    `unset HISTFILE; trap '' HUP; $NODE $WORKER -o dashboard ${options}; echo $? >${code}.new; mv ${code}.new ${code}`,
  );
  await terminal.shows(/Idle: 1 place for .*nothing for this Worker/);
  await terminal.killPane();
  for (const end = performance.now() + 30_000; !existsSync(code); await sleep(50))
    assert.ok(performance.now() < end, 'it runs on');
  assert.equal(readFileSync(code, 'utf8'), '0\n');
});
