/** Standard output that is a file on a disk without room, and standard error that nobody reads. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tinyClient } from './evaluator-start-support.js';
import { jobFile, programFile, start, temporaryDirectory } from './support.js';

test('what cannot be written is one line and exit code 1', (t) => {
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  const temporary = temporaryDirectory(t);
  const job = jobFile(t, 'export default (compute) => compute.for(1, 2, (n) => n);');
  for (const [program, ...args] of [
    ['dcp-worker', '--help'],
    ['dcp-worker', '--showConfig'],
    ['dcp-job', 'run', job, '--local', '1'],
    // It tells while it runs.
    ['dcp-job', 'run', job, '--local', '1', '--json'],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, [programFile(program), ...args], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: temporary },
    });
    assert.equal(status, 1, stderr);
    assert.match(stderr, new RegExp(`^${program}: standard output cannot be written: ENOSPC: .*\n$`, 'm'));
    assert.doesNotMatch(stderr, /^ +at /m);
    assert.deepEqual(readdirSync(temporary), []);
  }
});

test('a standard error that nobody reads any more ends no Worker', async (t) => {
  const directory = temporaryDirectory(t);
  const worker = start(t, 'dcp-worker', [
    ...['--scheduler', directory, '--cores', '1', '--no-gpu', '--exit-when-idle'],
    // An output that is in trouble says so there.
    ...['-o', 'logfile', '--logfile', '/dev/full'],
  ]);
  worker.child.stderr!.destroy();
  const { code, signal } = await worker.ended;
  assert.deepEqual([code, signal], [0, null]);
});

test('nor what an evaluator manager tells', async (t) => {
  const manager = start(t, 'dcp-evaluator-manager', [
    ...['-p', '0', '-s', 'SIGPWR,toggle', '--', '--dcp-client', tinyClient(t)],
  ]);
  await manager.printed(/Listening on /);
  manager.child.stderr!.destroy();
  manager.child.kill('SIGPWR');
  await sleep(300);
  manager.child.kill('SIGTERM');
  const { code, signal } = await manager.ended;
  assert.deepEqual([code, signal], [0, null]);
});
