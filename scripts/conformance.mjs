/**
 * Builds, and runs WebGPU's conformance test suite (test/conformance/conformance.ts), on the software driver unless VK_DRIVER_FILES says
 * otherwise. Its exit code is that program's.
 *
 *   npm run conformance -- --cts <checkout of gpuweb/cts> ['webgpu:idl,*' …]      --help says more
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { buildAll } from './build.mjs';
import { softwareGpuEnvironment } from './software-gpu.mjs';
import { Steps, root } from './steps.mjs';

await buildAll(new Steps(), { native: true, typescript: true, tests: true, asan: false });
const program = path.join(root, 'dist-test/conformance/conformance.js');
const { status } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], {
  stdio: 'inherit',
  // Paths are where they were typed; npm itself goes to the package.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: softwareGpuEnvironment(),
});
process.exitCode = status ?? 2;
