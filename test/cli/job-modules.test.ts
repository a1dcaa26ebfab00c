import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { jsonLines, run, start, temporaryDirectory } from './support.js';

/** A Job file beside the file of its Work Function; answers the Job file. */
function project(directory: string, work: string): string {
  writeFileSync(path.join(directory, 'work.mjs'), work);
  writeFileSync(path.join(directory, 'lib.mjs'), 'export const tens = (n) => 10 * n;\n');
  writeFileSync(
    path.join(directory, 'job.mjs'),
    `export default (compute) => compute.for(1, 3, { file: './work.mjs' });\n`,
  );
  return path.join(directory, 'job.mjs');
}

test('a Work Function file beside the Job file runs on a Worker elsewhere, and fails with its own lines', async (t) => {
  const directory = temporaryDirectory(t);
  const file = project(
    directory,
    `import { tens } from './lib.mjs';

export default (n) => {
  if (n === 2) throw new Error('two');
  return tens(n);
};
`,
  );
  const scheduler = path.join(directory, 'scheduler');
  const worker = start(t, 'dcp-worker', ['--scheduler', scheduler, '--cores', '1']);
  const { code, stdout, stderr } = await run(t, 'dcp-job', ['run', file, '--json', '--scheduler', scheduler]);
  worker.child.kill('SIGTERM');
  await worker.ended;
  assert.equal(code, 1, stderr);
  const results = jsonLines(stdout).filter(({ type }) => type === 'result');
  assert.deepEqual(
    results.map(({ value }) => value),
    [10, undefined, 30],
  );
  const { error } = results[1] as { error: { code: string; stack: string } };
  assert.equal(error.code, 'EUNCAUGHT');
  assert.match(error.stack, /^Error: two\n {4}at work_default \(work\.mjs:4:22\)$/);
});

test('what cannot come with the Job is a mistake of usage: one line names module and importer', async (t) => {
  const file = project(
    temporaryDirectory(t),
    `import { readFile } from 'node:fs/promises';\nexport default readFile;\n`,
  );
  const { code, stdout, stderr } = await run(t, 'dcp-job', ['run', file, '--local', '1']);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    'dcp-job: module "node:fs/promises", imported at work.mjs:1:26: a part of Node, and a Sandbox has nothing of Node\n',
  );
});
