/** Prebuilt binaries are named so that node-gyp-build takes the one for the running ABI and no other. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { prebuildName } from '../../scripts/prebuild.mjs';

/** @type {{parseTags(file: string): object | undefined, matchTags(runtime: string, abi: string): (tags: object | undefined) => boolean}} */
const nodeGypBuild = createRequire(import.meta.url)('node-gyp-build/node-gyp-build.js');

test('node-gyp-build picks a binary by its ABI', () => {
  const abi = process.versions.modules;
  const fits = (/** @type {string} */ file) =>
    nodeGypBuild.matchTags('node', abi)(nodeGypBuild.parseTags(file));
  assert.equal(fits(prebuildName('dcp_native', abi, 'glibc')), true);
  assert.equal(fits(prebuildName('dcp_native', '999', 'glibc')), false);
  assert.equal(fits(prebuildName('dcp_native', abi, 'musl')), false);
});
