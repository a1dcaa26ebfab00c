/**
 * The whole example in one process: embedded Scheduler, Worker, results, picture, and the check of the results.
 *
 *   node examples/city-isolation/run.mjs
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { compute } from 'dcp-worker-native';
import cityIsolation, { done } from './job.mjs';
import { verify } from './verify.mjs';

const cores = availableParallelism();
const started = performance.now();
const job = cityIsolation(compute);

let slices = 0;
job.on('result', () => {
  slices++;
  if (process.stdout.isTTY) process.stdout.write(`\r${slices} Slices done`);
});
job.on('error', (error) => console.error(error));

const results = await job.localExec(cores);
if (process.stdout.isTTY) process.stdout.write('\r');
console.log(
  `${slices} Slices done on ${cores} cores in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
);

const { cities, isolation, picture, table } = await done(results, {
  outputDirectory: fileURLToPath(new URL('output/', import.meta.url)),
});

const { checked, differences } = verify(cities, isolation);
const count = checked.toLocaleString('en');
if (differences.length > 0) {
  console.error(
    `\n${count} cities checked against kdbush: ${differences.length} differ\n${differences.join('\n')}`,
  );
  process.exitCode = 1;
} else {
  console.log(`\n${count} cities checked against kdbush: all agree`);
}
console.log(`Map:   ${picture}\nTable: ${table}`);
