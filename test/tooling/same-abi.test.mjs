/** A Dawn whose header has another ABI than the build is for is refused: third_party/dawn/SameAbi.cmake. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { root } from '../../scripts/steps.mjs';
import { Abi } from '../../scripts/webgpu/abi.mjs';
import { writeHeader } from '../../scripts/webgpu/header.mjs';

const skip = ['cmake', 'g++'].every((program) => spawnSync(program, ['--version']).status === 0)
  ? false
  : 'no cmake or no g++';

/** webgpu.h as a Dawn of this ABI has it. @param {string} name */
function headerOf(name) {
  const abi = new Abi(name);
  const functions = abi.procs.map(({ symbol, returns, fields }) => {
    const parameters = fields.map(({ type, name: field }) => `${type} ${field}`).join(', ');
    return `extern "C" ${returns} ${symbol}(${parameters});`;
  });
  return `${writeHeader(abi, [abi])}\n${functions.join('\n')}\n`;
}

/**
 * What CMake says to such a header.
 * @param {import('node:test').TestContext} t
 * @param {string} header
 * @param {string} abi what is built for
 */
function configure(t, header, abi) {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'dawn-')));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  mkdirSync(path.join(folder, 'dawn/include/dawn'), { recursive: true });
  writeFileSync(path.join(folder, 'dawn/include/dawn/webgpu.h'), header);
  writeFileSync(path.join(folder, 'dawn/libwebgpu_dawn.so'), '');
  writeFileSync(
    path.join(folder, 'CMakeLists.txt'),
    `cmake_minimum_required(VERSION 3.22)
project(asks LANGUAGES CXX)
list(APPEND CMAKE_MODULE_PATH "${root}/third_party/dawn")
include(FindDawn)
include(SameAbi)
message(STATUS "same ABI")
`,
  );
  const options = [`-DDAWN_ROOT=${folder}/dawn`, `-DDAWN_ABI=${abi}`];
  const { stdout, stderr } = spawnSync('cmake', ['-S', folder, '-B', `${folder}/out`, ...options], {
    encoding: 'utf8',
  });
  return `${stdout}${stderr}`.replace(/\s+/g, ' ');
}

test('a header of the same ABI is taken', { skip }, (t) => {
  for (const abi of ['bun-webgpu', 'stable']) assert.match(configure(t, headerOf(abi), abi), /same ABI/);
});

test('a header of the other ABI is refused, with what differs', { skip }, (t) => {
  assert.match(
    configure(t, headerOf('stable'), 'bun-webgpu'),
    /DAWN_ABI: \S+\/dawn\/webgpu\.h has another ABI than bun-webgpu; \d{3} differences, .* WGPUFeatureName_DepthClipControl /,
  );
});

test('so is one that differs in a number, a member, a parameter', { skip }, (t) => {
  for (const [from, to, differs] of [
    ['WGPUFeatureName_Subgroups = 18,', 'WGPUFeatureName_Subgroups = 19,', 'WGPUFeatureName_Subgroups'],
    ['uint32_t maxBindGroups =', 'uint64_t maxBindGroups =', 'WGPULimits\\.maxBindGroups'],
    [
      'uint32_t maxImmediateSize =',
      'uint32_t more = 0;\n  uint32_t maxImmediateSize =',
      'WGPULimits\\.maxImmediateSize',
    ],
    [
      'wgpuBufferDestroy(WGPUBuffer buffer)',
      'wgpuBufferDestroy(WGPUBuffer buffer, int how)',
      'wgpuBufferDestroy',
    ],
  ]) {
    const header = headerOf('stable');
    const changed = header.replace(String(from), String(to));
    assert.notEqual(changed, header);
    assert.match(configure(t, changed, 'stable'), new RegExp(`another ABI than stable; .* ${differs}\\b`));
  }
});
