/**
 * The answers, found again by another method: a k-d tree over longitude and latitude (`kdbush`), searched on the
 * sphere (`geokdbush`). It shares no code with the Work Function, only the list of cities.
 */
import { around, distance } from 'geokdbush';
import KDBush from 'kdbush';

/** @typedef {import('./cities.mjs').Cities} Cities */
/** @typedef {import('./isolation.mjs').Isolation} Isolation */

/** geokdbush takes the Earth's radius as 6,371 km, the Work Function as 6,371.0088 km. */
const RADIUS_RATIO = 6371.0088 / 6371;
const TOLERANCE_KM = 0.001;

/**
 * Checks `sample` cities: the 50 largest, the others at random (the same ones for the same `seed`).
 * @param {Cities} cities
 * @param {Isolation} isolation
 * @param {{ sample?: number, seed?: number }} [options]
 * @returns {{ checked: number, differences: string[] }} one sentence per city whose distance differs by more than a
 *   metre, or whose neighbour is not one of the nearest
 */
export function verify(cities, { nearest, km }, { sample = 1000, seed = 1 } = {}) {
  const index = new KDBush(cities.count);
  for (let i = 0; i < cities.count; i++) index.add(cities.longitude[i], cities.latitude[i]);
  index.finish();

  const kmBetween = (/** @type {number} */ a, /** @type {number} */ b) =>
    RADIUS_RATIO * distance(cities.longitude[a], cities.latitude[a], cities.longitude[b], cities.latitude[b]);

  const differences = [];
  const chosen = pick(cities.count, Math.min(sample, cities.count), 50, seed);
  for (const i of chosen) {
    const atLeastAsLarge = (/** @type {number} */ j) =>
      j !== i && cities.population[j] >= cities.population[i];
    const [expected = -1] = around(
      index,
      cities.longitude[i],
      cities.latitude[i],
      1,
      Infinity,
      atLeastAsLarge,
    );
    const expectedKm = expected < 0 ? Infinity : kmBetween(i, expected);

    const sameDistance = km[i] === expectedKm || Math.abs(km[i] - expectedKm) <= TOLERANCE_KM;
    // Another neighbour is as right when it is large enough and as near.
    const j = nearest[i];
    const rightNeighbour =
      j === expected ||
      (j >= 0 && atLeastAsLarge(j) && Math.abs(kmBetween(i, j) - expectedKm) <= TOLERANCE_KM);
    if (!sameDistance || !rightNeighbour) {
      differences.push(
        `${cities.name[i]}: ${km[i]} km to ${cities.name[j]}, kdbush says ${expectedKm} km to ${cities.name[expected]}`,
      );
    }
  }
  return { checked: chosen.length, differences };
}

/**
 * The first `fixed` of `count` numbers and some others at random, `sample` in all, each once.
 * @param {number} count
 * @param {number} sample
 * @param {number} fixed
 * @param {number} seed
 */
function pick(count, sample, fixed, seed) {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const random = randomNumbers(seed);
  for (let i = Math.min(fixed, sample); i < sample; i++) {
    const j = i + Math.floor(random() * (count - i));
    [numbers[i], numbers[j]] = [numbers[j], numbers[i]];
  }
  return numbers.slice(0, sample);
}

/**
 * Numbers in [0, 1) that depend on the seed alone (the generator "mulberry32").
 * @param {number} seed
 */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
