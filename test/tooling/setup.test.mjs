/** `npm run setup` sees what is missing. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { installCommand, missingTools, staleModules, unfitNode } from '../../scripts/setup.mjs';

test('any of the named commands will do, and tools for checks and for the Debian package are asked for only then', () => {
  const isOnPath = (/** @type {string} */ command) => ['cmake', 'g++', 'make'].includes(command);
  assert.deepEqual(missingTools({ checks: false, isOnPath }), []);
  const missing = missingTools({ checks: true, isOnPath });
  assert.equal(
    installCommand(missing),
    'apt-get install -y --no-install-recommends clang-format clang-tidy systemd',
  );
  assert.equal(
    installCommand(missingTools({ checks: false, deb: true, isOnPath })),
    'apt-get install -y --no-install-recommends dpkg-dev binutils',
  );
});

test('a Node that is too old is named before anything is installed', () => {
  assert.equal(unfitNode(), null);
  for (const version of ['20.19.0', '22.0.0', '26.1.0']) assert.equal(unfitNode(version), null);
  for (const version of ['18.19.1', '20.18.9'])
    assert.equal(unfitNode(version), `Node 20.19 or later expected, this is ${version}`);
});

test('node_modules is compared with package-lock.json', (t) => {
  const checkout = mkdtempSync(path.join(tmpdir(), 'dcp-setup-'));
  t.after(() => rmSync(checkout, { recursive: true }));
  mkdirSync(path.join(checkout, 'node_modules'));
  const write = (/** @type {string} */ file, /** @type {object} */ packages) =>
    writeFileSync(path.join(checkout, file), JSON.stringify({ packages }));

  const wanted = { '': {}, a: { version: '1.0.0' }, b: { version: '2.0.0', optional: true } };
  write('package-lock.json', wanted);
  assert.equal(staleModules(checkout), 'node_modules: not installed');
  write('node_modules/.package-lock.json', { a: { version: '1.0.0' } });
  assert.equal(staleModules(checkout), null);
  write('node_modules/.package-lock.json', { a: { version: '0.9.0' } });
  assert.equal(staleModules(checkout), 'a: 0.9.0 installed, 1.0.0 wanted');
  write('node_modules/.package-lock.json', {});
  assert.equal(staleModules(checkout), 'a: none installed, 1.0.0 wanted');
});
