/**
 * The Job: how isolated is each city of the world?
 *
 *   dcp-job run examples/city-isolation/job.mjs
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadCities } from './cities.mjs';
import { equalWorkBlocks, formatCsv, formatTable, joinBlocks, mostIsolated } from './isolation.mjs';
import { drawMap } from './map.mjs';
import { nearestLargerCity } from './work-function.mjs';

const SLICES = 200;
const LARGE_CITY = 1_000_000;
const TABLE_ROWS = 25;

/**
 * Makes the Job: a Slice is a block of cities; the columns of all cities are arguments, shared by all Slices.
 * @param {typeof import('dcp-worker-native').compute} compute
 */
export default function cityIsolation(compute) {
  const cities = loadCities();
  const blocks = equalWorkBlocks(cities.count, SLICES);
  const job = compute.for(blocks, nearestLargerCity, [cities.x, cities.y, cities.z, cities.population]);
  job.public.name = 'City isolation';
  job.public.description = 'Distance from each city to the nearest one at least as large';
  return job;
}

/**
 * Prints the most isolated large cities and writes `map.png` and `isolation.csv`.
 * @param {Iterable<import('./isolation.mjs').Isolation>} results in the order of the input set
 * @param {{ outputDirectory: string }} options
 */
export async function done(results, { outputDirectory }) {
  const cities = loadCities();
  const isolation = joinBlocks([...results]);
  console.log(
    formatTable(cities, isolation, mostIsolated(cities, isolation, LARGE_CITY).slice(0, TABLE_ROWS)),
  );

  await mkdir(outputDirectory, { recursive: true });
  const picture = path.join(outputDirectory, 'map.png');
  await writeFile(picture, drawMap(cities, isolation));
  const table = path.join(outputDirectory, 'isolation.csv');
  await writeFile(table, formatCsv(cities, isolation));
  return { cities, isolation, picture, table };
}
