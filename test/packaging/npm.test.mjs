/** What `npm pack` takes, and when it refuses to. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { NODE_ABIS, runningMajor, supportedMajors } from '../../scripts/nodes.mjs';
import { LAUNCHER, prebuildName } from '../../scripts/prebuild.mjs';
import { missingPrebuilds } from '../../scripts/prepack.mjs';
import { removeStaleOutput } from '../../scripts/stale-output.mjs';
import { bin, root, run } from '../../scripts/steps.mjs';

/** @param {import('node:test').TestContext} t */
function temporaryFolder(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'dcp-npm-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** @param {string} folder @param {readonly string[]} names */
function write(folder, ...names) {
  for (const name of names.map((name) => path.join(folder, name))) {
    mkdirSync(path.dirname(name), { recursive: true });
    writeFileSync(name, '');
  }
}

test('a package without the addon of each supported Node, or without the launcher, is refused, and what is missing is said', (t) => {
  const folder = temporaryFolder(t);
  const platform = `${process.platform}-${process.arch}`;
  const without = (/** @type {number} */ major) => `prebuilds/${platform}: no addon for Node ${major}`;
  assert.deepEqual(missingPrebuilds(path.join(folder, 'none')), [
    ...supportedMajors.map(without),
    `prebuilds/${platform}: no ${LAUNCHER}`,
  ]);
  const nameOf = (/** @type {number} */ major) =>
    `${platform}/${prebuildName('dcp_native', String(NODE_ABIS[major]), 'glibc')}`;
  const [first, ...others] = supportedMajors;
  write(folder, `${platform}/${LAUNCHER}`, ...others.map(nameOf));
  assert.deepEqual(missingPrebuilds(folder), [without(Number(first))]);
  write(folder, nameOf(Number(first)));
  assert.deepEqual(missingPrebuilds(folder), []);
  write(folder, `linux-else/${LAUNCHER}`);
  assert.equal(missingPrebuilds(folder).length, supportedMajors.length);
});

test('every supported Node has its ABI', () => {
  assert.deepEqual(Object.keys(NODE_ABIS).map(Number), supportedMajors);
  assert.equal(String(NODE_ABIS[runningMajor]), process.versions.modules);
});

test('what was compiled of sources that are gone is removed, and nothing else', (t) => {
  const folder = temporaryFolder(t);
  const source = path.join(folder, 'src');
  const output = path.join(folder, 'dist');
  write(source, 'a.ts', 'b/c.cts', 'sandbox/environment/url/index.ts', 'sandbox/environment/text.ts');
  const kept = [
    '.tsbuildinfo',
    'a.d.ts',
    'a.js',
    'a.js.map',
    'b/c.cjs',
    'b/c.d.cts',
    'bin/chunk-A.js',
    'sandbox/environment/text.script.js',
    'sandbox/environment/url.script.js',
    'sandbox/prelude.script.js',
    'status/page/index.html',
  ];
  const stale = ['b/a.d.ts', 'b/a.js', 'b/c.js', 'b/a.js.map', 'sandbox/environment/gone.script.js'].sort();
  write(output, ...kept, ...stale);
  assert.deepEqual(removeStaleOutput(source, output), stale);
  const left = readdirSync(output, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(output, path.join(entry.parentPath, entry.name)));
  assert.deepEqual(left.sort(), kept.sort());
});

test('the packed files have the licence, the programs and no state of the compiler; source maps have the text that they lead to', async () => {
  const [packed] = JSON.parse(await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']));
  const files = packed.files.map((/** @type {{path: string}} */ file) => file.path);
  for (const file of [
    'LICENSE',
    'package.json',
    'dist/bin/index.js',
    'dist/index.d.ts',
    'dist/bin/dcp-worker.js',
    'examples/globe/job.mjs',
  ])
    assert.ok(files.includes(file), file);
  assert.deepEqual(
    files.filter((/** @type {string} */ file) =>
      /tsbuildinfo|^(src|test|scripts)\/|^examples\/.*\/output\//.test(file),
    ),
    [],
  );
  const { sourcesContent } = JSON.parse(readFileSync(path.join(root, 'dist/index.js.map'), 'utf8'));
  assert.match(sourcesContent[0], /\bexport\b/);
});

test("the README's Job, and what else a Work Function calls, compile as TypeScript", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(root, path.join(folder, 'node_modules/dcp-worker-native'));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const job = /```js\n(import \{ compute \}[^]*?)```/.exec(readme)?.[1];
  assert.ok(job);
  const more = `
compute.for(1, 3, (n) => {
  work.emit('name', work.job.public.name);
  if (n === 2) work.reject('not this one', 3);
  clearImmediate(setImmediate((name: string) => require(name), 'package'));
  return progress('50%');
});
`;
  const types = `/// <reference types="dcp-worker-native/sandbox" />
import words from './words.txt';
import wasm from './add.wasm';
new WebAssembly.Module(wasm.length > 0 ? wasm : new Uint8Array(words.split('\\n').length));
`;
  writeFileSync(path.join(folder, 'job.ts'), types + job + more);
  const options = ['--strict', '--noEmit', '--skipLibCheck', '--module', 'nodenext'];
  assert.equal(await run(bin('tsc'), [...options, 'job.ts'], { cwd: folder }), '');
});

test('the types of the package lead to types of few others: those of lmdb are no ES module, and stop compilers that check libraries', () => {
  const packages = new Set();
  const files = new Set([path.join(root, 'dist/index.d.ts')]);
  for (const file of files)
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(
      /\b(?:from |import |import\()["']([^"']+)["']/g,
    )) {
      if (name.startsWith('.'))
        files.add(path.resolve(path.dirname(file), name.replace(/\.([cm]?)js$/, '.d.$1ts')));
      else if (!name.startsWith('node:')) packages.add(name);
    }
  assert.deepEqual([...packages].sort(), ['undici']);
});

test('the package exports what docs/COMPUTE.md says, and nothing else', async () => {
  const text = readFileSync(path.join(root, 'docs/COMPUTE.md'), 'utf8');
  const errors = /\n## Errors\n([^]*?)\n## /.exec(text)?.[1] ?? '';
  const exported = /\n## What the package exports\n([^]*?)\n## /.exec(text)?.[1] ?? '';
  const named = new Set([
    ...(errors.match(/(?<=`)\w+Error(?=`)/g) ?? []),
    ...(exported.match(/(?<=`)\w+(?=`)/g) ?? []),
  ]);
  assert.deepEqual(Object.keys(await import('#src/index.js')).sort(), [...named].sort());
});
