/**
 * Builds, and runs WebGPU's conformance test suite (test/conformance/conformance.ts), on the software driver unless VK_DRIVER_FILES says
 * otherwise.
 *
 *   npm run conformance -- --cts <checkout of gpuweb/cts> ['webgpu:idl,*' …]      --help says more
 */
import path from 'node:path';
import { buildAll } from './build.mjs';
import { softwareGpuEnvironment } from './software-gpu.mjs';
import { CommandError, Steps, root, runNode } from './steps.mjs';

await buildAll(new Steps(), { native: true, typescript: true, tests: true, asan: false });
const program = path.join(root, 'dist-test/conformance/conformance.js');
try {
  await runNode([program, ...process.argv.slice(2)], { show: true, env: softwareGpuEnvironment() });
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.exitCode = 1;
}
