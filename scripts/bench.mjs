/**
 * Runs benchmarks, each in a process of its own, and keeps their figures.
 *
 *   npm run bench [-- NAME…] [--json FILE]
 *
 * Each program of bench/ prints its tables and writes `bench/results/NAME.json`; `--json` collects them in one file too.
 * The rival isolated-vm is compiled on first use, and those in C++ (bench/native) when their benchmark runs. WebGPU runs on the software
 * driver if it has been fetched (`npm run software-gpu`), unless VK_DRIVER_FILES says otherwise. Nothing passes or fails by a figure.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildAll } from './build.mjs';
import { ensureHeaders } from './nodes.mjs';
import { softwareGpuEnvironment } from './software-gpu.mjs';
import { Steps, bin, root, run, runNode } from './steps.mjs';

/** isolated-vm must not meet Node's startup snapshot, and its rivals run under the same conditions. */
const NODE_OPTIONS = ['--no-node-snapshot'];
const RESULTS = path.join(root, 'bench/results');
const TIMEOUT_MS = 10 * 60_000;

/** Compiles isolated-vm for this Node, unless it loads. */
async function ensureIsolatedVm() {
  try {
    await runNode([...NODE_OPTIONS, '-e', 'require("isolated-vm")']);
    return 'there';
  } catch {
    const prefix = path.resolve(await ensureHeaders(), '../..');
    await run('npm', ['rebuild', 'isolated-vm'], { env: { ...process.env, npm_config_nodedir: prefix } });
    return 'compiled';
  }
}

/** Compiles the rivals in C++. They use the headers that the addon is built with. */
async function buildNativeRivals() {
  const folder = path.join(root, 'build-bench');
  await run('cmake', ['-S', path.join(root, 'bench/native'), '-B', folder, '-DCMAKE_BUILD_TYPE=Release']);
  await run('cmake', ['--build', folder, '--parallel']);
  return '';
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'string' } },
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

const steps = new Steps();
await buildAll(steps, { native: true, typescript: true, tests: false, asan: false });
await steps.must('benchmarks', () => run(bin('tsc'), ['-p', 'bench']).then(() => ''));
await steps.must('isolated-vm', ensureIsolatedVm);
const chosen = positionals.length > 0 ? positionals : known;
if (chosen.includes('webgpu-calls')) await steps.must('rivals in C++', buildNativeRivals);

mkdirSync(RESULTS, { recursive: true });
/** @type {unknown[]} */
const documents = [];
for (const name of chosen) {
  console.log('');
  const file = path.join(RESULTS, `${name}.json`);
  const program = path.join(root, 'dist-bench', `${name}.js`);
  const ran = await steps.step(name, () =>
    runNode([...NODE_OPTIONS, program, '--json', file], {
      show: true,
      timeoutMs: TIMEOUT_MS,
      env: softwareGpuEnvironment(),
    }).then(() => ''),
  );
  if (ran) documents.push(JSON.parse(readFileSync(file, 'utf8')));
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(documents, null, 1)}\n`);
process.exit(steps.failed ? 1 : 0);
