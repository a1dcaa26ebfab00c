/**
 * Fuzzes what parses the bytes of Sandboxes and evaluator processes.
 *
 *   npm run fuzz [-- decode frames] [--seconds 60] [--seed 1] [--input HEX]
 *
 * Inputs are damaged copies of well-formed ones and of each other. A failure prints seed and input, and how to run it
 * again; exit code 1.
 */
import { parseArgs } from 'node:util';
import { Random, mutate } from './mutate.js';
import { TARGETS, type Target } from './targets.js';

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    input: { type: 'string' },
  },
  allowPositionals: true,
});
/** How many damaged inputs are damaged further. */
const POOL = 256;
/** No input takes longer, ms: a parser is linear. */
const SLOW_MS = 2000;

const names = positionals.length > 0 ? positionals : Object.keys(TARGETS);
const seed = Number(values.seed);
for (const name of names) {
  const target = TARGETS[name];
  if (target === undefined)
    throw new Error(`no target ${name}; there are ${Object.keys(TARGETS).join(', ')}`);
  if (values.input === undefined) fuzz(name, target, (Number(values.seconds) * 1000) / names.length);
  else target.run(Uint8Array.from(Buffer.from(values.input, 'hex')));
}

function fuzz(name: string, target: Target, forMs: number): void {
  const random = new Random(seed);
  const seeds = target.seeds();
  const pool = [...seeds];
  for (const input of seeds) tryInput(name, target, input);
  let runs = 0;
  for (const end = performance.now() + forMs; performance.now() < end; runs++) {
    const input = mutate(random.pick(pool), random.pick(seeds), random);
    if (pool.length < POOL) pool.push(input);
    else if (random.below(8) === 0) pool[seeds.length + random.below(POOL - seeds.length)] = input;
    tryInput(name, target, input);
  }
  process.stdout.write(`${name}: ${runs} inputs, seed ${seed}: nothing found (${target.about})\n`);
}

function tryInput(name: string, target: Target, input: Uint8Array): void {
  const start = performance.now();
  try {
    target.run(input);
    const ms = performance.now() - start;
    if (ms > SLOW_MS) throw new Error(`it took ${ms.toFixed(0)} ms for ${input.length} bytes`);
  } catch (error) {
    const hex = Buffer.from(input).toString('hex');
    process.stdout.write(
      `${name}: seed ${seed}\n${(error as Error).stack}\n\n  npm run fuzz -- ${name} --input ${hex}\n`,
    );
    process.exit(1);
  }
}
