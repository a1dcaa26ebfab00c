/**
 * Runs benchmarks, each in a process of its own, and keeps their figures.
 *
 *   npm run bench [-- NAME…] [--node MAJOR] [--json FILE]
 *
 * Each program of bench/ prints its tables and writes `bench/results/NAME.json` (`NAME.node24.json` with `--node 24`); `--json` collects them in one file too.
 * The rival isolated-vm is compiled on first use, and those in C++ (bench/native) when their benchmark runs. WebGPU runs on the software
 * driver if it has been fetched (`npm run software-gpu`), unless VK_DRIVER_FILES says otherwise. Nothing passes or fails by a figure.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildAll, buildNative } from './build.mjs';
import { ensureExistingPrograms } from './compat.mjs';
import { buildDirectoryOf, ensureHeaders, ensureNode, headersBeside, runningMajor } from './nodes.mjs';
import { softwareGpuEnvironment } from './software-gpu.mjs';
import { Steps, bin, root, run } from './steps.mjs';

/** isolated-vm must not meet Node's startup snapshot, and its rivals run under the same conditions. */
const NODE_OPTIONS = ['--no-node-snapshot'];
const RESULTS = path.join(root, 'bench/results');
const TIMEOUT_MS = 10 * 60_000;
/** The release of isolated-vm for each Node major but 20, whose is a development dependency. @type {Readonly<Record<number, string>>} */
const ISOLATED_VM = { 22: '6.1.2', 24: '7.0.1', 26: '7.0.1' };

/**
 * Makes sure that isolated-vm loads, compiling it if need be. Answers the folder it lies in, undefined for the checkout.
 * @param {string} node the binary it is for
 * @param {number} major
 */
async function ensureIsolatedVm(node, major) {
  const release = ISOLATED_VM[major];
  const folder =
    release === undefined ? root : path.join(root, '.nodes', String(major), `isolated-vm-${release}`);
  const npm = async (/** @type {readonly string[]} */ args) => {
    const headers = major === runningMajor ? await ensureHeaders() : headersBeside(node);
    await run('npm', args, {
      cwd: folder,
      env: {
        ...process.env,
        // npm's scripts compile for the Node they find first.
        PATH: `${path.dirname(node)}:${process.env.PATH}`,
        npm_config_nodedir: path.resolve(headers, '../..'),
      },
    });
  };
  if (!existsSync(path.join(folder, 'node_modules/isolated-vm'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
    await npm(['install', '--no-save', '--no-package-lock', '--ignore-scripts', `isolated-vm@${release}`]);
  }
  const loads = () => run(node, [...NODE_OPTIONS, '-e', 'require("isolated-vm")'], { cwd: folder });
  await loads().catch(async () => {
    await npm(['rebuild', 'isolated-vm']);
    await loads();
  });
  return folder === root ? undefined : folder;
}

/** Compiles the rivals in C++. They use the headers that the addon is built with. */
async function buildNativeRivals() {
  const folder = path.join(root, other ? `build-bench-${major}` : 'build-bench');
  const options = ['-DCMAKE_BUILD_TYPE=Release', `-DNODE_EXECUTABLE=${node}`];
  await run('cmake', ['-S', path.join(root, 'bench/native'), '-B', folder, ...options]);
  await run('cmake', ['--build', folder, '--parallel']);
  env.DCP_BENCH_NATIVE = folder;
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'string' }, node: { type: 'string' } },
  allowPositionals: true,
});
const known = readdirSync(path.join(root, 'bench'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length));
const unknown = positionals.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`${unknown}: no such benchmark; there are ${known.join(', ')}`);
  process.exit(2);
}

const major = Number(values.node ?? runningMajor);
const other = major !== runningMajor;
const steps = new Steps();
await buildAll(steps, { native: !other, typescript: true, tests: false, asan: false });
await steps.must('benchmarks', () => run(bin('tsc'), ['-p', 'bench']).then(() => ''));
const node = await ensureNode(major);
/** @type {NodeJS.ProcessEnv} */
const env = { ...softwareGpuEnvironment() };
if (other) {
  const directory = buildDirectoryOf(major);
  await steps.must(`addon for Node ${major}`, () => buildNative({ node, directory }));
  env.DCP_NATIVE_BUILD_DIR = directory;
}
await steps.must('isolated-vm', async () => {
  env.DCP_BENCH_ISOLATED_VM = await ensureIsolatedVm(node, major);
});
const chosen = positionals.length > 0 ? positionals : known;
if (chosen.includes('classic')) await steps.must('existing programs of DCP', ensureExistingPrograms);
if (chosen.includes('webgpu-calls')) await steps.must('rivals in C++', buildNativeRivals);

mkdirSync(RESULTS, { recursive: true });
/** @type {unknown[]} */
const documents = [];
for (const name of chosen) {
  console.log('');
  const file = path.join(RESULTS, `${name}${other ? `.node${major}` : ''}.json`);
  const program = path.join(root, 'dist-bench', `${name}.js`);
  const ran = await steps.step(name, () =>
    run(node, [...NODE_OPTIONS, program, '--json', file], { show: true, timeoutMs: TIMEOUT_MS, env }).then(
      () => '',
    ),
  );
  if (ran) documents.push(JSON.parse(readFileSync(file, 'utf8')));
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(documents, null, 1)}\n`);
process.exit(steps.failed ? 1 : 0);
