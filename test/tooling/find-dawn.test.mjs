/** Which library of Dawn a build with `-DDAWN_ROOT` names: third_party/dawn/FindDawn.cmake, run without a build. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { root } from '../../scripts/steps.mjs';

const MODULE = path.join(root, 'third_party/dawn/FindDawn.cmake');
const skip = spawnSync('cmake', ['--version']).status === 0 ? false : 'no cmake';

/** A folder with files of these names in it. @param {import('node:test').TestContext} t @param {readonly string[]} files */
function prefixWith(t, ...files) {
  const prefix = realpathSync(mkdtempSync(path.join(tmpdir(), 'dawn-')));
  t.after(() => {
    rmSync(prefix, { recursive: true });
  });
  for (const file of files) {
    mkdirSync(path.join(prefix, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(prefix, file), '');
  }
  return prefix;
}

/** What the module answers, or its complaint. @param {import('node:test').TestContext} t @param {readonly string[]} defines */
function find(t, ...defines) {
  const script = path.join(prefixWith(t), 'find.cmake');
  writeFileSync(script, `include("${MODULE}")\nmessage(STATUS "<\${DAWN_LIBRARY}> \${DAWN_ABI}")\n`);
  const { stdout, stderr } = spawnSync('cmake', [...defines.map((each) => `-D${each}`), '-P', script], {
    encoding: 'utf8',
  });
  return `${stdout}${stderr}`.replace(/\s+/g, ' ');
}

test("without a prefix the package's library is used", { skip }, (t) => {
  assert.match(find(t), /<> bun-webgpu/);
});

/** As CMake learns it from the compiler. */
const DEBIAN = 'CMAKE_LIBRARY_ARCHITECTURE=x86_64-linux-gnu';

test('a prefix has the library where Debian puts it, in lib, in lib64, or in itself', { skip }, (t) => {
  for (const folder of ['lib/x86_64-linux-gnu', 'lib', 'lib64', '.'])
    for (const name of ['libwebgpu_dawn.so', 'libwebgpu_dawn.so.0']) {
      const prefix = prefixWith(t, path.join(folder, name));
      const library = path.join(prefix, folder, name);
      const answer = find(t, `DAWN_ROOT=${prefix}`, 'DAWN_ABI=stable', DEBIAN);
      assert.ok(answer.includes(`<${library}> stable`), answer);
    }
});

test('of two names, the one that is there without the headers', { skip }, (t) => {
  const prefix = prefixWith(t, 'lib/libwebgpu_dawn.so', 'lib/libwebgpu_dawn.so.0');
  assert.ok(find(t, `DAWN_ROOT=${prefix}`).includes(`<${prefix}/lib/libwebgpu_dawn.so.0>`));
});

test('a prefix without the library, and an ABI that there is not, are refused', { skip }, (t) => {
  const prefix = prefixWith(t, 'lib/libdawn_native.so');
  const refusal = `DAWN_ROOT: no libwebgpu_dawn.so and no libwebgpu_dawn.so.0 in ${prefix} (looked in lib/x86_64-linux-gnu, lib, lib64, .)`;
  assert.ok(find(t, `DAWN_ROOT=${prefix}`, DEBIAN).includes(refusal));
  assert.ok(find(t, 'DAWN_ABI=other').includes('DAWN_ABI: bun-webgpu or stable expected, got other'));
});
