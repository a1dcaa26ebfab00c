/** The program as it is installed: production packages, compiled code, one addon, and the Node that these were built for. */
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { ensurePublishedNode } from '../nodes.mjs';
import { LAUNCHER, prebuild } from '../prebuild.mjs';
import { NPM_ARGUMENTS } from '../setup.mjs';
import { root, run } from '../steps.mjs';
import { isLicenceFile } from './licences.mjs';

/** Where it is installed. */
export const INSTALLED = '/usr/lib/dcp-worker-native';

/** Source maps, types, sources and documents: nothing reads or loads them when programs run. */
const NOT_RUNTIME_FILE =
  /(^\..*|\.(map|[cm]?ts|flow|tsbuildinfo|md|markdown|c|cc|cpp|h|hpp|gypi?|def|ya?ml|1)|^(tsconfig.*\.json|rollup\.config\.\w+|[A-Z]+|Makefile))$/;
const NOT_RUNTIME_FOLDER = /^(\..*|docs?|tests?|test-jest|benchmarks?|examples?|dependencies)$/;
/** Programs without an ending: Node, the launcher of evaluators, and what the package esbuild starts. */
const PROGRAM =
  /[/](@esbuild[/][^/]+[/]bin[/]esbuild|dcp-worker-native[/](bin[/]node|prebuilds[/][^/]+[/]dcp-confine))$/;

/** What the programs in dist/bin are made of. */
const PROGRAM_SOURCE = /[/]dist[/]cli[/]dcp-[^/]+[.]js$/;

/**
 * Installs the packages that the programs need to run, as the lock file has them.
 * @param {string} tree an empty folder
 */
export async function installModules(tree) {
  const manifest = readManifest();
  cpSync(path.join(root, 'package-lock.json'), path.join(tree, 'package-lock.json'));
  cpSync(path.join(root, 'package.json'), path.join(tree, 'package.json'));
  await run('npm', [...NPM_ARGUMENTS, '--omit=dev'], { cwd: tree });
  rmSync(path.join(tree, 'package-lock.json'));
  const { name, version, license, type, bin, exports, imports, dependencies } = manifest;
  const kept = { name, version, license, type, bin, exports, imports, dependencies };
  writeFileSync(path.join(tree, 'package.json'), `${JSON.stringify(kept, null, 2)}\n`);
}

/**
 * Adds compiled code, the addon and Node for one major. Answers Node's folder, with its licence in it.
 * @param {string} tree
 * @param {number} major
 */
export async function installProgram(tree, major) {
  const node = await ensurePublishedNode(major);
  const addon = await prebuild(major);
  for (const name of readManifest().files) {
    // Documentation has a place of its own, examples need packages that are not there, of the prebuilt addons it takes one, and
    // nobody compiles against it.
    if (['docs', 'examples', 'prebuilds', 'types'].includes(name) || !existsSync(path.join(root, name)))
      continue;
    cpSync(path.join(root, name), path.join(tree, name), { recursive: true });
  }
  for (const file of [addon, path.join(path.dirname(addon), LAUNCHER)])
    cpSync(path.join(root, file), path.join(tree, file));
  mkdirSync(path.join(tree, 'bin'));
  cpSync(node, path.join(tree, 'bin/node'));
  return path.resolve(path.dirname(node), '..');
}

/**
 * Takes away what is not needed to run, and the symbols of native code; sets modes. Licences are in `copyright`.
 * @param {string} tree
 */
export async function trim(tree) {
  const abi = (await run(path.join(tree, 'bin/node'), ['-p', 'process.versions.modules'])).trim();
  for (const part of ['dist', 'node_modules']) {
    const folder = path.join(tree, part);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name);
      const isUnwanted = entry.isDirectory()
        ? NOT_RUNTIME_FOLDER.test(entry.name) && part === 'node_modules'
        : !isNeeded(file, entry.name) || isForOtherAbi(entry.name, abi);
      if (isUnwanted) rmSync(file, { recursive: true, force: true });
    }
    removeEmptyFolders(folder);
  }
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isDirectory()) chmodSync(file, PROGRAM.test(file) ? 0o755 : 0o644);
  }
  for (const file of nativeFilesOf(tree))
    await run('strip', ['--strip-unneeded', '--remove-section=.comment', file]);
}

/** @param {string} file @param {string} name */
function isNeeded(file, name) {
  if (PROGRAM.test(file)) return true;
  if (!existsSync(file) || NOT_RUNTIME_FILE.test(name) || isLicenceFile(name)) return false;
  if (PROGRAM_SOURCE.test(file)) return false;
  // Commands of packages, for those who install or develop them.
  return !file.includes('/node_modules/') || !startsWith(file, '#!');
}

/** @param {string} file @param {string} text */
function startsWith(file, text) {
  const fd = openSync(file, 'r');
  const head = Buffer.alloc(text.length);
  readSync(fd, head);
  closeSync(fd);
  return head.toString('latin1') === text;
}

/** As node-gyp-build names them. @param {string} name @param {string} abi */
function isForOtherAbi(name, abi) {
  const tags = name.split('.');
  if (tags.at(-1) !== 'node') return false;
  return tags.includes('musl') || tags.some((tag) => /^abi\d+$/.test(tag) && tag !== `abi${abi}`);
}

/** @param {string} folder */
function removeEmptyFolders(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyFolders(path.join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}

/** ELF files, except esbuild: Go's linker makes it without what strip knows. @param {string} tree */
export function nativeFilesOf(tree) {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(\.node|\.so|^node|^dcp-confine)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** @returns {{name: string, version: string, license: string, type: string, bin: Record<string, string>, exports: unknown, imports: unknown, dependencies: Record<string, string>, files: string[]}} */
export function readManifest() {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
}
