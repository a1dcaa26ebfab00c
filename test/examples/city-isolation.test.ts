/** The example whose answer the project shows first: what its Work Function finds and what its map draws. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { PNG } from 'pngjs';
import { example, type Cities, type CitiesModule, type City } from './example.js';

interface Block {
  start: number;
  end: number;
}
interface Isolation {
  nearest: Int32Array;
  km: Float64Array;
}
interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
type WorkFunction = (block: Block, ...columns: unknown[]) => Isolation;

const { toColumns, loadCities } = await example<CitiesModule>('city-isolation/cities.mjs');
const { nearestLargerCity } = await example<{ nearestLargerCity: WorkFunction }>(
  'city-isolation/work-function.mjs',
);
const { equalWorkBlocks, joinBlocks, mostIsolated } = await example<{
  equalWorkBlocks: (count: number, blocks: number) => Block[];
  joinBlocks: (results: Isolation[]) => Isolation;
  mostIsolated: (cities: Cities, isolation: Isolation, minPopulation: number) => number[];
}>('city-isolation/isolation.mjs');
const { verify } = await example<{
  verify: (
    cities: Cities,
    isolation: Isolation,
    options?: { sample?: number; seed?: number },
  ) => { checked: number; differences: string[] };
}>('city-isolation/verify.mjs');

/** Runs the Work Function as a Sandbox does: from its source text, with a `progress` of its own. */
function shipped(onProgress: (fraction: number) => void = () => undefined): WorkFunction {
  const make = new Function('progress', `return (${nearestLargerCity.toString()});`) as (
    progress: typeof onProgress,
  ) => WorkFunction;
  return make(onProgress);
}

function isolationOf(cities: Cities, blocks: Block[] = [{ start: 0, end: cities.count }]): Isolation {
  const run = shipped();
  return joinBlocks(blocks.map((block) => run(block, cities.x, cities.y, cities.z, cities.population)));
}

function city(name: string, population: number, longitude: number, latitude: number): City {
  return { name, country: 'XX', population, longitude, latitude };
}

function haversineKm(cities: Cities, a: number, b: number): number {
  const radians = Math.PI / 180;
  const square = (x: number): number => x * x;
  const [phiA, phiB] = [cities.latitude[a]! * radians, cities.latitude[b]! * radians];
  const dLambda = (cities.longitude[a]! - cities.longitude[b]!) * radians;
  const h =
    square(Math.sin((phiA - phiB) / 2)) + Math.cos(phiA) * Math.cos(phiB) * square(Math.sin(dLambda / 2));
  return 2 * 6371.0088 * Math.asin(Math.sqrt(h));
}

/** Cities spread evenly over the sphere by a fixed rule, many of equal population. */
function syntheticCities(count: number): Cities {
  const golden = (1 + Math.sqrt(5)) / 2;
  return toColumns(
    Array.from({ length: count }, (_, i) =>
      city(
        `city ${i}`,
        5000 + ((i * 7919) % 97) * 1000,
        ((i / golden) % 1) * 360 - 180,
        (Math.asin(1 - (2 * (i + 0.5)) / count) * 180) / Math.PI,
      ),
    ),
  );
}

