/**
 * What a GPU gets done: a tiled matrix product, a sum of many numbers, copies; the same JavaScript and the same shaders in a Sandbox and
 * in dawn.node, turn about, on the same adapter.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { spread } from './harness/measure.js';
import { Report, digits } from './harness/report.js';
import { computeSource } from './webgpu/compute.js';
import { openDawnNodeEngine, openSandboxEngine, type Engine } from './webgpu/engines.js';

const ROUNDS = 9;
const WARM_UP = 1;
/** The size of each is doubled until one turn takes so long in a Sandbox, milliseconds. */
const TURN_MS = 50;
const TURNS = 4;

const shader = fileURLToPath(new URL('../examples/matrix-product/product.wgsl', import.meta.url));
const open = computeSource(readFileSync(shader, 'utf8'));
const sandbox = await openSandboxEngine(open);
const dawnNode = await openDawnNodeEngine(open);

interface Work {
  readonly method: string;
  readonly unit: string;
  readonly sizes: { readonly from: number; readonly to: number };
  /** Thousands of millions of operations, or bytes, of one turn. */
  readonly amount: (size: number) => number;
}

const MIB = 2 ** 20;
const WORK: Record<string, Work> = {
  'matrix product': {
    method: 'product',
    unit: 'GFLOP/s',
    sizes: { from: 128, to: 4096 },
    amount: (size) => (2 * size ** 3) / 1e9,
  },
  sum: {
    method: 'reduce',
    unit: 'GB/s',
    // More numbers would not have a sum that 32-bit floats hold exactly.
    sizes: { from: 2 ** 18, to: 2 ** 23 },
    amount: (size) => (4 * size) / 1e9,
  },
  ...Object.fromEntries(
    (
      [
        ['copy, buffer to buffer', 'copy'],
        ['writeBuffer', 'write'],
        ['copy to a mapped buffer', 'read'],
      ] as const
    ).map(([name, method]) => [
      name,
      { method, unit: 'GB/s', sizes: { from: MIB, to: 128 * MIB }, amount: (size: number) => size / 1e9 },
    ]),
  ),
};

const run = async (engine: Engine, method: string, size: number, turns: number): Promise<number> =>
  ((await engine.call(method, size, turns)) as number) / turns;

const rows = [];
const ratios: Record<string, number> = {};
const report = new Report('webgpu-compute', {
  rounds: ROUNDS,
  adapters: { Sandbox: await sandbox.call('adapter'), 'dawn.node': await dawnNode.call('adapter') },
});
for (const [name, { method, unit, sizes, amount }] of Object.entries(WORK)) {
  let size = sizes.from;
  while (size < sizes.to && (await run(sandbox, method, size, 1)) < TURN_MS) size *= 2;
  const times: Record<'Sandbox' | 'dawn.node', number[]> = { Sandbox: [], 'dawn.node': [] };
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [engine, list] of [
      [sandbox, times.Sandbox],
      [dawnNode, times['dawn.node']],
    ] as const) {
      const ms = await run(engine, method, size, TURNS);
      if (round >= 0) list.push(ms);
    }
  }
  const [ours, theirs] = [spread(times.Sandbox), spread(times['dawn.node'])];
  const rate = (ms: number): number => (amount(size) / ms) * 1e3;
  ratios[name] = theirs.median / ours.median;
  report.data(name, { size, unit, Sandbox: ours, 'dawn.node': theirs, ratio: ratios[name] });
  rows.push({
    work: name,
    size,
    unit,
    Sandbox: digits(rate(ours.median)),
    quartiles: `${digits(rate(ours.quartiles[1]))} – ${digits(rate(ours.quartiles[0]))}`,
    'dawn.node': digits(rate(theirs.median)),
    'Sandbox ÷ dawn.node': digits(ratios[name]),
  });
}
report.table('throughput', rows);
await Promise.all([sandbox.close(), dawnNode.close()]);
const product = ratios['matrix product']!;
report.standing(
  'WebGPU matrix product against dawn.node',
  'at least 0.97 of its throughput',
  `${digits(product)}`,
  product >= 0.97,
);
report.finish();
process.exit(0);
