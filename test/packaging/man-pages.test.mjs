/** Manual pages say what --help says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { manPage } from '../../scripts/deb/man-page.mjs';
import { readManifest } from '../../scripts/deb/tree.mjs';
import { root } from '../../scripts/steps.mjs';

const EDITION = { version: '1-1', date: new Date(0) };

for (const [name, script] of Object.entries(readManifest().bin)) {
  test(`${name}: each option and each word of its help is in the page`, () => {
    const { stdout: help } = spawnSync(process.execPath, [path.join(root, script), '--help'], {
      encoding: 'utf8',
    });
    const page = manPage({ name, summary: 'a program', help }, EDITION);
    const text = page.replaceAll('\\-', '-').replaceAll('\\&', '').replaceAll('\\e', '\\');
    const options = [...help.matchAll(/^ {2}(-[^ ].*?)(?: {2,}|$)/gm)].map(([, option]) => option ?? '');
    assert.ok(options.includes('-h, --help'), help);
    for (const option of options) assert.ok(text.includes(`.TP\n.B ${option}\n`), option);
    const wordsOf = (/** @type {string} */ from) => new Set(from.replaceAll('…', '...').match(/[\w.$~/-]+/g));
    const headings = new Set((help.match(/^[A-Z].*:$/gm) ?? []).flatMap((line) => [...wordsOf(line)]));
    const words = wordsOf(text);
    for (const word of wordsOf(help)) {
      if (word !== 'Usage' && !headings.has(word)) assert.ok(words.has(word), word);
    }
  });
}

test('text that roff would take for its own is kept', () => {
  const help = 'Usage: x [a-b]\n\nA \\ here.\n\nOptions:\n  -a  one\n                  .two\n';
  const page = manPage({ name: 'x', summary: 's', help }, EDITION);
  assert.equal(
    page,
    '.TH X 1 "1970-01-01" "dcp\\-worker\\-native 1-1" "User Commands"\n.SH NAME\nx \\- s\n.SH SYNOPSIS\n.B x [a\\-b]\n' +
      '.SH DESCRIPTION\n.PP\nA \\e here.\n.SH OPTIONS\n.TP\n.B \\-a\none\n\\&.two\n',
  );
});

test('a sub-command has a section of its own', () => {
  const commands = [{ name: 'ls', help: 'Usage: x ls\n\nlists\n' }];
  const page = manPage({ name: 'x', summary: 's', help: 'Usage: x\n', commands, seeAlso: ['y(1)'] }, EDITION);
  assert.match(
    page,
    /\.SH COMMAND LS\n\.SS Synopsis\n\.B x ls\n\.SS Description\n\.PP\nlists\n\.SH SEE ALSO\n\.BR y \(1\)\n$/,
  );
});
