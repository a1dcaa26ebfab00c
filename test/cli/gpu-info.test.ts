/** `dcp-evaluator --gpu-info`: what there is for Jobs that require WebGPU, and what to do about what is missing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { findDawn } from '#src/evaluator/gpu/index.js';
import type { GpuReport } from '#src/evaluator/index.js';
import { loadNative } from '#src/evaluator/native.js';

import { gpuMissing } from '../gpu/support.js';
import { run, temporaryDirectory } from './support.js';

const skip = await gpuMissing();

async function report(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { code, stdout, stderr } = await run(t, 'dcp-evaluator', ['--gpu-info', '--json', ...args], env);
  assert.equal(stderr, '');
  return { code, ...(JSON.parse(stdout) as GpuReport) };
}

test('adapters with features and limits', { skip }, async (t) => {
  const { code, library, loaderProblem, drivers, adapters, problems } = await report(t, [
    '--allow-software-gpu',
  ]);
  assert.equal(code, 0);
  assert.match(library!.path, /^\/.*\.so(\.0)?$/);
  assert.deepEqual([loaderProblem, problems], [null, []]);
  assert.ok(drivers.some(({ problem }) => problem === null));
  for (const { name, vendor, limits, features, isSoftware } of adapters) {
    assert.ok(name.length > 0 && vendor.length > 0);
    assert.ok(limits['maxBufferSize']! >= 2 ** 28, 'the least that WebGPU allows');
    assert.ok(Array.isArray(features));
    assert.equal(typeof isSoftware, 'boolean');
  }
});

test('an adapter that is banned is withheld, and the report says so', { skip }, async (t) => {
  const { adapters } = await report(t, ['--allow-software-gpu']);
  const bans = adapters.flatMap(({ vendor }) => ['--gpu-ban', vendor]);
  const banned = await report(t, ['--allow-software-gpu', ...bans]);
  assert.equal(banned.code, 1);
  assert.deepEqual(banned.adapters, []);
  assert.deepEqual(
    banned.withheld.map(({ name }) => name),
    adapters.map(({ name }) => name),
  );
  assert.match(banned.problems[0]!.what, /is not among the adapters that are offered/);
});

test('a missing library, with what helps', async (t) => {
  const { code, library, problems } = await report(t, [], { DCP_DAWN_LIBRARY: '/nowhere/libdawn.so' });
  assert.deepEqual([code, library], [1, null]);
  assert.equal(problems[0]!.what, 'DCP_DAWN_LIBRARY: no file /nowhere/libdawn.so');
  assert.match(problems[0]!.fix!, /^without DCP_DAWN_LIBRARY, or with /);
});

test('a library that cannot be opened: nothing is said of a Job', { skip }, async (t) => {
  const library = path.join(temporaryDirectory(t), 'libshort.so');
  writeFileSync(library, '');
  const { problems } = await report(t, [], { DCP_DAWN_LIBRARY: library });
  assert.deepEqual(problems, [{ what: `${library}: file too short`, fix: null }]);
});

test('a library may be named by the folder under which it was installed', { skip }, async (t) => {
  const prefix = temporaryDirectory(t);
  const none = await report(t, [], { DCP_DAWN_LIBRARY: prefix });
  const refusal = `DCP_DAWN_LIBRARY: no libwebgpu_dawn.so.0 and no libwebgpu_dawn.so in ${prefix} (looked in `;
  assert.ok(none.problems[0]!.what.startsWith(refusal), none.problems[0]!.what);
  const library = path.join(prefix, 'lib/libwebgpu_dawn.so.0');
  mkdirSync(path.dirname(library));
  const own = findDawn();
  assert.ok(typeof own !== 'string');
  copyFileSync(own.path, library);
  const found = await report(t, ['--allow-software-gpu'], { DCP_DAWN_LIBRARY: prefix });
  assert.deepEqual(found.library, { path: library, from: 'DCP_DAWN_LIBRARY' });
  assert.deepEqual([found.code, found.problems], [0, []]);
});

/** A library whose functions of these names do nothing. */
function libraryWith(t: TestContext, functions: readonly string[]): string {
  const directory = temporaryDirectory(t);
  const source = path.join(directory, 'library.cc');
  const library = path.join(directory, 'libwebgpu_dawn.so');
  writeFileSync(source, functions.map((name) => `extern "C" void ${name}() {}\n`).join(''));
  const { status, stderr } = spawnSync('g++', ['-shared', '-fPIC', '-o', library, source], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return library;
}

/** The functions that the addon looks for in a library of an ABI. */
function functionsOf(abi: string): string[] {
  const header = readFileSync(
    new URL(`../../native/webgpu/generated/${abi}/webgpu.h`, import.meta.url),
    'utf8',
  );
  return [...header.matchAll(/\{"(wgpu\w+)",\s+offsetof/g)].map(([, name]) => name!);
}

const skipOther = skip || (spawnSync('g++', ['--version']).status !== 0 && 'no g++');

test('a library of another ABI, or of none, is not used', { skip: skipOther }, async (t) => {
  const built = loadNative().webgpuAbi;
  const other = built === 'stable' ? 'bun-webgpu' : 'stable';
  const own = functionsOf(built);
  const others = functionsOf(other);
  const expected = `of webgpu.h, and the addon was built for the ABI ${built} (-DDAWN_ABI of the build)`;
  const problemWith = async (functions: readonly string[]): Promise<[string, string]> => {
    const library = libraryWith(t, functions);
    const { problems } = await report(t, [], { DCP_DAWN_LIBRARY: library });
    return [library, problems[0]!.what];
  };
  for (const [functions, has] of [
    [others, `it has the ABI ${other}`],
    // Of a Dawn in between, perhaps. Numbers of one, or of the other: nobody can know.
    [[...new Set([...others, ...own])], 'it has the ABI bun-webgpu and stable'],
    [['wgpuCreateInstance'], 'it has no known ABI'],
  ] as const) {
    const [library, what] = await problemWith(functions);
    assert.ok(what.includes(`${library}: ${has} ${expected}`), what);
  }
  const [library, what] = await problemWith(own.filter((name) => name !== 'wgpuBufferUnmap'));
  assert.ok(
    what.includes(`${library}: it has the ABI ${built} of webgpu.h, but no function wgpuBufferUnmap`),
    what,
  );
});

test('no driver, and a driver that does not load', async (t) => {
  const directory = temporaryDirectory(t);
  const manifest = path.join(directory, 'icd.json');
  writeFileSync(manifest, JSON.stringify({ ICD: { library_path: './libnone.so', api_version: '1.3.0' } }));
  const broken = await report(t, [], { VK_DRIVER_FILES: manifest });
  assert.equal(broken.code, 1);
  const [driver] = broken.drivers;
  assert.deepEqual([driver!.manifest, driver!.library], [manifest, path.join(directory, 'libnone.so')]);
  assert.match(driver!.problem!, /libnone\.so: cannot open shared object file/);
  assert.ok(broken.problems.some(({ what }) => what.includes('libnone.so')));
  const none = await report(t, [], { VK_DRIVER_FILES: path.join(directory, 'empty') });
  assert.equal(none.code, 1);
  assert.ok(none.problems.some(({ what }) => what === 'no Vulkan driver is installed'));
});

test('manifests that name no driver', async (t) => {
  const directory = temporaryDirectory(t);
  const manifests = { null: 'null', text: 'this is not it', missing: null };
  for (const [name, text] of Object.entries(manifests))
    if (text !== null) writeFileSync(path.join(directory, `${name}.json`), text);
  const files = Object.keys(manifests).map((name) => path.join(directory, `${name}.json`));
  const { problems } = await report(t, [], { VK_DRIVER_FILES: files.join(':') });
  const problemsOf = ['it names no library_path', 'it is not JSON', 'no such file'];
  const expected = files.map((file, index) => ({ what: `${file}: ${problemsOf[index]}`, fix: null }));
  assert.deepEqual(
    problems.filter(({ what }) => what.startsWith(directory)),
    expected,
  );
});

test('a driver that does not load is not in the way of others', { skip }, async (t) => {
  const { drivers } = await report(t, ['--allow-software-gpu']);
  const broken = path.join(temporaryDirectory(t), 'radeon_icd.i686.json');
  writeFileSync(broken, JSON.stringify({ ICD: { library_path: './libnone.so', api_version: '1.3.0' } }));
  const good = drivers.filter(({ problem }) => problem === null).map(({ manifest }) => manifest);
  const env = { VK_DRIVER_FILES: [broken, ...good].join(':') };
  const found = await report(t, ['--allow-software-gpu'], env);
  assert.deepEqual([found.code, found.problems], [0, []]);
  assert.match(found.drivers[0]!.problem!, /libnone\.so: cannot open shared object file/);
  assert.ok(found.adapters.length > 0);
});

test('for people it is text', async (t) => {
  const env = { DCP_DAWN_LIBRARY: '/nowhere/libdawn.so' };
  const { code, stdout } = await run(t, 'dcp-evaluator', ['--gpu-info'], env);
  assert.equal(code, 1);
  assert.match(stdout, /^Dawn {6}none, ABI [\w-]+\nVulkan {4}/);
  assert.match(stdout, /^Missing {3}DCP_DAWN_LIBRARY: no file .*\n {12}try: without DCP_DAWN_LIBRARY/m);
});

test('a contradiction is a mistake of the command line', async (t) => {
  const { code, stderr } = await run(t, 'dcp-evaluator', ['--gpu-info', '--no-gpu']);
  assert.equal(code, 2);
  assert.match(stderr, /--gpu-info and --no-gpu: one or the other/);
});
