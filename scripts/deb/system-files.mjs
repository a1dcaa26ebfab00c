/** What of packaging/ and docs/ goes where in the package. */
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { root, run } from '../steps.mjs';
import { copyrightFile, licenceText, partsOf } from './licences.mjs';
import { manPage } from './man-page.mjs';
import { INSTALLED } from './tree.mjs';

export const PACKAGE = 'dcp-worker-native';

const packaging = path.join(root, 'packaging');

/** Source in packaging/, target in the package. @type {readonly (readonly [string, string])[]} */
export const SYSTEM_FILES = [
  ['systemd/dcp-worker.service', 'lib/systemd/system/dcp-worker.service'],
  ['systemd/dcp-worker.service', 'lib/systemd/system/dcp-worker@.service'],
  ['systemd/dcp-evaluator.service', 'lib/systemd/system/dcp-evaluator.service'],
  ['systemd/dcp-evaluator-manager.service', 'lib/systemd/system/dcp-evaluator-manager.service'],
  ['systemd/10-hardening.conf', 'lib/systemd/system/dcp-worker.service.d/10-hardening.conf'],
  ['systemd/10-hardening.conf', 'lib/systemd/system/dcp-worker@.service.d/10-hardening.conf'],
  ['systemd/10-hardening.conf', 'lib/systemd/system/dcp-evaluator.service.d/10-hardening.conf'],
  ['systemd/20-confinement.conf', 'lib/systemd/system/dcp-worker.service.d/20-confinement.conf'],
  ['systemd/20-confinement.conf', 'lib/systemd/system/dcp-worker@.service.d/20-confinement.conf'],
  ['systemd/10-hardening.conf', 'lib/systemd/system/dcp-evaluator-manager.service.d/10-hardening.conf'],
  ['systemd/dcp.sysusers', `usr/lib/sysusers.d/${PACKAGE}.conf`],
  ['systemd/dcp.tmpfiles', `usr/lib/tmpfiles.d/${PACKAGE}.conf`],
  ['systemd/examples', `usr/share/doc/${PACKAGE}/examples`],
  ['debian/dcp-config.js', 'etc/dcp/dcp-worker/dcp-config.js'],
  ['debian/dcp-worker.default', 'etc/default/dcp-worker'],
  ['debian/dcp-evaluator.default', 'etc/default/dcp-evaluator'],
  ['debian/dcp-evaluator-manager.default', 'etc/default/dcp-evaluator-manager'],
  ['debian/lintian-overrides', `usr/share/lintian/overrides/${PACKAGE}`],
];

/** The pages for those who change the program. Those who run it, or write Jobs for it, get all others. */
const FOR_DEVELOPERS = ['ARCHITECTURE.md', 'BUILDING.md', 'DEPENDENCIES.md'];

/** What manual pages say behind the name of a program. @type {Readonly<Record<string, string>>} */
const SUMMARIES = {
  'dcp-worker': 'run Slices of the Jobs in a Scheduler',
  'dcp-job': 'deploy Jobs and look after them',
  'dcp-evaluator': 'run untrusted JavaScript in Sandboxes, for a Worker in another process',
  'dcp-evaluator-start': 'start an evaluator for existing Workers',
  'dcp-evaluator-manager': 'run evaluators for existing Workers while the machine is free',
};

/** Copies units, configuration and the rest. @param {string} stage */
export function installSystemFiles(stage) {
  for (const [from, to] of SYSTEM_FILES) {
    cpSync(path.join(packaging, from), path.join(stage, to), { recursive: true });
  }
}

/**
 * The programs on the PATH: links to scripts whose first line names the Node that comes with them. No shell starts in between.
 * @param {string} stage
 * @param {Record<string, string>} programs name to path in the package
 */
