/**
 * Writes what is said of the configuration's keys from the schema (src/config/schema.ts): the shipped default with its sum,
 * and the table in docs/CONFIGURATION.md. Needs dist/.
 *
 *   npm run configuration [-- --check]      --check writes nothing, and fails when something is stale
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { isProgram, root } from './steps.mjs';

/** @typedef {import('../src/config/index.js').KnownKey} KnownKey */

const DEFAULT = path.join(root, 'etc/dcp-worker-config.js');
const PAGE = path.join(root, 'docs/CONFIGURATION.md');
const BEGIN = '<!-- keys: written by scripts/configuration.mjs -->';
const END = '<!-- end of keys -->';

const HEAD = `/*
 * The default configuration of dcp-worker, written by scripts/configuration.mjs.
 *
 * Do not change this file: an update replaces it, and a Worker refuses one that was changed. Say what you want in
 * ~/.dcp/dcp-worker/dcp-config.js or, for all users, in /etc/dcp/dcp-worker/dcp-config.js: an object like this one, with
 * the keys that you change and no others. docs/CONFIGURATION.md tells more.
 *
 * undefined: what the Worker finds right, or what the comment says. "live": SIGHUP puts a change into effect.
 */
`;

/** Columns of the file. */
const WIDTH = 110;

/** @param {string} text @param {string} indent */
function comment(text, indent) {
  const lines = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + 3 + line.length + word.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => `${indent}// ${each}\n`).join('');
}

/** @param {KnownKey['key']} key */
function expectedText({ type, unit }) {
  return unit === null ? type.expected : `${type.expected} (${unit})`;
}

/** @param {unknown} value */
function literal(value) {
  if (value === null) return 'undefined';
  return JSON.stringify(value).replaceAll('"', "'");
}

/** @param {string} name */
function property(name) {
  return /^[A-Za-z]\w*$/.test(name) ? name : `'${name}'`;
}

/** @param {readonly KnownKey[]} keys @param {number} depth @returns {string} */
function objectText(keys, depth) {
  const indent = '  '.repeat(depth + 1);
  const names = [...new Set(keys.map((known) => known.path[depth]))];
  const entries = names.map((name) => {
    const below = keys.filter((known) => known.path[depth] === name);
    const [first] = below;
    if (first === undefined || name === undefined) throw new Error('a section without keys');
    if (first.path.length > depth + 1)
      return `${indent}${property(name)}: ${objectText(below, depth + 1)},\n`;
    const { key } = first;
    const left = key.default === null ? ` undefined: ${key.defaultText}.` : '';
    const live = key.effect === 'live' ? ' Live.' : '';
    const text = `${key.description} Takes ${expectedText(key)}.${left}${live}`;
    return `${comment(text, indent)}${indent}${property(name)}: ${literal(key.default)},\n`;
  });
  return `{\n${entries.join(depth === 0 ? '\n' : '')}${'  '.repeat(depth)}}`;
}

/** @param {readonly KnownKey[]} keys */
function tableText(keys) {
  const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|').replaceAll('*', '\\*');
  const rows = keys.map(({ name, key }) => {
    const value = key.default === null ? key.defaultText : `\`${JSON.stringify(key.default)}\``;
    const cells = [cell(key.description), cell(expectedText(key)), value, key.effect];
    return `| \`${name}\` | ${cells.join(' | ')} |`;
  });
  return [
    '| key | what it says | takes | default | change |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** @param {readonly KnownKey[]} keys */
async function pageText(keys) {
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${PAGE}: there is no ${BEGIN} … ${END}`);
  const whole = `${page.slice(0, begin + BEGIN.length)}\n\n${tableText(keys)}\n\n${page.slice(end)}`;
  return format(whole, { ...(await resolveConfig(PAGE)), filepath: PAGE });
}

/** What each file shall say. @returns {Promise<ReadonlyMap<string, string>>} */
async function configurationFiles() {
  /** @type {typeof import('../src/config/index.js')} */
  const { KNOWN_KEYS } = await import(pathToFileURL(path.join(root, 'dist/config/index.js')).href);
  const text = `${HEAD}${objectText(KNOWN_KEYS, 0)}\n`;
  const sum = createHash('sha256').update(text).digest('hex');
  return new Map([
    [DEFAULT, text],
    [`${DEFAULT}.sha256`, `${sum}  ${path.basename(DEFAULT)}\n`],
    [PAGE, await pageText(KNOWN_KEYS)],
  ]);
}

/** @param {string} file */
function contentsOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Answers the files that were stale. @param {boolean} check */
async function writeConfiguration(check) {
  const stale = [...(await configurationFiles())].filter(([file, text]) => contentsOf(file) !== text);
  if (!check) for (const [file, text] of stale) writeFileSync(file, text);
  return stale.map(([file]) => path.relative(root, file));
}

if (isProgram(import.meta.url)) {
  const check = process.argv.includes('--check');
  const stale = await writeConfiguration(check);
  if (stale.length > 0) console.log(`${check ? 'stale' : 'written'}: ${stale.join(', ')}`);
  if (check && stale.length > 0) process.exitCode = 1;
}
