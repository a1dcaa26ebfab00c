/** What the Debian package is made of. Building and installing it is `npm run deb:check`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import vm from 'node:vm';
import { debianVersion, evenOut, fillIn } from '../../scripts/build-deb.mjs';
import { copyrightFile, partsOf } from '../../scripts/deb/licences.mjs';
import { SYSTEM_FILES, operatorPages } from '../../scripts/deb/system-files.mjs';
import { readManifest } from '../../scripts/deb/tree.mjs';
import { root } from '../../scripts/steps.mjs';

const debian = path.join(root, 'packaging/debian');

test('the changelog has an entry for the version of package.json', () => {
  assert.match(debianVersion(), new RegExp(`^${readManifest().version.replaceAll('.', '\\.')}-\\d+$`));
});

test('everything that the package takes from packaging/ is there', () => {
  for (const [from] of SYSTEM_FILES) assert.ok(existsSync(path.join(root, 'packaging', from)), from);
});

test('a page that OPERATING.md or SERVICE.md sends the reader to is in the package', () => {
  const pages = operatorPages();
  for (const page of ['OPERATING.md', 'SERVICE.md']) {
    const text = readFileSync(path.join(root, 'docs', page), 'utf8');
    const targets = [...text.matchAll(/\]\(([A-Z_]+\.md)/g)].map(([, target]) => target ?? '');
    assert.ok(targets.length > 0, page);
    for (const target of [page, ...targets]) assert.ok(pages.includes(target), `${page}: ${target}`);
  }
});

test('modes and times in the package are the same whatever the umask', (t) => {
  const stage = mkdtempSync(path.join(tmpdir(), 'dcp-modes-'));
  t.after(() => rmSync(stage, { recursive: true }));
  const date = new Date(1_700_000_000_000);
  /** @param {number} umask */
  const madeWith = (umask) => {
    const before = process.umask(umask);
    const folder = path.join(stage, String(umask));
    mkdirSync(path.join(folder, 'etc'), { recursive: true });
    writeFileSync(path.join(folder, 'etc/options'), '');
    writeFileSync(path.join(folder, 'postinst'), '', { mode: 0o777 });
    symlinkSync('etc/options', path.join(folder, 'link'));
    process.umask(before);
    evenOut(folder, date);
    return ['', 'etc', 'etc/options', 'postinst', 'link'].map((name) => {
      const { mode, mtimeMs } = lstatSync(path.join(folder, name));
      return [name, (mode & 0o777).toString(8), mtimeMs];
    });
  };
  assert.deepEqual(madeWith(0o027), madeWith(0o002));
  assert.deepEqual(madeWith(0o077), [
    ['', '755', date.getTime()],
    ['etc', '755', date.getTime()],
    ['etc/options', '644', date.getTime()],
    ['postinst', '755', date.getTime()],
    ['link', '777', date.getTime()],
  ]);
});

test('a placeholder of the control file that nothing fills is an error', () => {
  assert.equal(fillIn('Version: ${Version}', { Version: '1-1' }), 'Version: 1-1');
  assert.throws(() => fillIn('${Oops}', {}), /packaging\/debian\/control: nothing to put in for Oops/);
});

