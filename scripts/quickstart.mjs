/**
 * From a fresh clone to the first picture: installs what is missing, builds, runs the main job.
 *
 *   npm run quickstart
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildAll } from './build.mjs';
import { setUp } from './setup.mjs';
import { CommandError, Steps, root, runNode } from './steps.mjs';

const example = 'examples/city-isolation';
readArguments();
const start = performance.now();

console.log('Setting up and building');
const steps = new Steps();
await setUp(steps, { dryRun: false, checks: false });
await buildAll(steps, { native: true, typescript: true, tests: false, asan: false });

console.log('\nRunning the main job');
try {
  await runNode([path.join(root, example, 'run.mjs')], { show: true });
} catch (error) {
  // Its output has been shown as it came.
  console.error(error instanceof CommandError ? error.message : error);
  process.exit(1);
}

const seconds = ((performance.now() - start) / 1000).toFixed(0);
const pictures = picturesOf(path.join(root, example, 'output'));
console.log(`\nDone in ${seconds} s.${pictures.map((picture) => `\n  picture: ${picture}`).join('')}`);

/** There is nothing to choose; asking for help, or mistyping, shall not build anything. */
function readArguments() {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
    if (values.help !== true) return;
    console.log(
      'npm run quickstart: installs what is missing, builds, runs the main job. It takes no options.',
    );
    process.exit(0);
  } catch (error) {
    console.error(`quickstart: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}

/** @param {string} directory */
function picturesOf(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.png'))
    .map((name) => path.join(directory, name));
}
