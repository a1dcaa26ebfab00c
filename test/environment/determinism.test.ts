/** Switches of LocalExec that hold still what a Work Function learns of the outside. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createCompute, type Job } from '#src/compute/index.js';
import { compute } from '#src/index.js';
import type { Determinism } from '#src/model/index.js';
import { project } from '../compute/project.js';
import { rangeSlices, slices, start, valuesOf } from '../evaluator/support.js';
import { openEvaluator, runAll } from '../evaluator/tested.js';

const MOMENT = Date.UTC(2020, 1, 29, 12, 34, 56, 789);
const held = (change: Partial<Determinism>): { job: { determinism: Determinism } } => ({
  job: { determinism: { date: null, randomSeed: null, ...change } },
});

test('Date stands still, and is a Date like any other', async (t) => {
  const work = `async () => {
    const before = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    class Later extends Date { constructor() { super(); } }
    return [
      before, Date.now(), new Date().getTime(), +new Later(), new Later() instanceof Later, new Date() instanceof Date,
      Date() === new Date().toString(), new Date().constructor === Date, new Date(0).getTime(),
      new Date(2020, 0).getFullYear(), Date.parse('1970-01-01T00:00:01Z'), Date.UTC(1970, 0, 1), Date.name, Date.length,
      new Date(undefined).getTime(), Object.keys(Date).length, Reflect.construct(Date, [], Object).constructor === Object,
    ];
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0], held({ date: MOMENT }))), [
    [
      ...[MOMENT, MOMENT, MOMENT, MOMENT, true, true, true, true, 0, 2020, 1000, 0, 'Date', 7],
      ...[NaN, 0, true],
    ],
  ]);
});

test('without the switch Date goes on', async (t) => {
  const [now] = valuesOf(await runAll(t, '() => Date.now()', [0])) as number[];
  assert.ok(Math.abs(now! - Date.now()) < 5000);
});

test('a Slice gets the same random numbers in every Sandbox, whatever ran there before', async (t) => {
  const evaluator = await openEvaluator(t);
  const work = `(count) => Array.from({ length: count }, Math.random)`;
  const run = async (counts: number[], first: number, seed = 7): Promise<number[][]> => {
    const { sandbox, seen } = await start(evaluator, work, held({ randomSeed: seed }));
    sandbox.run(slices(counts, first));
    await seen.until(() => seen.drained > 0);
    return counts.map((_, index) => seen.values.get(first + index) as number[]);
  };
  const [one, two, three] = await run([5, 3, 5], 1);
  assert.deepEqual((await run([8], 2))[0]!.slice(0, 3), two);
  assert.deepEqual(await run([5], 3), [three]);
  assert.deepEqual(await run([5, 5], 1), [one, (await run([5], 2))[0]]);
  assert.notDeepEqual(one, three);
  assert.notDeepEqual((await run([5], 1, 8))[0], one);
  assert.ok([...one!, ...two!, ...three!].every((x) => x >= 0 && x < 1));
});

test('what is drawn while the Work Function or a module is loaded is no Slice’s', async (t) => {
  const evaluator = await openEvaluator(t);
  const draws = async (work: string, data: unknown[], first: number): Promise<unknown[]> => {
    const { sandbox, seen } = await start(evaluator, work, held({ randomSeed: 7 }));
    sandbox.run(slices(data, first));
    await seen.until(() => seen.drained > 0);
    return data.map((_, index) => seen.values.get(first + index));
  };
  const plain = await draws(`() => Math.random()`, [0, 0], 1);
  const drawing = `(() => { Math.random(); return () => Math.random(); })()`;
  assert.deepEqual(await draws(drawing, [0, 0], 1), plain);
  assert.deepEqual(await draws(drawing, [0], 2), plain.slice(1));
  // Its code runs in the first Slice that requires it.
  const directory = project(t, { 'node_modules/drawing/index.js': `exports.tag = Math.random();` });
  const job = (): Job => {
    const made = createCompute({ directory }).for(1, 2, `() => [require('drawing').tag, Math.random()]`);
    made.requires('drawing');
    return made;
  };
  const [one, two] = [...(await job().localExec(1, { randomSeed: 7 }))] as number[][];
  assert.equal(one![0], two![0]);
  assert.deepEqual([one![1], two![1]], plain);
});

test('the numbers are evenly spread, over one Slice and over the first of many', async (t) => {
  const { sandbox, seen } = await start(
    await openEvaluator(t),
    `(n) => n === 1 ? Float64Array.from({ length: 100000 }, Math.random) : Math.random()`,
    {
      job: {
        inputSet: { kind: 'range', start: 1, step: 1, count: 10_001 },
        determinism: { date: null, randomSeed: 1 },
      },
    },
  );
  sandbox.run(rangeSlices(10_001));
  await seen.until(() => seen.drained > 0);
  const long = [...(seen.values.get(1) as Float64Array)];
  const firsts = Array.from({ length: 10_000 }, (_, i) => seen.values.get(i + 2) as number);
  for (const sample of [long, firsts]) {
    const bins = new Array<number>(10).fill(0);
    for (const x of sample) bins[Math.floor(x * 10)]!++;
    const expected = sample.length / 10;
    const chiSquared = bins.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 9 degrees of freedom: 33.7 is passed once in 10,000. The numbers are always the same, so this is, too.
    assert.ok(chiSquared < 33.7, `chi squared ${chiSquared}`);
  }
  assert.equal(new Set(long).size, long.length);
});

test('localExec passes the switches on, and refuses what is no date or seed', async () => {
  const make = (): ReturnType<typeof compute.for<number[]>> =>
    compute.for(1, 2, () => [Date.now(), Math.random()]);
  const first = [
    ...(await make().localExec(2, { fixedDate: new Date(MOMENT), randomSeed: 99 })),
  ] as number[][];
  const second = [...(await make().localExec(1, { fixedDate: MOMENT, randomSeed: 99 }))] as number[][];
  assert.deepEqual(first, second);
  assert.equal(first[0]![0], MOMENT);
  assert.notEqual(first[0]![1], first[1]![1]);
  await assert.rejects(make().localExec(1, { fixedDate: NaN }), { code: 'EINVAL', field: 'fixedDate' });
  await assert.rejects(make().localExec(1, { randomSeed: -1 }), { code: 'EINVAL', field: 'randomSeed' });
  await assert.rejects(make().localExec(1, { randomSeed: 0.5 }), { code: 'EINVAL', field: 'randomSeed' });
});
