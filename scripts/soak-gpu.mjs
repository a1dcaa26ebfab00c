/**
 * Builds, and runs the soak of the GPU (test/soak/gpu/soak.ts), on the software driver unless VK_DRIVER_FILES says otherwise.
 *
 *   npm run soak:gpu [-- --minutes 4 --seed 1]
 */
import path from 'node:path';
import { buildAll } from './build.mjs';
import { softwareGpuEnvironment } from './software-gpu.mjs';
import { CommandError, Steps, root, runNode } from './steps.mjs';

await buildAll(new Steps(), { native: true, typescript: true, tests: true, asan: false });
const program = path.join(root, 'dist-test/soak/gpu/soak.js');
try {
  await runNode([program, ...process.argv.slice(2)], { show: true, env: softwareGpuEnvironment() });
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.exitCode = error.code ?? 1;
}
