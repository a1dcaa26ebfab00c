/**
 * The Node majors this package supports, and how each is got: the npm package `node-<platform>-<arch>` brings
 * `bin/node` and `include/node`, so every major can be built and tested for without leaving the npm registry.
 *
 *   node scripts/nodes.mjs 22 24     installs them into .nodes/<major>/ and prints where each binary is
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isProgram, root, run } from './steps.mjs';

/**
 * One pinned version of every supported major. Adding a major is one line here, one in NODE_ABIS (and what docs/BUILDING.md says).
 * @type {Readonly<Record<number, string>>}
 */
export const NODE_VERSIONS = Object.freeze({
  20: '20.20.2',
  22: '22.23.3',
  24: '24.21.0',
  26: '26.10.0',
});

/**
 * `process.versions.modules` of each: what a prebuilt addon is named after.
 * @type {Readonly<Record<number, number>>}
 */
export const NODE_ABIS = Object.freeze({ 20: 115, 22: 127, 24: 137, 26: 147 });

export const supportedMajors = Object.keys(NODE_VERSIONS).map(Number);

export const runningMajor = majorOf(process.versions.node);

/** @param {string} version */
function majorOf(version) {
  return Number(version.split('.')[0]);
}

const packageName = `node-${process.platform}-${process.arch}`;

/** @param {string} prefix */
const packageDirectory = (prefix) => path.join(prefix, 'node_modules', packageName);

/** The headers beside a Node binary: `<prefix>/include/node`. @param {string} binary */
export function headersBeside(binary) {
  return path.resolve(path.dirname(binary), '..', 'include', 'node');
}

/** The build directory of a Node that is not the one the checkout is built with. @param {number} major */
export function buildDirectoryOf(major) {
  return `build-${major}`;
}

/**
 * The binary of a supported major; installs it when it is not there. The running Node is its own answer.
 * @param {number} major
 * @returns {Promise<string>}
 */
export async function ensureNode(major) {
  return major === runningMajor ? process.execPath : ensurePublishedNode(major);
}

/**
 * The binary of a supported major as Node's own project publishes it: unlike a distribution's it needs no libraries
 * beside the C and C++ ones.
 * @param {number} major
 * @returns {Promise<string>}
 */
export async function ensurePublishedNode(major) {
  const version = NODE_VERSIONS[major];
  if (version === undefined) {
    throw new Error(`Node ${major}: not a supported major; supported are ${supportedMajors.join(', ')}`);
  }
  const prefix = path.join(root, '.nodes', String(major));
  await installNode(version, prefix);
  return path.join(packageDirectory(prefix), 'bin', 'node');
}

/**
 * Headers for the running Node: beside it, or, where a distribution packs Node without them, those of the npm
 * package of exactly its version.
 * @returns {Promise<string>}
 */
export async function ensureHeaders() {
  const beside = headersBeside(process.execPath);
  if (existsSync(path.join(beside, 'v8.h'))) return beside;
  const prefix = path.join(root, '.nodes', `headers-${process.versions.node}`);
  await installNode(process.versions.node, prefix);
  return path.join(packageDirectory(prefix), 'include', 'node');
}

/** @param {string} version @param {string} prefix */
async function installNode(version, prefix) {
  const manifest = path.join(packageDirectory(prefix), 'package.json');
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version) return;
  await run('npm', [
    'install',
    `--prefix=${prefix}`,
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    `${packageName}@${version}`,
  ]);
}

if (isProgram(import.meta.url)) {
  for (const major of process.argv.slice(2).map(Number)) console.log(major, await ensureNode(major));
}
