import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('kill -9 of Workers, client or everything, 5 times over 2,000 Slices: every result once, and right', async (t) => {
  const program = fileURLToPath(new URL('../campaign/kill.js', import.meta.url));
  const child = spawn(process.execPath, [program, '--times', '5', '--slices', '2000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  child.stdout.on('data', (data) => (stdout += String(data)));
  const code = await new Promise((resolve) => child.on('close', resolve));
  t.diagnostic(stdout.trim());
  assert.equal(code, 0, stdout);
});
