/** `npm ci` refuses a lock file that leaves packages of other platforms out. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { entryFromName, missingEntries } from '../../scripts/lockfile.mjs';
import { root } from '../../scripts/steps.mjs';

test('package-lock.json is complete; `npm run lockfile` makes it so', () => {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  assert.deepEqual(missingEntries(lock.packages), []);
});

test('a missing optional package is named, a nested one is found', () => {
  const packages = {
    '': { dependencies: { a: '^1.0.0' } },
    'node_modules/a': {
      version: '1.0.0',
      dependencies: { b: '^2.0.0' },
      optionalDependencies: { '@a/darwin-x64': '1.0.0' },
    },
    'node_modules/a/node_modules/b': { version: '2.0.0' },
  };
  assert.deepEqual(missingEntries(packages), [
    { name: '@a/darwin-x64', version: '1.0.0', optional: true, dev: false },
  ]);
});

test('the platform of a package is read from its name', () => {
  const missing = { version: '1.2.3', optional: true, dev: true };
  assert.deepEqual(entryFromName({ name: '@x/binding-linux-arm-musleabihf', ...missing }), {
    version: '1.2.3',
    cpu: ['arm'],
    dev: true,
    libc: ['musl'],
    optional: true,
    os: ['linux'],
  });
  assert.throws(() => entryFromName({ name: 'plain', ...missing }), /plain@1.2.3/);
});