test('maintainer scripts are shell, and stop at the first error', () => {
  for (const script of ['postinst', 'prerm', 'postrm']) {
    const file = path.join(debian, script);
    assert.equal(spawnSync('sh', ['-n', file]).status, 0, script);
    assert.match(readFileSync(file, 'utf8'), /^#!\/bin\/sh\nset -e\n/, script);
  }
});

test('a purge leaves keystores, also behind a link, and no instance of the Worker that is enabled', (t) => {
  const top = mkdtempSync(path.join(tmpdir(), 'dcp-purge-'));
  t.after(() => rmSync(top, { recursive: true }));
  const at = (/** @type {string} */ name) => path.join(top, name);
  for (const folder of [
    'bin',
    'disk',
    'root/var/lib/dcp/scheduler',
    'root/etc/systemd/system/multi-user.target.wants',
  ])
    mkdirSync(at(folder), { recursive: true });
  writeFileSync(at('bin/deb-systemd-helper'), '#!/bin/sh\n', { mode: 0o755 });
  const wants = at('root/etc/systemd/system/multi-user.target.wants');
  for (const name of ['dcp-worker@second.service', 'other@second.service'])
    symlinkSync('/lib/systemd/system/gone@.service', path.join(wants, name));
  for (const name of ['default.keystore', 'other']) writeFileSync(at(`disk/${name}`), '');
  const purge = () => {
    const { status, stderr } = spawnSync('sh', [path.join(debian, 'postrm'), 'purge'], {
      env: { PATH: `${at('bin')}:${process.env.PATH}`, DPKG_ROOT: at('root') },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return stderr;
  };

  symlinkSync(at('disk'), at('root/var/lib/dcp/.dcp'));
  assert.match(purge(), /keystores are left in .*\/\.dcp, a link to .*\/disk$/m);
  assert.deepEqual(readdirSync(at('disk')), ['default.keystore', 'other']);
  assert.deepEqual(readdirSync(at('root/var/lib/dcp')), ['.dcp']);
  assert.deepEqual(readdirSync(wants), ['other@second.service']);

  rmSync(at('root/var/lib/dcp/.dcp'));
  renameSync(at('disk'), at('root/var/lib/dcp/.dcp'));
  assert.match(purge(), /keystores are left in .*\/\.dcp$/m);
  assert.deepEqual(readdirSync(at('root/var/lib/dcp/.dcp')), ['default.keystore']);
});

test('the configuration is an object literal that changes nothing, and so it is with each line taken in', () => {
  const text = readFileSync(path.join(debian, 'dcp-config.js'), 'utf8');
  const valueOf = (/** @type {string} */ literal) => vm.runInNewContext(`(${literal})`);
  assert.equal(JSON.stringify(valueOf(text)), '{"worker":{}}');
  const settings = text.match(/^ +\/\/ .*$/gm) ?? [];
  assert.ok(settings.length >= 6);
  for (const line of settings) {
    const { worker } = valueOf(text.replace(line, line.replace('//', '')));
    assert.equal(Object.keys(worker).length, 1, line);
  }
});

test('every override of lintian has a reason above it', () => {
  const blocks = readFileSync(path.join(debian, 'lintian-overrides'), 'utf8').trim().split('\n\n');
  for (const block of blocks) {
    const lines = block.split('\n');
    assert.match(lines[0] ?? '', /^# \S+/);
    assert.match(lines.at(-1) ?? '', /^dcp-worker-native: [a-z0-9-]+/);
    for (const line of lines) assert.match(line, /^(# .*|dcp-worker-native: [a-z0-9-]+.*)$/);
  }
});

test('copyright names each package with the licence that came with it', (t) => {
  const tree = mkdtempSync(path.join(tmpdir(), 'dcp-licences-'));
  t.after(() => rmSync(tree, { recursive: true }));
  const add = (/** @type {string} */ name, /** @type {object} */ manifest, /** @type {string} */ licence) => {
    const folder = path.join(tree, 'node_modules', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, ...manifest }));
    if (licence) writeFileSync(path.join(folder, 'LICENSE'), licence);
  };
  add('plain', { license: 'MIT' }, 'MIT License\n\nCopyright (c) 2024 Somebody\n\nDo as you like.');
  add('@scope/none', { license: 'ISC', author: 'A. Author' }, '');
  add(
    'plain/node_modules/inner',
    { name: 'inner', license: 'Apache-2.0' },
    '   Apache License\n   Version 2.0, January 2004\n…',
  );
  const text = copyrightFile('Format: x\n', partsOf(tree, '/usr/lib/x'));
  assert.equal(
    text,
    `Format: x

Files: /usr/lib/x/node_modules/@scope/none/*
Copyright: A. Author
License: ISC-scope-none
 The package says "ISC" and brings no text of it.

Files: /usr/lib/x/node_modules/plain/*
Copyright: Copyright (c) 2024 Somebody
License: MIT-plain
 MIT License
 .
 Copyright (c) 2024 Somebody
 .
 Do as you like.

Files: /usr/lib/x/node_modules/plain/node_modules/inner/*
Copyright: the authors of inner
License: Apache-2.0-inner
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.
`,
  );
});
