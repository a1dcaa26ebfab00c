/** Who gets the software driver in the environment of tests. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { hasSoftwareGpu, softwareGpuEnvironment } from '../../scripts/software-gpu.mjs';

test('a driver that somebody named is left alone, and so is the choice of none', () => {
  for (const VK_DRIVER_FILES of ['/somewhere/icd.json', ''])
    assert.deepEqual(softwareGpuEnvironment({ VK_DRIVER_FILES }), { VK_DRIVER_FILES });
});

test('where it has been fetched it comes first, before libraries that are named already', () => {
  const env = softwareGpuEnvironment({ LD_LIBRARY_PATH: '/mine' });
  if (!hasSoftwareGpu()) return assert.deepEqual(env, { LD_LIBRARY_PATH: '/mine' });
  assert.match(env.VK_DRIVER_FILES ?? '', /software-gpu\/vk_swiftshader_icd\.json$/);
  assert.match(env.LD_LIBRARY_PATH ?? '', /software-gpu:\/mine$/);
});
