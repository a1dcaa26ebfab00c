/**
 * What is held besides tests: format, lint, layers, dead exports. `npm run lint` and `npm run verify` run this list.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { checkNativeLayers } from './check-native-layers.mjs';
import { CommandError, bin, jobs, root, run } from './steps.mjs';

/** @typedef {{name: string, run: () => unknown}} Check */

/** Cheapest first, so that a slip is known early. @type {readonly Check[]} */
export const CHECKS = [
  { name: 'generated bindings of WebGPU', run: checkGenerated },
  { name: 'layers of native/', run: () => checkNativeLayers(path.join(root, 'native')) },
  { name: 'layers and cycles of src/', run: checkLayers },
  { name: 'format (prettier)', run: () => quietly(bin('prettier'), ['--check', '--log-level=warn', '.']) },
  { name: 'format (clang-format)', run: () => clangFormat(['--dry-run', '--Werror']) },
  { name: 'types of scripts/', run: () => quietly(bin('tsc'), ['-p', 'scripts']) },
  { name: 'dead exports (knip)', run: () => quietly(bin('knip'), ['--no-progress']) },
  { name: 'eslint', run: () => quietly(bin('eslint'), ['--max-warnings=0', '.']) },
  { name: 'clang-tidy', run: clangTidy },
];

/** What scripts/generate-webgpu.mjs writes is what is there. */
async function checkGenerated() {
  // Not before the packages are there that it needs: `npm run verify` loads this list first.
  const { generateWebgpu } = await import('./generate-webgpu.mjs');
  const stale = generateWebgpu(true);
  if (stale.length > 0) throw new Error(`stale: ${stale.join(', ')}; run scripts/generate-webgpu.mjs`);
}

/** A check has nothing to say when it passes. @param {string} command @param {readonly string[]} args */
async function quietly(command, args) {
  await run(command, args);
}

/** Layers and cycles of some TypeScript; the tests feed it a folder that breaks the rules. */
export async function checkLayers(folder = root) {
  const config = path.join(root, '.dependency-cruiser.cjs');
  await run(bin('depcruise'), ['--config', config, '--output-type', 'err-long', 'src'], { cwd: folder });
}

/** C++ that people write, relative to the checkout. @param {RegExp} pattern */
function nativeFiles(pattern, folder = 'native') {
  return readdirSync(path.join(root, folder), { recursive: true })
    .map((name) => path.join(folder, String(name)))
    .filter((name) => pattern.test(name))
    .sort();
}

/** @param {readonly string[]} options */
export async function clangFormat(options) {
  const files = ['native', 'bench/native'].flatMap((folder) => nativeFiles(/\.(cc|h)$/, folder));
  if (files.length === 0) return 'no files';
  await run('clang-format', [...options, ...files]);
  return '';
}

/** The build's commands as clang can follow them: it cannot read what g++ has precompiled. @param {string} database */
function withoutPrecompiledHeaders(database) {
  return database.replaceAll(/ -Winvalid-pch -include \S*cmake_pch\.hxx/g, '');
}

/**
 * Lints the sources of the addon, several at a time. V8's headers make each file cost seconds, so a file that passed is
 * not looked at again until it, a header of ours, the rules or the build's options change.
 */
async function clangTidy() {
  const sources = nativeFiles(/\.cc$/);
  if (sources.length === 0) return 'no files';
  const database = path.join(root, 'build/compile_commands.json');
  if (!existsSync(database))
    throw new Error('build/compile_commands.json: missing; run `npm run build` first');
  const headers = nativeFiles(/\.h$/);
  const shared = digest([
    path.join(root, '.clang-tidy'),
    database,
    ...headers.map((name) => path.join(root, name)),
  ]);
  const cache = path.join(root, '.cache/clang-tidy');
  mkdirSync(cache, { recursive: true });

  writeFileSync(
    path.join(cache, 'compile_commands.json'),
    withoutPrecompiledHeaders(readFileSync(database, 'utf8')),
  );

  const queue = sources
    .map((source) => ({ source, passed: path.join(cache, digest([path.join(root, source)], shared)) }))
    .filter(({ passed }) => !existsSync(passed));
  const count = queue.length;
  /** @type {string[]} */
  const failures = [];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        await run('clang-tidy', ['--quiet', '-p', cache, next.source]);
        writeFileSync(next.passed, '');
      } catch (error) {
        failures.push(error instanceof CommandError ? error.output : String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  if (failures.length > 0)
    throw new CommandError(`${failures.length} files with findings`, failures.join('\n'));
  return `${count} of ${sources.length} files changed`;
}

/** @param {readonly string[]} files */
function digest(files, salt = '') {
  const hash = createHash('sha256').update(salt);
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}
