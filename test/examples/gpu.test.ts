/** The examples on GPUs, run as their users do, on small inputs: what they answer is right. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createCompute, type Compute, type Job } from '#src/compute/index.js';
import { gpuMissing } from '../gpu/support.js';
import { example, exampleFile, type Cities, type CitiesModule, type City } from './example.js';

const missing = await gpuMissing();

async function run<Result>(t: TestContext, job: Job<Result>, cores = 1): Promise<Result[]> {
  job.on('error', ({ error }) => t.diagnostic(error.stack!));
  return [...(await job.localExec(cores, { gpu: { allowSoftware: true } }))] as Result[];
}

describe('city isolation on a GPU', { skip: missing }, async () => {
  interface Isolation {
    nearest: Int32Array;
    km: Float64Array;
    settled: number;
  }
  type WorkFunction = (block: { start: number; end: number }, ...columns: Float64Array[]) => Isolation;
  const { loadCities, toColumns } = await example<CitiesModule>('city-isolation/cities.mjs');
  const { nearestLargerCity } = await example<{ nearestLargerCity: WorkFunction }>(
    'city-isolation/work-function.mjs',
  );
  const workFunction = exampleFile('city-isolation/gpu/work-function.mjs');

  /** The Job over all of some cities in two blocks, and the answer of the CPU. */
  async function both(
    t: TestContext,
    { x, y, z, population, count }: Cities,
  ): Promise<{ gpu: Isolation[]; cpu: Isolation[] }> {
    const middle = count >> 1;
    const blocks = [
      { start: 0, end: middle },
      { start: middle, end: count },
    ];
    const columns = [x, y, z, population];
    const job = createCompute().for<(typeof blocks)[0], Isolation>(blocks, { file: workFunction }, columns);
    job.requirements = { environment: { webgpu: true } };
    Object.assign(globalThis, { progress: () => undefined });
    return { gpu: await run(t, job), cpu: blocks.map((block) => nearestLargerCity(block, ...columns)) };
  }

  function assertSame(gpu: readonly Isolation[], cpu: readonly Isolation[]): void {
    cpu.forEach(({ nearest, km }, block) => {
      assert.deepEqual(gpu[block]!.nearest, nearest);
      assert.deepEqual(gpu[block]!.km, km);
    });
  }

  it('gives the same answer as on the CPU, bit by bit, for the 8,000 largest cities', async (t) => {
    const cities = loadCities();
    const some = Object.fromEntries(
      Object.entries(cities).map(([name, column]) => [
        name,
        name === 'count' ? 8000 : (column as Float64Array).slice(0, 8000),
      ]),
    ) as unknown as Cities;
    const { gpu, cpu } = await both(t, some);
    assertSame(gpu, cpu);
    const settled = gpu.reduce((sum, block) => sum + block.settled, 0);
    t.diagnostic(`${settled} of 8000 were too close to call`);
    assert.ok(settled < 80, `${settled} were left to the CPU`);
  });

  it('leaves to the CPU what 32 bits cannot tell: ties, equal places, neighbours a few centimetres apart', async (t) => {
    const city = (population: number, longitude: number, latitude: number): City => ({
      name: '',
      country: 'XX',
      population,
      longitude,
      latitude,
    });
    const metre = 360 / 40_000_000;
    const cities = toColumns([
      city(1000, 20, 40),
      // The same place twice; two rivals at the same distance; and two that differ by a tenth of a metre.
      city(900, 20, 40),
      city(800, 50, 1),
      city(799, 50, -1),
      city(798, 50, 0),
      city(700, -70, 10),
      city(699, -70, 10 + 2 + 0.1 * metre),
      city(698, -70, 11 + 0.05 * metre * 0.5),
      city(600, 179.9999, -17),
      city(599, -179.9999, -17),
    ]);
    const { gpu, cpu } = await both(t, cities);
    assertSame(gpu, cpu);
    assert.ok(gpu[0]!.settled + gpu[1]!.settled >= 3);
  });
});

