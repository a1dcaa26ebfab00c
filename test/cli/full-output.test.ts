/** Standard output that is a file on a disk without room. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { jobFile, programFile } from './support.js';

test('what cannot be written is one line and exit code 1', (t) => {
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  const job = jobFile(t, 'export default (compute) => compute.for(1, 2, (n) => n);');
  for (const [program, ...args] of [
    ['dcp-worker', '--help'],
    ['dcp-worker', '--showConfig'],
    ['dcp-job', 'run', job, '--local', '1'],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, [programFile(program), ...args], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    assert.equal(status, 1, stderr);
    assert.match(stderr, new RegExp(`^${program}: standard output cannot be written: ENOSPC: .*\n$`, 'm'));
    assert.doesNotMatch(stderr, /^ +at /m);
  }
});
