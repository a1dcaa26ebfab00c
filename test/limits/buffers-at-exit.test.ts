/** A process that ends with long buffers it was given: what they belong to is gone before they are. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';

const NATIVE = import.meta.resolve('#src/evaluator/native.js');

test('long buffers that are kept to the end of the process do not crash it', () => {
  const script = `const { loadNative } = await import(${JSON.stringify(NATIVE)});
    globalThis.kept = Array.from({ length: 4 }, () => loadNative().passOn(new Uint8Array(1 << 20)));`;
  const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    // What is freed is overwritten, so that nobody finds there what was.
    env: { ...process.env, MALLOC_PERTURB_: '165' },
  });
  assert.deepEqual([status, signal, stderr], [0, null, '']);
});
