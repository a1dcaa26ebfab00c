/**
 * Shows what programs answer and where the Sandbox differs from the oracle, for those who write programs and mend differences:
 *
 *   node dist-test/webgpu/show.js [--oracle] [WORD…]
 *
 * Words select programs by name. With `--oracle` nothing but the oracle runs, and its answers are shown in full.
 */
import { parseArgs, inspect } from 'node:util';
import { differencesOf } from './harness/differences.js';
import { runPrograms } from './harness/run-programs.js';
import { PROGRAMS } from './programs/index.js';

const { values, positionals: words } = parseArgs({
  options: { oracle: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const names = [...PROGRAMS.keys()].filter(
  (name) => words.length === 0 || words.some((word) => name.includes(word)),
);
const oracle = await runPrograms('dawn-node', names);
if (values.oracle) {
  for (const [name, outcome] of oracle)
    console.log(`${name}\n${inspect(outcome, { depth: 8, breakLength: 140 })}\n`);
} else {
  const sandbox = await runPrograms('sandbox', names);
  let differ = 0;
  for (const name of names) {
    const differences = differencesOf(oracle.get(name)!, sandbox.get(name)!);
    if (differences.length === 0) continue;
    differ++;
    console.log(`\n${name}`);
    for (const { at, oracle: theirs, sandbox: ours } of differences) {
      console.log(`  ${at}\n    oracle  ${theirs}\n    sandbox ${ours}`);
    }
  }
  console.log(`\n${names.length} programs, ${differ} differ`);
}
