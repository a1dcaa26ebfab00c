/**
 * Builds, and runs WebGPU's conformance test suite (test/conformance/conformance.ts), on the software driver unless VK_DRIVER_FILES says
 * otherwise. Its exit code is that program's. Without a `--cts <checkout>` the suite is what scripts/cts.mjs fetches.
 *
 *   npm run conformance -- ['webgpu:idl,*' …]      --help says more
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { buildAll } from './build.mjs';
import { ctsCheckout, ensureCts } from './cts.mjs';
import { softwareGpuEnvironment } from './software-gpu.mjs';
import { Steps, root } from './steps.mjs';

const args = process.argv.slice(2);
/** @param {string} name */
const has = (name) => args.some((arg) => arg === name || arg.startsWith(`${name}=`));
if (!has('--cts') && !has('--help')) {
  const note = await ensureCts().catch((error) => {
    console.error(
      `conformance: ${error.message}\nA checkout of https://github.com/gpuweb/cts will do: --cts <checkout>`,
    );
    process.exit(2);
  });
  console.log(`The suite: ${ctsCheckout} (${note})`);
  args.unshift('--cts', ctsCheckout);
}
await buildAll(new Steps(), { native: true, typescript: true, tests: true, asan: false });
const program = path.join(root, 'dist-test/conformance/conformance.js');
const { status } = spawnSync(process.execPath, [program, ...args], {
  stdio: 'inherit',
  // Paths are where they were typed; npm itself goes to the package.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: softwareGpuEnvironment(),
});
process.exitCode = status ?? 2;
