/** Service definitions that cannot be tried here are at least well formed, and name what there is. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { DOMParser } from '@xmldom/xmldom';
import { validate } from 'dockerfile-utils';
import { readManifest } from '../../scripts/deb/tree.mjs';
import { root } from '../../scripts/steps.mjs';

const packaging = path.join(root, 'packaging');
const read = (/** @type {string} */ file) => readFileSync(path.join(packaging, file), 'utf8');

/** @param {string} text */
function parseXml(text) {
  const onError = (/** @type {string} */ level, /** @type {string} */ message) => {
    throw new Error(`${level}: ${message}`);
  };
  const top = new DOMParser({ onError }).parseFromString(text, 'text/xml').documentElement;
  assert.ok(top);
  return top;
}

/** @typedef {ReturnType<typeof parseXml>} Element */

/** @param {Element} element @returns {Element[]} */
function childrenOf(element) {
  return [...element.childNodes]
    .filter((node) => node.nodeType === node.ELEMENT_NODE)
    .map((node) => /** @type {Element} */ (node));
}

/** A value of a property list, as plutil reads it. @param {Element} element @returns {any} */
function plistValue(element) {
  const text = element.textContent ?? '';
  if (element.tagName === 'string') return text;
  if (element.tagName === 'true' || element.tagName === 'false') return element.tagName === 'true';
  if (element.tagName === 'array') return childrenOf(element).map(plistValue);
  if (element.tagName === 'integer') {
    assert.match(text, /^\d+$/);
    return Number(text);
  }
  assert.equal(element.tagName, 'dict', `no type of a property list: ${element.tagName}`);
  const children = childrenOf(element);
  assert.equal(children.length % 2, 0, 'a key without a value');
  /** @type {Record<string, unknown>} */
  const dictionary = {};
  for (let at = 0; at < children.length; at += 2) {
    const [key, value] = children.slice(at, at + 2);
    assert.ok(key?.tagName === 'key' && value && key.textContent);
    assert.ok(!(key.textContent in dictionary), `twice: ${key.textContent}`);
    dictionary[key.textContent] = plistValue(value);
  }
  return dictionary;
}

test('launchd: a property list that starts the Worker again unless it ended well', () => {
  const top = parseXml(read('launchd/dcp.worker.plist'));
  assert.deepEqual([top.tagName, top.getAttribute('version')], ['plist', '1.0']);
  const [dictionary, ...more] = childrenOf(top);
  assert.ok(dictionary && more.length === 0);
  const job = plistValue(dictionary);
  assert.equal(`${job.Label}.plist`, 'dcp.worker.plist');
  assert.match(job.ProgramArguments[0], /\/dcp-worker$/);
  assert.deepEqual(job.KeepAlive, { SuccessfulExit: false });
  assert.ok(job.ExitTimeOut >= 80);
  assert.notEqual(job.UserName, 'root');
  assert.match(read('launchd/dcp.worker.plist'), /Untested/);
});

test('a property list with a key that has no value is refused', () => {
  const [dictionary] = childrenOf(parseXml('<plist><dict><key>Label</key></dict></plist>'));
  assert.throws(() => plistValue(/** @type {Element} */ (dictionary)), /a key without a value/);
  assert.throws(() => parseXml('<plist><dict></plist>'), /error/i);
});

test('Windows: a definition that runs the Worker and gives it time to stop', () => {
  const top = parseXml(read('windows/dcp-worker.xml'));
  assert.equal(top.tagName, 'service');
  const values = new Map(childrenOf(top).map((element) => [element.tagName, element.textContent ?? '']));
  assert.equal(values.get('id'), 'dcp-worker');
  const script = /%BASE%\\([^"]+)/.exec(values.get('arguments') ?? '')?.[1]?.replaceAll('\\', '/');
  assert.equal(script, readManifest().bin['dcp-worker']);
  assert.ok(Number.parseInt(values.get('stoptimeout') ?? '', 10) >= 80);
  assert.match(read('windows/dcp-worker.xml'), /Untested/);
});

test('Docker: the instructions are right, what is copied is there, and the user is not root', () => {
  const text = read('docker/Dockerfile');
  assert.deepEqual(
    validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`),
    [],
  );
  assert.notDeepEqual(validate('FROM debian\nCOPPY a b\n'), []);
  // Shell continuation lines belong to one instruction.
  const lines = text.replaceAll(/\\\n/g, ' ').split('\n');
  const stages = lines.filter((line) => line.startsWith('FROM '));
  assert.equal(
    new Set(stages.map((line) => /^FROM (node:\d+-\w+)/.exec(line)?.[1])).size,
    1,
    'one Node, one Debian',
  );
  const last = lines.slice(lines.lastIndexOf(stages.at(-1) ?? ''));
  assert.ok(last.some((line) => /^USER (?!root|0)/.test(line)));
  assert.ok(last.includes('STOPSIGNAL SIGTERM'));
  assert.ok(last.some((line) => line.startsWith('HEALTHCHECK ')));
  for (const program of Object.keys(readManifest().bin)) assert.ok(text.includes(program), program);
  assert.match(text, /Untested/);
});

test('Docker: what the build reads is not ignored', () => {
  const kept = [...read('docker/Dockerfile.dockerignore').matchAll(/^!(.*)$/gm)].map(([, name]) => name);
  for (const name of [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'CMakeLists.txt',
    'native',
    'scripts',
    'src',
    'third_party',
  ])
    assert.ok(kept.includes(name) && existsSync(path.join(root, name)), name);
  // CMake wants the sources of every target, also of one that is not built.
  const text = readFileSync(path.join(root, 'CMakeLists.txt'), 'utf8');
  const wanted = text.replaceAll(/^if\(EXISTS [^]*?^endif\(\)$/gm, '');
  const folders = [...wanted.matchAll(/^\s+(?:"?\$\{CMAKE_SOURCE_DIR\}\/)?([\w-]+)\/[\w./-]+\.cc\b/gm)];
  assert.ok(folders.length > 0);
  for (const [line, folder] of folders) assert.ok(kept.includes(folder), line);
});
