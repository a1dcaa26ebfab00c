/** The fault campaign, in its shortest form: what happens in it is drawn anew each time. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./faults/faults.js', import.meta.url));

/** Where it is up, what is under way comes to its end. */
const MOST_MS = 200_000;

test('whatever is killed, stopped, cut off or full: no Slice is lost or doubled, and nothing stays behind', (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--minutes', '0.5'], {
    encoding: 'utf8',
    timeout: MOST_MS,
  });
  t.diagnostic(stdout.trim());
  assert.equal(status, 0, `${stdout}${stderr}`);
  const { happened, jobs, skipped } = JSON.parse(stdout) as {
    happened: object;
    jobs: number;
    skipped: Record<string, string>;
  };
  for (const [name, why] of Object.entries(skipped)) t.diagnostic(`${name} did not happen: ${why}`);
  assert.ok(Object.keys(happened).length >= 3, stdout);
  assert.ok(jobs >= 4, stdout);
});
