/** How the conformance test suite comes out of Debian's source package of Firefox. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { archiveOf, sourcesOf, unpackFromStream } from '../../scripts/cts.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'cts-test-'));
after(() => rmSync(folder, { recursive: true }));

/** An archive as Firefox's is laid out, with members before and after the suite. */
function makeArchive() {
  const files = {
    'dom/webgpu/tests/cts/README.md': 'of the folder',
    'dom/webgpu/tests/cts/checkout/src/webgpu/a.spec.ts': 'a spec file',
    'zzz/checkout/no.txt': 'of something else',
  };
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, 'firefox-1.0', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return execFileSync('tar', ['-cJ', '-C', folder, 'firefox-1.0']);
}

const archive = makeArchive();
const sha256 = createHash('sha256').update(archive).digest('hex');
const server = createServer((request, response) => {
  const known = new Map([
    ['/whole', archive],
    ['/none', Buffer.from('no archive')],
  ]);
  const body = known.get(request.url ?? '');
  response.writeHead(body ? 200 : 404).end(body);
});
await new Promise((resolve) => void server.listen(0, '127.0.0.1', () => resolve(null)));
after(() => server.close());
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
const url = `http://127.0.0.1:${port}`;

test('the suite is unpacked from the stream, and nothing else', async () => {
  const into = mkdtempSync(path.join(folder, 'whole-'));
  await unpackFromStream({ url: `${url}/whole`, sha256 }, into);
  assert.deepEqual(readdirSync(into), ['checkout']);
  assert.equal(readFileSync(path.join(into, 'checkout/src/webgpu/a.spec.ts'), 'utf8'), 'a spec file');
});

test('what is not what the index says is refused, and so is what is no archive', async () => {
  const into = mkdtempSync(path.join(folder, 'bad-'));
  const wrong = '0'.repeat(64);
  await assert.rejects(unpackFromStream({ url: `${url}/whole`, sha256: wrong }, into), {
    message: `${url}/whole: its SHA-256 is ${sha256}, not ${wrong}`,
  });
  await assert.rejects(unpackFromStream({ url: `${url}/none`, sha256 }, into), /\/none: tar: /);
  await assert.rejects(unpackFromStream({ url: `${url}/gone`, sha256 }, into), {
    message: `${url}/gone: HTTP 404`,
  });
});

test('the archive is the one that apt names with its SHA-256', () => {
  const of = (/** @type {string} */ name) => `'http://mirror/${name}' ${name} 12 SHA256:${sha256}`;
  const uris = [
    'Need to get 739 MB of source archives.',
    of('firefox-esr_1.0.dsc'),
    of('firefox-esr_1.0.orig-l10n-de.tar.bz2'),
    of('firefox-esr_1.0.orig.tar.xz'),
    of('firefox-esr_1.0-1.debian.tar.xz'),
  ];
  assert.deepEqual(archiveOf(uris.join('\n')), { url: 'http://mirror/firefox-esr_1.0.orig.tar.xz', sha256 });
  assert.throws(() => archiveOf(uris[0] ?? ''), /apt names no \.orig\.tar\.xz/);
});

test('sources are looked for where packages come from', () => {
  const targets = 'http://mirror stable main\nhttp://mirror stable main\nhttp://mirror stable contrib\n';
  assert.match(sourcesOf(targets), /^deb-src \[signed-by=\/\S+\] http:\/\/mirror stable main\n$/);
  assert.throws(() => sourcesOf(''), /run apt-get update/);
});
