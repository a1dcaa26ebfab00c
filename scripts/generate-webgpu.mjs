/**
 * Generates the bindings of native/webgpu from WebGPU's IDL (npm package @webref/idl) and the C interface as data
 * (third_party/dawn/abi):
 *
 *   node scripts/generate-webgpu.mjs [--check]
 *
 * `--check` writes nothing and fails when a file is not what would be written.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isProgram, root } from './steps.mjs';
import { Abi } from './webgpu/abi.mjs';
import { writeDictionaries, writeDictionariesHeader } from './webgpu/dictionaries.mjs';
import { writeComparison, writeHeader } from './webgpu/header.mjs';
import { Idl } from './webgpu/idl.mjs';
import { writeInterfaces } from './webgpu/interfaces.mjs';
import { writeEnums, writeNames } from './webgpu/names-header.mjs';
import { writeReaders } from './webgpu/readers.mjs';

const FOLDER = path.join(root, 'native/webgpu/generated');
const READERS = path.join(root, 'src/sandbox/environment/webgpu/readers.ts');

/** What each file shall say, by its path from native/webgpu/generated, before it is formatted. */
export function generate() {
  const idl = new Idl();
  const abis = ['bun-webgpu', 'stable'].map((name) => new Abi(name));
  const [abi] = /** @type {[Abi]} */ (/** @type {unknown} */ (abis));
  return new Map([
    ['names.h', writeNames(idl)],
    ['dictionaries.h', writeDictionariesHeader(idl)],
    ['dictionaries.cc', writeDictionaries(idl, abi)],
    ['interfaces.cc', writeInterfaces(idl, abi)],
    [path.relative(FOLDER, READERS), writeReaders(idl)],
    ...abis.flatMap((each) => [
      /** @type {[string, string]} */ ([`${each.name}/webgpu.h`, writeHeader(each, abis)]),
      /** @type {[string, string]} */ ([`${each.name}/comparison.h`, writeComparison(each)]),
      /** @type {[string, string]} */ ([`${each.name}/enums.h`, writeEnums(idl, each)]),
    ]),
  ]);
}

/**
 * @param {boolean} check
 * @returns {Promise<string[]>} the files that were not as they should be
 */
export async function generateWebgpu(check) {
  /** @type {string[]} */
  const stale = [];
  for (const [name, text] of generate()) {
    const file = path.join(FOLDER, name);
    const formatted = file.endsWith('.ts') ? await formatTypeScript(text, file) : format(text, file);
    if (existsSync(file) && readFileSync(file, 'utf8') === formatted) continue;
    stale.push(path.relative(root, file));
    if (check) continue;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, formatted);
  }
  return stale;
}

/** As `npm run format` leaves it. @param {string} text @param {string} file */
function format(text, file) {
  const { stdout, status, error } = spawnSync('clang-format', [`--assume-filename=${file}`], {
    input: text,
    encoding: 'utf8',
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error || status !== 0) throw new Error(`clang-format: ${error?.message ?? `exit code ${status}`}`);
  return stdout;
}

/** Likewise. @param {string} text @param {string} file */
async function formatTypeScript(text, file) {
  const { format: prettier, resolveConfig } = await import('prettier');
  return prettier(text, { ...(await resolveConfig(file)), filepath: file });
}

if (isProgram(import.meta.url)) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const stale = await generateWebgpu(values.check);
  for (const file of stale) console.log(`${values.check ? 'stale' : 'written'}: ${file}`);
  process.exit(values.check && stale.length > 0 ? 1 : 0);
}