describe('the Work Function', () => {
  it('agrees with the haversine distance to every city at least as large', () => {
    const cities = syntheticCities(500);
    const { nearest, km } = isolationOf(cities);
    for (let i = 0; i < cities.count; i++) {
      let expected = Infinity;
      for (let j = 0; j < cities.count; j++) {
        if (j !== i && cities.population[j]! >= cities.population[i]!) {
          expected = Math.min(expected, haversineKm(cities, i, j));
        }
      }
      assert.ok(Math.abs(km[i]! - expected) < 1e-6, `city ${i}: ${km[i]} km, expected ${expected}`);
      assert.ok(cities.population[nearest[i]!]! >= cities.population[i]!);
      assert.ok(Math.abs(haversineKm(cities, i, nearest[i]!) - expected) < 1e-6);
    }
  });

  it('gives the same answer in one block and in many', () => {
    const cities = syntheticCities(300);
    assert.deepEqual(isolationOf(cities, equalWorkBlocks(cities.count, 17)), isolationOf(cities));
  });

  it('gives the largest city no neighbour: -1 at an infinite distance', () => {
    const { nearest, km } = isolationOf(toColumns([city('small', 10, 0, 0), city('large', 20, 1, 1)]));
    assert.deepEqual([...nearest], [-1, 0]);
    assert.equal(km[0], Infinity);
    assert.ok(Number.isFinite(km[1]!));
  });

  it('takes cities of equal size as neighbours of each other, whichever comes first', () => {
    const { nearest, km } = isolationOf(
      toColumns([city('a', 50, 0, 0), city('b', 50, 2, 0), city('c', 50, 3, 0), city('d', 40, 10, 0)]),
    );
    assert.deepEqual([...nearest], [1, 2, 1, 2]);
    assert.equal(km[1], km[2]);
  });

  it('names the larger of two neighbours at the same distance', () => {
    const { nearest } = isolationOf(
      toColumns([city('north', 30, 0, 1), city('south', 20, 0, -1), city('middle', 10, 0, 0)]),
    );
    assert.equal(nearest[2], 0);
  });

  it('finds neighbours across the antimeridian and over the pole', () => {
    const cities = toColumns([
      city('Taveuni east', 90, -179.9, -17),
      city('Suva', 95, 178, -17),
      city('Taveuni west', 80, 179.9, -17),
      city('Arctic, this side', 100, 20, 89),
      city('Arctic, far side', 70, -160, 89),
    ]);
    const { nearest, km } = isolationOf(cities);
    const at = (name: string): number => cities.name.indexOf(name);
    assert.equal(nearest[at('Taveuni west')], at('Taveuni east'));
    assert.ok(
      Math.abs(km[at('Taveuni west')]! - haversineKm(cities, at('Taveuni west'), at('Taveuni east'))) < 1e-6,
    );
    assert.equal(nearest[at('Arctic, far side')], at('Arctic, this side'));
    assert.ok(Math.abs(km[at('Arctic, far side')]! - 222.39) < 0.01, 'two degrees of a meridian');
  });

  it('measures antipodes and cities at one place', () => {
    const { km } = isolationOf(toColumns([city('a', 9, 0, 0), city('b', 8, 180, 0), city('c', 7, 180, 0)]));
    assert.ok(Math.abs(km[1]! - Math.PI * 6371.0088) < 1e-3);
    assert.equal(km[2], 0);
  });

  it('reports progress as a growing fraction', () => {
    const cities = syntheticCities(200);
    const reports: number[] = [];
    shipped((fraction) => reports.push(fraction))(
      { start: 0, end: 200 },
      cities.x,
      cities.y,
      cities.z,
      cities.population,
    );
    assert.ok(reports.length > 1);
    assert.deepEqual(
      reports,
      reports.toSorted((a, b) => a - b),
    );
    assert.ok(reports.every((fraction) => fraction >= 0 && fraction <= 1));
  });
});

describe('the blocks', () => {
  it('cover every city once, with about the same number of pairs each', () => {
    const blocks = equalWorkBlocks(40_000, 200);
    assert.equal(blocks.length, 200);
    assert.equal(blocks[0]!.start, 0);
    assert.equal(blocks.at(-1)!.end, 40_000);
    const pairs = blocks.map(({ start, end }) => (end * end - start * start) / 2);
    const mean = 40_000 ** 2 / 2 / 200;
    blocks.slice(1).forEach(({ start }, k) => assert.equal(start, blocks[k]!.end));
    assert.ok(pairs.every((count) => Math.abs(count / mean - 1) < 0.1));
  });

  it('are never empty, however few cities there are', () => {
    assert.deepEqual(equalWorkBlocks(1, 200), [{ start: 0, end: 1 }]);
    assert.deepEqual(equalWorkBlocks(0, 200), []);
  });
});

describe('the cities', () => {
  it('are those of GeoNames with 5,000 inhabitants, largest first, without sections of cities', () => {
    const cities = loadCities();
    assert.equal(cities.count, 46_532);
    assert.equal(cities.name[0], 'Shanghai');
    assert.ok(
      cities.population.every((value, i) => value >= 5000 && (i === 0 || value <= cities.population[i - 1]!)),
    );
    assert.ok(!cities.name.includes('Marseille 08'));
  });
});

describe('the largest cities of the world', () => {
  it('are as isolated as two methods find', () => {
    const cities = loadCities();
    const largest = isolationOf(cities, [{ start: 0, end: 400 }]);
    const ranked = Array.from(largest.km.keys()).sort((a, b) => largest.km[b]! - largest.km[a]!);
    assert.deepEqual(
      ranked
        .slice(0, 5)
        .map((i) => [cities.name[i], Math.round(largest.km[i]!), cities.name[largest.nearest[i]!]]),
      [
        ['Shanghai', Infinity, undefined],
        ['Buenos Aires', 12_244, 'Istanbul'],
        ['Istanbul', 7_987, 'Shanghai'],
        ['Mexico City', 7_393, 'Buenos Aires'],
        ['Sydney', 5_496, 'Jakarta'],
      ],
    );
    assert.deepEqual(verify(cities, largest, { sample: 50 }), { checked: 50, differences: [] });
  });
});