export function installPrograms(stage, programs) {
  mkdirSync(path.join(stage, 'usr/bin'), { recursive: true });
  for (const [name, script] of Object.entries(programs)) {
    const file = path.join(stage, INSTALLED, script);
    const text = readFileSync(file, 'utf8');
    if (!text.startsWith('#!/usr/bin/env node\n'))
      throw new Error(`${script}: expected a first line for env`);
    writeFileSync(file, text.replace(/^#!.*/, `#!${INSTALLED}/bin/node`));
    chmodSync(file, 0o755);
    symlinkSync(path.join('..', path.relative('/usr', INSTALLED), script), path.join(stage, 'usr/bin', name));
  }
}

/**
 * Documentation, licences, manual pages.
 * @param {string} stage
 * @param {{programs: Record<string, string>, version: string, date: Date}} options
 * @param {string} copyright of all parts
 */
export async function installDocumentation(stage, { programs, version, date }, copyright) {
  const docs = path.join(stage, 'usr/share/doc', PACKAGE);
  mkdirSync(docs, { recursive: true });
  writeFileSync(path.join(docs, 'copyright'), copyright);
  writeGzip(path.join(docs, 'changelog.Debian.gz'), changelog(date));
  for (const page of operatorPages()) cpSync(path.join(root, 'docs', page), path.join(docs, page));
  const man = path.join(stage, 'usr/share/man/man1');
  mkdirSync(man, { recursive: true });
  for (const [name, script] of Object.entries(programs)) {
    const page = await pageOf(stage, name, script, { version, date, others: Object.keys(programs) });
    writeGzip(path.join(man, `${name}.1.gz`), page);
  }
}

/** Names of files in docs/. */
export function operatorPages() {
  return readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md') && !FOR_DEVELOPERS.includes(name))
    .sort();
}

/** Licences are gathered before the tree is trimmed. @param {string} tree @param {string} nodeFolder */
export function gatherCopyright(tree, nodeFolder) {
  const node = {
    files: `${INSTALLED}/bin/node`,
    name: 'node',
    licence: 'MIT',
    text: licenceText(nodeFolder),
    author: 'Node.js contributors',
  };
  const header = readFileSync(path.join(packaging, 'debian/copyright'), 'utf8');
  return copyrightFile(header, [node, ...partsOf(tree, INSTALLED)]);
}

/** @param {Date} date */
function changelog(date) {
  const written = readFileSync(path.join(packaging, 'debian/changelog'), 'utf8').trimEnd();
  return `${written}\n\n -- ${maintainer()}  ${date.toUTCString().replace('GMT', '+0000')}\n`;
}

/** As Debian's own tools are told: DEBFULLNAME and DEBEMAIL. */
export function maintainer() {
  const { DEBFULLNAME = 'dcp-worker-native maintainers', DEBEMAIL = 'dcp-worker-native@example.org' } =
    process.env;
  return `${DEBFULLNAME} <${DEBEMAIL}>`;
}

/**
 * @param {string} stage
 * @param {string} name
 * @param {string} script
 * @param {{version: string, date: Date, others: readonly string[]}} options
 */
async function pageOf(stage, name, script, { version, date, others }) {
  const tree = path.join(stage, INSTALLED);
  const helpOf = async (/** @type {readonly string[]} */ args) => {
    const help = await run(path.join(tree, 'bin/node'), [path.join(tree, script), ...args, '--help']);
    // What is true of the machine that builds is not of others.
    return help.replaceAll(tree, INSTALLED).replace(/ \(\d+\s+here\)/g, '');
  };
  const help = await helpOf([]);
  const names = [...(/^Commands:\n([^]*?)\n\n/m.exec(help)?.[1] ?? '').matchAll(/^ {2}([a-z]+)/gm)]
    .map(([, command]) => command ?? '')
    .filter((command) => command !== 'help');
  const commands = [];
  for (const command of names) commands.push({ name: command, help: await helpOf([command]) });
  const seeAlso = others.filter((other) => other !== name).map((other) => `${other}(1)`);
  const summary = SUMMARIES[name];
  if (summary === undefined) throw new Error(`${name}: no summary for its manual page in SUMMARIES`);
  return manPage({ name, summary, help, commands, seeAlso }, { version, date });
}

/** Without the time and name that gzip would add: the same text gives the same bytes. @param {string} file @param {string} text */
function writeGzip(file, text) {
  writeFileSync(file, gzipSync(text, { level: 9 }));
}

/** @param {string} stage */
export function conffilesOf(stage) {
  return readdirSync(path.join(stage, 'etc'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `/${path.relative(stage, path.join(entry.parentPath, entry.name))}`)
    .sort();
}
