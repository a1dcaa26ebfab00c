/**
 * A Vulkan driver for machines without a GPU: SwiftShader, and the Vulkan loader that comes with it in Debian's
 * `chromium-common`. Both are unpacked under `.cache/software-gpu/`; nothing is installed and root is not needed.
 *
 *   npm run software-gpu              fetches them once and says where they are
 *   node scripts/software-gpu.mjs --env   what to set, for a shell: eval "$(node scripts/software-gpu.mjs --env)"
 *
 * Imports Node's own modules alone, like scripts/setup.mjs.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CommandError, isProgram, root, run } from './steps.mjs';

const CACHE = path.join(root, '.cache');
const FOLDER = path.join(CACHE, 'software-gpu');
const PACKAGE = 'chromium-common';
const MANIFEST = 'vk_swiftshader_icd.json';
const FILES = [MANIFEST, 'libvk_swiftshader.so', 'libvulkan.so.1'];

/** How long the package may take to come, milliseconds. */
const DOWNLOAD_MS = 300_000;

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
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(path.join(CACHE, 'software-gpu-'));
  try {
    await download(work);
    const ready = await unpack(work);
    rmSync(FOLDER, { recursive: true, force: true });
    renameSync(ready, FOLDER);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return 'SwiftShader and the Vulkan loader';
}

/** @param {string} folder */
async function download(folder) {
  // apt drops to a user of its own where it may, and that user cannot write here.
  const args = ['-o', 'APT::Sandbox::User=root', 'download', PACKAGE];
  try {
    await run('apt-get', args, { cwd: folder, timeoutMs: DOWNLOAD_MS });
  } catch (error) {
    throw new Error(`Debian's package ${PACKAGE} cannot be had: ${reasonOf(error)}`, { cause: error });
  }
}

/** The line in which a command says what is wrong. @param {unknown} error */
function reasonOf(error) {
  if (!(error instanceof CommandError)) return String(error);
  const lines = error.output.split('\n').filter(Boolean);
  return lines.find((line) => line.startsWith('E:')) ?? lines.at(-1) ?? error.message;
}

/** Takes the files out of the package and answers the folder they are in. @param {string} work where the package is */
async function unpack(work) {
  const archive = readdirSync(work).find((file) => file.startsWith(`${PACKAGE}_`));
  if (archive === undefined) throw new Error(`apt-get downloaded no ${PACKAGE}`);
  const ready = path.join(work, 'ready');
  mkdirSync(ready);
  const members = FILES.map((name) => `./usr/lib/chromium/${name}`);
  await run('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" > contents.tar', archive], { cwd: work });
  await run('tar', ['-xf', '../contents.tar', '--strip-components=4', ...members], { cwd: ready });
  return ready;
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
