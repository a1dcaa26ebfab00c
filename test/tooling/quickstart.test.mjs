/** What `npm run quickstart` does before it does anything. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../scripts/quickstart.mjs', import.meta.url));

test('--help, and what it does not know, set up and build nothing', () => {
  for (const [argument = '', code, said] of /** @type {const} */ ([
    ['--help', 0, /^npm run quickstart: /],
    ['--hepl', 2, /^quickstart: Unknown option '--hepl'/],
    ['job.mjs', 2, /^quickstart: Unexpected argument 'job\.mjs'/],
  ])) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, argument], { encoding: 'utf8' });
    assert.equal(status, code, stderr);
    assert.match(code === 0 ? stdout : stderr, said);
    assert.doesNotMatch(stdout, /Setting up/);
  }
});
