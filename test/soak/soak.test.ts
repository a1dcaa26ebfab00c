import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./soak.js', import.meta.url));

test('half a minute of random Jobs and kills: every Slice comes to its right end once, and nothing is left', (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--minutes', '0.6'], {
    encoding: 'utf8',
  });
  t.diagnostic(stdout.trim());
  assert.equal(status, 0, `${stdout}${stderr}`);
});
