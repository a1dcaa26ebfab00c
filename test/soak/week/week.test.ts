import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./week.js', import.meta.url));

/** Where it is up, what is under way comes to its end. */
const MOST_MS = 220_000;

test('a week of a Worker in a minute: no Slice is lost, nothing stays behind, and every log has its bounds', (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--minutes', '1'], {
    encoding: 'utf8',
    timeout: MOST_MS,
    killSignal: 'SIGKILL',
  });
  t.diagnostic(stdout.trim());
  assert.equal(status, 0, `${stdout}${stderr}`);
  const { happened, skipped } = JSON.parse(stdout) as Record<'happened' | 'skipped', object>;
  // What cannot be had on this machine says so; the rest of it has happened.
  for (const [name, why] of Object.entries(skipped)) t.diagnostic(`${name} did not happen: ${String(why)}`);
  assert.ok(Object.keys(happened).length >= 15, stdout);
});
