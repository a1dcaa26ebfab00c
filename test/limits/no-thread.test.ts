/** Where the system has nothing left for a thread, the evaluator says so, and has its threads as soon as there is something again. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const DESCRIPTORS = 256;

test('threads that find no descriptor begin once there are some', () => {
  const program = fileURLToPath(new URL('./fixtures/no-descriptors.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(
    'sh',
    ['-c', `ulimit -n ${DESCRIPTORS} && exec "$0" "$1"`, process.execPath, program],
    { encoding: 'utf8', timeout: 120_000, killSignal: 'SIGKILL' },
  );
  assert.equal(status, 0, stderr);
  const { warnings, ...rest } = JSON.parse(stdout) as { warnings: string[] };
  assert.deepEqual(rest, { full: 'EMFILE', executors: 0, values: [2, 3, 4] });
  assert.ok(warnings.length >= 2);
  for (const warning of warnings)
    assert.match(warning, /^an evaluator thread died and is replaced: .*EMFILE/s);
});
