import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./fuzz.js', import.meta.url));

test('six seconds of damaged results and frames find nothing', (t) => {
  const { status, stdout } = spawnSync(process.execPath, [program, '--seconds', '6'], { encoding: 'utf8' });
  t.diagnostic(stdout.trim());
  assert.equal(status, 0, stdout);
});
