import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { BYTE_EXTENSIONS, TEXT_EXTENSIONS } from '#src/compute/modules/assets.js';

test('the types of a Work Function know every file that is imported as bytes or as text', () => {
  const types = readFileSync(new URL('../../types/assets.d.ts', import.meta.url), 'utf8');
  const declared = [...types.matchAll(/^declare module '\*(\.\w+)' \{\n {2}const (bytes|text): /gm)];
  assert.equal(declared.length, types.split('declare module').length - 1);
  const of = (kind: string): string[] =>
    declared.filter(([, , said]) => said === kind).map(([, extension]) => extension!);
  assert.deepEqual(
    of('bytes'),
    BYTE_EXTENSIONS.map((extension) => `.${extension}`),
  );
  assert.deepEqual(of('text'), TEXT_EXTENSIONS);
});
