/**
<<<<<<< HEAD
 * Programs of Debian's that tests use, unpacked under a folder of `.cache/`: nothing is installed and root is not needed.
 * Imports Node's own modules alone, like scripts/setup.mjs.
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CommandError, root, run } from './steps.mjs';

const CACHE = path.join(root, '.cache');

/** How long packages may take to come, milliseconds. */
const DOWNLOAD_MS = 600_000;

/**
 * The packages, with those they depend on, that this machine lacks.
 * @param {readonly string[]} names
 * @returns {Promise<string[]>}
 */
export async function missingPackages(names) {
  const args = ['--simulate', '--no-install-recommends', 'install', ...names];
  const plan = await run('apt-get', args, { timeoutMs: 60_000 }).catch((error) => {
    throw new Error(`Debian's packages ${names.join(', ')} cannot be had: ${reasonOf(error)}`, {
      cause: error,
    });
  });
  return [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => /** @type {string} */ (name));
}

/**
 * Unpacks packages into one folder of `.cache/`, which appears once it is complete.
 * @param {string} name of the folder
 * @param {readonly string[]} packages
 */
export async function unpackPackages(name, packages) {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(path.join(CACHE, `${name}-`));
  try {
    // apt drops to a user of its own where it may, and that user cannot write here.
    const args = ['-o', 'APT::Sandbox::User=root', 'download', ...packages];
    await run('apt-get', args, { cwd: work, timeoutMs: DOWNLOAD_MS }).catch((error) => {
      throw new Error(`Debian's packages ${packages.join(', ')} cannot be had: ${reasonOf(error)}`, {
        cause: error,
      });
    });
    for (const archive of readdirSync(work).filter((file) => file.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', archive, 'ready'], { cwd: work });
      rmSync(path.join(work, archive));
    }
    rmSync(path.join(CACHE, name), { recursive: true, force: true });
    renameSync(path.join(work, 'ready'), path.join(CACHE, name));
=======
 * Programs and libraries out of Debian's packages, for tests: unpacked under a folder, nothing is installed, and root is not
 * needed. Imports Node's own modules alone, like scripts/setup.mjs.
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CommandError, run } from './steps.mjs';

/** How long packages may take to come, milliseconds. */
const DOWNLOAD_MS = 300_000;

/**
 * Downloads packages and hands them to `unpack`, which makes of them what is to lie at `folder`. What was there before
 * stays until that has worked.
 * @param {string} folder
 * @param {readonly string[]} packages
 * @param {(archives: readonly string[], ready: string) => Promise<void>} unpack `ready` is the folder that becomes `folder`
 */
export async function unpackDebianPackages(folder, packages, unpack) {
  mkdirSync(path.dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}-`);
  try {
    await download(work, packages);
    const ready = path.join(work, 'ready');
    mkdirSync(ready);
    await unpack(
      packages.map((name) => archiveOf(work, name)),
      ready,
    );
    rmSync(folder, { recursive: true, force: true });
    renameSync(ready, folder);
>>>>>>> main
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

<<<<<<< HEAD
/** Where a file of an unpacked package is. @param {string} name @param {string} file */
export function unpackedFile(name, file) {
  return path.join(CACHE, name, file);
=======
/** @param {string} folder @param {readonly string[]} packages */
async function download(folder, packages) {
  // apt drops to a user of its own where it may, and that user cannot write here.
  const args = ['-o', 'APT::Sandbox::User=root', 'download', ...packages];
  try {
    await run('apt-get', args, { cwd: folder, timeoutMs: DOWNLOAD_MS });
  } catch (error) {
    const names = packages.length === 1 ? `package ${packages[0]}` : `packages ${packages.join(', ')}`;
    throw new Error(`Debian's ${names} cannot be had: ${reasonOf(error)}`, { cause: error });
  }
}

/** @param {string} work @param {string} name */
function archiveOf(work, name) {
  const archive = readdirSync(work).find((file) => file.startsWith(`${name}_`));
  if (archive === undefined) throw new Error(`apt-get downloaded no ${name}`);
  return path.join(work, archive);
>>>>>>> main
}

/** The line in which a command says what is wrong. @param {unknown} error */
function reasonOf(error) {
  if (!(error instanceof CommandError)) return String(error);
  const lines = error.output.split('\n').filter(Boolean);
  return lines.find((line) => line.startsWith('E:')) ?? lines.at(-1) ?? error.message;
}
