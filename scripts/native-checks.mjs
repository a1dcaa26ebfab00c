/**
 * The addon's C++ as clang-format and clang-tidy see it.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CommandError, jobs, root, run } from './steps.mjs';

/** What the build's database has of a file. @typedef {{file: string, command: string, directory: string}} Compiled */

const RULES = path.join(root, '.clang-tidy');
const CACHE = path.join(root, '.cache/clang-tidy');

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

/**
 * Lints the sources of the addon, each folder as one unit: clang-tidy spends its time on V8's headers, and a folder takes
 * little longer than a file. So the anonymous namespaces of a folder share their names. A folder that passed is not
 * looked at again until it, a header of ours, the rules or the build's options change.
 */
export async function clangTidy() {
  const sources = nativeFiles(/\.cc$/);
  if (sources.length === 0) return 'no files';
  const database = path.join(root, 'build/compile_commands.json');
  if (!existsSync(database))
    throw new Error('build/compile_commands.json: missing; run `npm run build` first');
  const compiled = /** @type {readonly Compiled[]} */ (JSON.parse(readFileSync(database, 'utf8')));
  const shared = digest([RULES, database, ...nativeFiles(/\.h$/)]);
  const folders = [...new Set(sources.map((source) => path.dirname(source)))];
  const queue = folders
    .map((folder) => {
      const files = sources.filter((source) => path.dirname(source) === folder);
      return { folder, files, passed: path.join(CACHE, digest(files, shared)) };
    })
    .filter(({ passed }) => !existsSync(passed));
  const count = queue.length;
  /** @type {string[]} */
  const failures = [];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        await lintFolder(next.folder, next.files, compiled);
        writeFileSync(next.passed, '');
      } catch (error) {
        failures.push(error instanceof CommandError ? error.output : String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  if (failures.length > 0)
    throw new CommandError(`${failures.length} folders with findings`, failures.join('\n'));
  return `${count} of ${folders.length} folders changed`;
}

/** @param {string} folder @param {readonly string[]} files @param {readonly Compiled[]} compiled */
async function lintFolder(folder, files, compiled) {
  const unit = path.join(CACHE, folder.replaceAll('/', '-'));
  const source = path.join(unit, 'all.cc');
  mkdirSync(unit, { recursive: true });
  writeFileSync(source, files.map((file) => `#include "${file}"\n`).join(''));
  const first = path.join(root, String(files[0]));
  // Where each folder was compiled as one file, that is the one.
  const whole = `unity_${folder.replaceAll('/', '_')}_cxx.cxx`;
  const known = compiled.find(({ file }) => file === first || path.basename(file) === whole);
  if (known === undefined) throw new Error(`${files[0]}: the build does not know it; build again`);
  const command = known.command
    // clang cannot read what g++ has precompiled.
    .replace(/ -Winvalid-pch -include \S*cmake_pch\.hxx/, '')
    .replace(/ -o .*$/, ` -I${root} -o all.o -c ${source}`);
  const entry = { file: source, directory: known.directory, command };
  writeFileSync(path.join(unit, 'compile_commands.json'), JSON.stringify([entry]));
  const options = [
    `--config-file=${RULES}`,
    // The unit includes sources, and they are what is looked at.
    '--checks=-bugprone-suspicious-include',
    '--header-filter=/native/',
  ];
  await run('clang-tidy', ['--quiet', ...options, '-p', unit, source]);
}

/** @param {readonly string[]} files */
function digest(files, salt = '') {
  const hash = createHash('sha256').update(salt);
  for (const file of files) hash.update(readFileSync(path.resolve(root, file)));
  return hash.digest('hex');
}
