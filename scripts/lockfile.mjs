/**
 * Completes package-lock.json: `npm run lockfile`, after a change of dependencies.
 *
 * npm leaves out an optional package that the registry did not have when the lock file was written, which happens with
 * packages for other platforms, and `npm ci` then refuses the whole file on every platform. This writes the missing entries
 * down from what names them: their version is exact and their platform is in their name.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isProgram, root } from './steps.mjs';

/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {boolean} [dev]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 */

/** @typedef {{name: string, version: string, optional: boolean, dev: boolean}} MissingEntry */

/**
 * What some entry depends on and no entry provides.
 * @param {Record<string, LockEntry>} packages the `packages` of a lock file
 * @returns {MissingEntry[]}
 */
export function missingEntries(packages) {
  /** @type {Map<string, MissingEntry>} */
  const missing = new Map();
  for (const [place, entry] of Object.entries(packages)) {
    const required = { ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies };
    for (const [name, version] of Object.entries(required)) {
      if (isProvided(packages, place, name)) continue;
      const optional = entry.optionalDependencies?.[name] !== undefined;
      missing.set(name, { name, version, optional, dev: entry.dev === true });
    }
  }
  return [...missing.values()];
}

/**
 * Node looks beside the package first, then in every folder above it.
 * @param {Record<string, LockEntry>} packages
 * @param {string} place
 * @param {string} name
 */
function isProvided(packages, place, name) {
  for (let folder = place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder && `${folder}/`}node_modules/${name}`]) return true;
    if (folder === '') return false;
  }
}

const OS = /** @type {Readonly<Record<string, string>>} */ ({ windows: 'win32' });
// os, cpu and, for Linux, the C library: `binding-linux-arm64-musl`.
const PLATFORM =
  /-(android|darwin|freebsd|linux|openharmony|win32|windows)-(arm64|arm|x64|ia32|ppc64|riscv64|s390x|loong64)(?:-(\w+))?$/;

/**
 * The entry of an optional package of another platform.
 * @param {MissingEntry} missing
 * @returns {LockEntry}
 */
export function entryFromName({ name, version, dev }) {
  const [, os, cpu, variant] = PLATFORM.exec(name) ?? [];
  if (!os || !cpu || !/^\d/.test(version))
    throw new Error(`${name}@${version}: not a package of one platform`);
  const libc = os !== 'linux' || variant === undefined ? null : variant.startsWith('musl') ? 'musl' : 'glibc';
  return {
    version,
    cpu: [cpu],
    ...(dev && { dev }),
    ...(libc && { libc: [libc] }),
    optional: true,
    os: [OS[os] ?? os],
  };
}

/** @param {string} file @returns {string[]} the packages that were added */
function completeLockfile(file) {
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingEntries(lock.packages);
  for (const entry of missing) {
    if (!entry.optional) throw new Error(`${entry.name}: required and not in ${file}; run \`npm install\``);
    lock.packages[`node_modules/${entry.name}`] = entryFromName(entry);
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  return missing.map(({ name }) => name);
}

if (isProgram(import.meta.url)) {
  const added = completeLockfile(path.join(root, 'package-lock.json'));
  console.log(added.length > 0 ? `added ${added.join('\n      ')}` : 'package-lock.json is complete');
}
