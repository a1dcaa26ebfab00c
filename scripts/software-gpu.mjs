/**
 * A Vulkan driver for machines without a GPU: SwiftShader, and the Vulkan loader that comes with it in Debian's
 * `chromium-common`. Both are unpacked under `.cache/software-gpu/`; nothing is installed and root is not needed.
 *
 *   npm run software-gpu              fetches them once and says where they are
 *   node scripts/software-gpu.mjs --env   what to set, for a shell: eval "$(node scripts/software-gpu.mjs --env)"
 *
 * Imports Node's own modules alone, like scripts/setup.mjs.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { unpackDebianPackages } from './debian-packages.mjs';
import { isProgram, root, run } from './steps.mjs';

const FOLDER = path.join(root, '.cache/software-gpu');
const PACKAGE = 'chromium-common';
const MANIFEST = 'vk_swiftshader_icd.json';
const FILES = [MANIFEST, 'libvk_swiftshader.so', 'libvulkan.so.1'];

/** Whether the driver has been fetched. */
export function hasSoftwareGpu() {
  return FILES.every((name) => existsSync(path.join(FOLDER, name)));
}

/**
 * The environment in which processes find this driver and no other; as it is where there is none, or where
 * `VK_DRIVER_FILES` names one already (empty: the machine's own).
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv}
 */
export function softwareGpuEnvironment(env = process.env) {
  if (env.VK_DRIVER_FILES !== undefined || !hasSoftwareGpu()) return env;
  const libraries = [FOLDER, env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { ...env, VK_DRIVER_FILES: path.join(FOLDER, MANIFEST), LD_LIBRARY_PATH: libraries };
}

/**
 * Fetches what is missing. Answers a note of what it did; throws an error that says why it could not.
 * @returns {Promise<string>}
 */
export async function ensureSoftwareGpu() {
  if (hasSoftwareGpu()) return 'fetched before';
  await unpackDebianPackages(FOLDER, [PACKAGE], unpack);
  return 'SwiftShader and the Vulkan loader';
}

/** Takes the files out of the package. @param {readonly string[]} archives @param {string} ready where they go */
async function unpack([archive], ready) {
  const members = FILES.map((name) => `./usr/lib/chromium/${name}`);
  await run('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" > ../contents.tar', String(archive)], { cwd: ready });
  await run('tar', ['-xf', '../contents.tar', '--strip-components=4', ...members], { cwd: ready });
}

if (isProgram(import.meta.url)) {
  const { values } = parseArgs({ options: { env: { type: 'boolean', default: false } } });
  try {
    await ensureSoftwareGpu();
  } catch (error) {
    console.error(`software-gpu: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  const { VK_DRIVER_FILES, LD_LIBRARY_PATH } = softwareGpuEnvironment({
    ...process.env,
    VK_DRIVER_FILES: undefined,
  });
  if (values.env)
    console.log(`export VK_DRIVER_FILES='${VK_DRIVER_FILES}' LD_LIBRARY_PATH='${LD_LIBRARY_PATH}'`);
  else console.log(`SwiftShader: ${VK_DRIVER_FILES}`);
}
