/** The layer checks find what they are there for: each rule is broken once in fixtures/. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { checkLayers } from '../../scripts/checks.mjs';
import { nativeLayerViolations } from '../../scripts/check-native-layers.mjs';
import { CommandError, root } from '../../scripts/steps.mjs';

const fixtures = path.join(root, 'test/tooling/fixtures');

test('native/: every include that goes up or sideways is named, and no other', () => {
  assert.deepEqual(nativeLayerViolations(path.join(fixtures, 'native-layers')), [
    'confinement/linux.cc:1: confinement/ must not include isolate/isolate.h: it may include no other layer',
    'elsewhere/thing.cc: in no layer; there are v8, isolate, webgpu, sandbox, classic, confinement, system, addon',
    'isolate/isolate.cc:3: isolate/ must not include sandbox/sandbox.h: it may include v8',
    'sandbox/sandbox.h:2: napi.h belongs to addon/ alone, not to sandbox/',
    'v8/reaches_up.h:1: v8/ must not include isolate/isolate.h: it may include no other layer',
  ]);
});

test('src/: a way up, a way around an index.ts, a cycle, Node in the codec and an unknown folder are named', async () => {
  /** @type {unknown} */
  let error;
  try {
    await checkLayers(path.join(fixtures, 'src-layers'));
  } catch (caught) {
    error = caught;
  }
  assert.ok(error instanceof CommandError, 'the check passed');
  const { output } = error;
  const found = [...output.matchAll(/error ([\w-]+): (\S+)/g)].map(([, rule, file]) => `${rule} ${file}`);
  assert.deepEqual([...new Set(found)].sort(), [
    'known-folders src/surprise/index.ts',
    'layer-model src/model/reaches-up.ts',
    'layer-supervisor src/supervisor/around.ts',
    'no-cycles src/worker/a.ts',
    'sandbox-without-node src/codec/index.ts',
  ]);
});
