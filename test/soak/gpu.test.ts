import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gpuMissing } from '../gpu/support.js';

const program = fileURLToPath(new URL('./gpu/soak.js', import.meta.url));

test(
  'half a minute on the GPU: right results, flat memory, clean ends',
  { skip: await gpuMissing() },
  (t) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--minutes', '0.4'], {
      encoding: 'utf8',
    });
    t.diagnostic(stdout.trim());
    assert.equal(status, 0, `${stdout}${stderr}`);
  },
);
