/** docs/DEPENDENCIES.md gives every dependency its reason, and names none that is gone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { root } from '../../scripts/steps.mjs';

test('docs/DEPENDENCIES.md lists exactly the dependencies of package.json, each with a reason', () => {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const page = readFileSync(path.join(root, 'docs/DEPENDENCIES.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([^`]+)` +\| (.+?) +\|$/gm)];
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
  // What an operator may bring, tests may need.
  const declared = new Set(kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {})));
  assert.deepEqual(rows.map(([, name]) => name).sort(), [...declared].sort());
  for (const [, name, reason] of rows) assert.ok(reason && reason.length > 20, `${name}: no reason given`);
});