describe('the check against kdbush', () => {
  const cities = syntheticCities(400);
  const isolation = isolationOf(cities);

  it('agrees with right answers', () => {
    assert.deepEqual(verify(cities, isolation, { sample: 400 }), { checked: 400, differences: [] });
  });

  it('names a city whose distance or neighbour is wrong', () => {
    const wrongKm = {
      nearest: isolation.nearest,
      km: isolation.km.map((km, i) => (i === 7 ? km + 0.01 : km)),
    };
    const wrongNeighbour = {
      nearest: isolation.nearest.map((j, i) => (i === 7 ? 399 : j)),
      km: isolation.km,
    };
    for (const wrong of [wrongKm, wrongNeighbour]) {
      const { differences } = verify(cities, wrong, { sample: 400 });
      assert.equal(differences.length, 1);
      assert.match(differences[0]!, new RegExp(`^${cities.name[7]}: `));
    }
  });

  it('says so when there is no rival', () => {
    const { differences } = verify(
      cities,
      { ...isolation, nearest: isolation.nearest.map(() => -1) },
      { sample: 400 },
    );
    const unrivalled = isolation.nearest.filter((j) => j < 0).length;
    assert.equal(differences.length, 400 - unrivalled);
  });
});

describe('the projection', async () => {
  const { worldProjection, NORTH, SOUTH, CENTRAL_MERIDIAN } = await example<{
    worldProjection: (box: Box) => (position: [number, number]) => [number, number];
    NORTH: number;
    SOUTH: number;
    CENTRAL_MERIDIAN: number;
  }>('city-isolation/projection.mjs');
  const box = { x: 10, y: 20, width: 1000, height: 600 };
  const project = worldProjection(box);

  it('centres its meridian and keeps east right, north up', () => {
    const [x, y] = project([CENTRAL_MERIDIAN, 0]);
    assert.ok(Math.abs(x - (box.x + box.width / 2)) < 0.5);
    assert.ok(project([CENTRAL_MERIDIAN + 10, 0])[0] > x);
    assert.ok(project([CENTRAL_MERIDIAN, 10])[1] < y);
  });

  it('puts every city of the world inside its box', () => {
    for (const longitude of [-168, -90, 0, 90, 180]) {
      for (const latitude of [SOUTH, 0, NORTH]) {
        const [x, y] = project([longitude, latitude]);
        assert.ok(x >= box.x - 0.5 && x <= box.x + box.width + 0.5, `x of ${longitude}, ${latitude}`);
        assert.ok(y >= box.y - 0.5 && y <= box.y + box.height + 0.5, `y of ${longitude}, ${latitude}`);
      }
    }
  });

  it('shows equal areas as equal areas', () => {
    /** Pixels covered by a field of one degree. */
    const area = (longitude: number, latitude: number): number => {
      const [x0, y0] = project([longitude, latitude]);
      const [x1] = project([longitude + 1, latitude + 0.5]);
      const [x2, y2] = project([longitude, latitude + 1]);
      const [x3] = project([longitude, latitude + 0.5]);
      assert.ok(Math.abs(x2 - x0) < 10);
      return Math.abs((x1 - x3) * (y2 - y0));
    };
    const onSphere = (latitude: number): number =>
      Math.sin(((latitude + 1) * Math.PI) / 180) - Math.sin((latitude * Math.PI) / 180);
    const atEquator = area(30, 0) / onSphere(0);
    assert.ok(Math.abs(area(30, 60) / onSphere(60) / atEquator - 1) < 0.01);
    assert.ok(Math.abs(area(-100, -40) / onSphere(-40) / atEquator - 1) < 0.01);
  });
});

