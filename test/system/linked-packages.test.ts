import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { linkedPackages } from '#src/system/linked-packages.js';
import { temporaryDirectory } from '../logging/support/records.js';

test('packages that links lead to are found, and what these need, and nothing that is shown anyway or that nobody needs', (t) => {
  const top = realpathSync(temporaryDirectory(t));
  const at = (...names: string[]): string => path.join(top, ...names);
  const add = (folder: string, dependencies: readonly string[]): void => {
    mkdirSync(folder, { recursive: true });
    const needs = Object.fromEntries(dependencies.map((name) => [name, '*']));
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ dependencies: needs }));
  };
  const link = (from: string, to: string): void => {
    mkdirSync(path.dirname(from), { recursive: true });
    symlinkSync(to, from);
  };
  const modules = at('app/node_modules');
  add(path.join(modules, 'worker'), ['plain', 'stored', '@scope/linked', 'absent']);
  add(path.join(modules, 'plain'), ['inner']);
  add(path.join(modules, 'inner'), ['plain']);
  // A store: what a package needs lies beside it there, as a link to where that is.
  add(at('store/stored@1/node_modules/stored'), ['deep', 'beside']);
  add(at('store/stored@1/node_modules/beside'), []);
  add(at('store/deep@2/node_modules/deep'), ['stored']);
  link(at('store/stored@1/node_modules/deep'), at('store/deep@2/node_modules/deep'));
  link(at('store/deep@2/node_modules/stored'), at('store/stored@1/node_modules/stored'));
  link(path.join(modules, 'stored'), '../../store/stored@1/node_modules/stored');
  // A checkout.
  add(at('checkout'), ['own']);
  add(at('checkout/node_modules/own'), []);
  link(path.join(modules, '@scope/linked'), at('checkout'));
  add(at('secret'), []);
  link(path.join(modules, 'not-needed'), at('secret'));

  assert.deepEqual(linkedPackages(path.join(modules, 'worker'), [modules]).sort(), [
    path.join(modules, '@scope/linked'),
    path.join(modules, 'stored'),
    at('checkout/node_modules/own'),
    at('store/deep@2/node_modules/stored'),
    at('store/stored@1/node_modules/beside'),
    at('store/stored@1/node_modules/deep'),
  ]);
});
