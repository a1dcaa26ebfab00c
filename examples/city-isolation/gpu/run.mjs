/**
 * The Job on the GPU and on the CPU, in one process: the same answer for every city, and how long each took.
 *
 *   node examples/city-isolation/gpu/run.mjs [--allow-software-gpu]
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compute } from 'dcp-worker-native';
import { joinBlocks } from '../isolation.mjs';
import cityIsolation from '../job.mjs';
import cityIsolationOnGpu, { done } from './job.mjs';

const { values } = parseArgs({ options: { 'allow-software-gpu': { type: 'boolean', default: false } } });

/**
 * @param {import('dcp-worker-native').Job} job
 * @param {number} cores
 * @param {import('dcp-worker-native').LocalExecOptions} [options]
 */
async function timed(job, cores, options) {
  job.on('error', (error) => console.error(error));
  const started = performance.now();
  const results = [...(await job.localExec(cores, options))];
  return { results, seconds: ((performance.now() - started) / 1000).toFixed(1) };
}

const onGpu = await timed(cityIsolationOnGpu(compute), 1, {
  gpu: { allowSoftware: values['allow-software-gpu'] },
}).catch((error) => {
  if (error.code !== 'EREQUIREMENT') throw error;
  // It says what is missing.
  console.error(error.message);
  process.exit(1);
});
const onCpu = await timed(cityIsolation(compute), availableParallelism());

const { picture } = await done(onGpu.results, {
  outputDirectory: fileURLToPath(new URL('../output/', import.meta.url)),
});
const [gpu, cpu] = [joinBlocks(onGpu.results), joinBlocks(onCpu.results)];
const differing = cpu.nearest.filter(
  (other, i) => other !== gpu.nearest[i] || cpu.km[i] !== gpu.km[i],
).length;
const settled = onGpu.results.reduce((sum, block) => sum + block.settled, 0);
console.log(`
GPU: ${onGpu.seconds} s (${settled} cities were too close to call in 32 bits)
CPU: ${onCpu.seconds} s on ${availableParallelism()} cores
Cities with another answer: ${differing} of ${cpu.nearest.length}
Map: ${picture}`);
if (differing > 0) process.exitCode = 1;