describe('the matrix product', { skip: missing }, async () => {
  interface JobModule {
    default(this: void, compute: Compute, options: { args: string[] }): Job<Float32Array>;
    done(this: void, strips: readonly Float32Array[]): Promise<Float32Array>;
  }
  const { default: matrixProduct, done } = await example<JobModule>('matrix-product/job.mjs');

  // Neither a multiple of a tile nor of a step.
  it('is right in every element, also at the edges', async (t) => {
    const strips = await run(t, matrixProduct(createCompute(), { args: ['269'] }));
    assert.deepEqual(
      strips.map(({ length }) => length),
      [256 * 269, 13 * 269],
    );
    const log = t.mock.method(console, 'log', () => undefined);
    await done(strips);
    assert.match(String(log.mock.calls[0]!.arguments[0]), /^269 × 269: the largest error is [\d.]+% of /);
  });

  it('is not believed when one element is wrong', async (t) => {
    const { randomMatrix } = await example<{
      randomMatrix: (rows: number, columns: number, seed: number) => Float32Array;
    }>('matrix-product/matrices.mjs');
    const [left, right] = [randomMatrix(64, 64, 1), randomMatrix(64, 64, 2)];
    const product = Float32Array.from({ length: 64 * 64 }, (_, at) => {
      let sum = 0;
      for (let k = 0; k < 64; k++) sum += left[(at >> 6) * 64 + k]! * right[k * 64 + (at & 63)]!;
      return sum;
    });
    t.mock.method(console, 'log', () => undefined);
    await done([product]);
    product[64 * 17 + 5]! += 0.01;
    await assert.rejects(done([product]), /1 differ|2 differ/);
  });
});

describe('the woodblock print', { skip: missing }, async () => {
  interface Picture {
    width: number;
    height: number;
    data: Uint8Array;
  }
  const { default: woodblockPrint, loadPhotograph } = await example<{
    default(
      this: void,
      compute: Compute,
      options: { args?: string[]; photograph?: Picture; bands?: number },
    ): Job<Uint8Array>;
    loadPhotograph: () => Picture;
  }>('woodblock-print/job.mjs');

  /** The ship, and the sky over it. */
  function crop({ width, data }: Picture): Picture {
    const [left, top, columns, rows] = [540, 100, 120, 130];
    const part = new Uint8Array(columns * rows * 4);
    for (let row = 0; row < rows; row++) {
      const from = ((top + row) * width + left) * 4;
      part.set(data.subarray(from, from + columns * 4), row * columns * 4);
    }
    return { width: columns, height: rows, data: part };
  }

  it('shows no seam between bands: in two it is what it is in one', async (t) => {
    const photograph = crop(loadPhotograph());
    const [whole] = await run(t, woodblockPrint(createCompute(), { photograph, bands: 1 }));
    const bands = await run(t, woodblockPrint(createCompute(), { photograph, bands: 2 }));
    assert.equal(whole!.length, 120 * 130 * 4);
    const joined = Buffer.concat(bands);
    const worst = joined.reduce((most, value, at) => Math.max(most, Math.abs(value - whole![at]!)), 0);
    assert.ok(worst <= 2, `a pixel differs by ${worst} of 255`);
  });

  it('is flat where the photograph is, blue on top, and has ink where the mast is', async (t) => {
    const photograph = crop(loadPhotograph());
    const [print] = await run(t, woodblockPrint(createCompute(), { photograph, bands: 1 }));
    const at = (x: number, y: number): number[] => [
      ...print!.subarray((y * 120 + x) * 4, (y * 120 + x) * 4 + 3),
    ];
    const [red, , blue] = at(10, 2);
    assert.ok(blue! > red! + 40, `the sky is ${at(10, 2).join()}`);
    // A row across the mast has the darkest pixel of ink beside it.
    const row = Array.from({ length: 120 }, (_, x) => Math.max(...at(x, 110)));
    assert.ok(Math.min(...row) < 90, `the darkest is ${Math.min(...row)}`);
    assert.ok(Math.max(...row) > 180, `the brightest is ${Math.max(...row)}`);
  });
});
