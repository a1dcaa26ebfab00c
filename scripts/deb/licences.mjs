/** The file `copyright` of the package: a stanza for each part, with the licence that came with it. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The npm package of Node brings one file, for Node and all that is linked into it. */
const LICENCE_FILE = /^(licen[cs]e|copying|notice)([-.].*)?$/i;

/** The whole text, and where Debian has it. Node's file, with many licences in it, stays as it is. */
const APACHE_2 = /^\s*Apache License\s+Version 2\.0, January 2004/;
const IN_DEBIAN = 'On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.';

/**
 * @typedef {object} Part
 * @property {string} files as installed, a pattern of machine-readable copyright files
 * @property {string} name
 * @property {string} licence as its package.json says
 * @property {string} text of the licence, or empty where it came with none
 * @property {string} author
 */

/** The packages installed in a tree. @param {string} tree @param {string} installed where the tree is to be */
export function partsOf(tree, installed) {
  /** @type {Part[]} */
  const parts = [];
  for (const folder of packageFolders(path.join(tree, 'node_modules'))) {
    const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    parts.push({
      files: path.join(installed, path.relative(tree, folder), '*'),
      name: manifest.name,
      licence:
        typeof manifest.license === 'string' ? manifest.license : (manifest.license?.type ?? 'unknown'),
      text: licenceText(folder),
      author: typeof manifest.author === 'string' ? manifest.author : (manifest.author?.name ?? ''),
    });
  }
  return parts.sort((a, b) => (a.files < b.files ? -1 : 1));
}

/** @param {string} modules @returns {string[]} */
function packageFolders(modules) {
  if (!existsSync(modules)) return [];
  return readdirSync(modules, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap((entry) => {
      const folder = path.join(modules, entry.name);
      if (entry.name.startsWith('@')) return packageFolders(folder);
      return [folder, ...packageFolders(path.join(folder, 'node_modules'))];
    });
}

/** All licence texts of a package, those of libraries inside it, too. @param {string} folder */
export function licenceText(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && LICENCE_FILE.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !path.relative(folder, file).split(path.sep).includes('node_modules'))
    .sort()
    .map((file) => readFileSync(file, 'utf8').trim())
    .filter((text, at, texts) => texts.indexOf(text) === at)
    .join('\n\n');
}

/** What a licence file is called, in an installed package that has them all in `copyright`. @param {string} name */
export function isLicenceFile(name) {
  return LICENCE_FILE.test(name);
}

/**
 * @param {string} header the part of the file for the package itself
 * @param {readonly Part[]} parts
 */
export function copyrightFile(header, parts) {
  return [header.trimEnd(), ...parts.map(stanzaOf)].join('\n\n') + '\n';
}

/** @param {Part} part */
function stanzaOf({ files, name, licence, text, author }) {
  // A short name stands for one text: each package has its own, with its own holders in it.
  const short = `${licence.replace(/[^\w.+-]+/g, '-')}-${name.replace(/[^\w.+-]+/g, '-').replace(/^-/, '')}`;
  const holders = [
    ...new Set(
      text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => /^copyright\b.*\d{4}/i.test(line)),
    ),
  ];
  const copyright = holders.length > 0 ? holders.slice(0, 20) : [author || `the authors of ${name}`];
  const body = APACHE_2.test(text)
    ? IN_DEBIAN
    : text || `The package says "${licence}" and brings no text of it.`;
  return [
    `Files: ${files}`,
    `Copyright: ${copyright.join('\n           ')}`,
    `License: ${short}`,
    ...body.split('\n').map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`)),
  ].join('\n');
}