describe('labels', async () => {
  const { placeLabels } = await example<{
    placeLabels: (
      anchors: { x: number; y: number; radius: number; width: number; height: number }[],
      area: Box,
      gap: number,
      taken?: Box[],
    ) => (Box | null)[];
  }>('city-isolation/labels.mjs');
  const area = { x: 0, y: 0, width: 400, height: 300 };
  const anchor = (x: number, y: number) => ({ x, y, radius: 5, width: 80, height: 20 });
  const overlap = (a: Box, b: Box): boolean =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

  it('never overlap each other or what is taken, and stay inside the map', () => {
    const taken = [{ x: 200, y: 100, width: 40, height: 40 }];
    const anchors = Array.from({ length: 30 }, (_, i) => anchor((i * 67) % 400, (i * 41) % 300));
    const boxes = placeLabels(anchors, area, 4, taken).filter((box) => box !== null);
    assert.ok(boxes.length > 3);
    boxes.forEach((box, i) => {
      assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= 400 && box.y + box.height <= 300);
      for (const other of [...boxes.slice(i + 1), ...taken]) assert.ok(!overlap(box, other));
    });
  });

  it('are left out where there is no room, the less important ones first', () => {
    const [first, second] = placeLabels(
      [anchor(45, 15), anchor(47, 15)],
      { x: 0, y: 0, width: 140, height: 30 },
      4,
    );
    assert.notEqual(first, null);
    assert.equal(second, null);
  });
});

describe('the Job file', () => {
  let output: { png: PNG; csv: string; printed: string };
  const cities = loadCities();

  before(async () => {
    const { default: makeJob, done } = await example<{
      default: (compute: unknown) => { public: { name?: string } };
      done: (
        results: Isolation[],
        options: { outputDirectory: string },
      ) => Promise<{ picture: string; table: string }>;
    }>('city-isolation/job.mjs');

    let slices: Block[] = [];
    const job = makeJob({
      for(input: Block[], workFunction: WorkFunction, args: unknown[]) {
        assert.equal(workFunction, nearestLargerCity);
        assert.equal(args.length, 4);
        slices = input;
        return { public: {} };
      },
    });
    assert.equal(job.public.name, 'City isolation');
    assert.equal(slices.length, 200);

    // The true answers take seconds; the picture needs only some of each kind.
    const kmOf = (i: number): number => (i === 0 ? Infinity : i % 200 === 0 ? 3000 : 2 + (i % 50));
    const results = slices.map(({ start, end }) => ({
      nearest: Int32Array.from({ length: end - start }, (_, k) => start + k - 1),
      km: Float64Array.from({ length: end - start }, (_, k) => kmOf(start + k)),
    }));
    const directory = await mkdtemp(path.join(tmpdir(), 'city-isolation-'));
    const log = console.log;
    const printed: string[] = [];
    console.log = (text: string) => printed.push(text);
    try {
      const { picture, table } = await done(results, { outputDirectory: path.join(directory, 'output') });
      output = {
        png: PNG.sync.read(await readFile(picture)),
        csv: await readFile(table, 'utf8'),
        printed: printed.join('\n'),
      };
    } finally {
      console.log = log;
      await rm(directory, { recursive: true });
    }
  });

  it('writes a picture of 2400 by 1250 pixels with dark sea and bright cities', () => {
    const { width, height, data } = output.png;
    assert.deepEqual([width, height], [2400, 1250]);
    let bright = 0;
    let dark = 0;
    for (let pixel = 0; pixel < data.length; pixel += 4) {
      const sum = data[pixel]! + data[pixel + 1]! + data[pixel + 2]!;
      if (sum > 400) bright++;
      if (sum < 120) dark++;
    }
    assert.ok(bright > 10_000, `${bright} bright pixels`);
    assert.ok(dark > (width * height) / 2, `${dark} dark pixels`);
  });

  it('writes a line per city, the largest without distance', () => {
    const lines = output.csv.trimEnd().split('\n');
    assert.equal(lines.length, cities.count + 1);
    assert.match(lines[1]!, /^Shanghai,CN,22315474,[\d.]+,[\d.]+,,,,$/);
    assert.match(lines[2]!, /^Istanbul,TR,14804116,.*,Shanghai,CN,22315474$/);
  });

  it('prints the most isolated large cities', () => {
    const rows = output.printed.split('\n');
    assert.match(rows[0]!, /City +Country +Inhabitants +km/);
    assert.equal(rows.length, 26);
  });

  it('does not rank the city without a rival', () => {
    const some = syntheticCities(50);
    const isolation = isolationOf(some);
    const ranked = mostIsolated(some, isolation, 0);
    assert.equal(ranked.length, isolation.nearest.filter((j) => j >= 0).length);
    ranked.slice(1).forEach((i, k) => assert.ok(isolation.km[i]! <= isolation.km[ranked[k]!]!));
  });
});
