/**
 * The Work Function: for each city of a block, the nearest city at least as large, by looking at all of them.
 *
 * It is shipped to the Sandbox as its own source text, so it uses nothing but its arguments and what every
 * Sandbox has (`Math`, typed arrays, `progress`).
 *
 * A city with no rival (the largest of all) has `nearest` -1 and `km` Infinity. Of several at the same distance
 * the largest is named.
 *
 * @param {{ start: number, end: number }} block cities `start` (inclusive) to `end` (exclusive)
 * @param {Float64Array} x unit vectors of all cities, sorted by population, largest first
 * @param {Float64Array} y
 * @param {Float64Array} z
 * @param {Float64Array} population
 * @returns {{ nearest: Int32Array, km: Float64Array }} index of the neighbour and the great-circle distance
 */
export function nearestLargerCity({ start, end }, x, y, z, population) {
  const EARTH_RADIUS_KM = 6371.0088; // IUGG mean radius
  const CITIES_PER_REPORT = 64;
  const nearest = new Int32Array(end - start);
  const km = new Float64Array(end - start);

  for (let city = start; city < end; city++) {
    // Cities are sorted: all before this one are at least as large, and after it only those of equal size.
    let candidates = city + 1;
    while (candidates < population.length && population[candidates] === population[city]) candidates++;

    // The straight line through the Earth is short where the great circle is, and exact for close neighbours.
    let best = -1;
    let bestSquare = Infinity;
    for (let other = 0; other < candidates; other++) {
      const dx = x[other] - x[city];
      const dy = y[other] - y[city];
      const dz = z[other] - z[city];
      const square = dx * dx + dy * dy + dz * dz;
      if (square < bestSquare && other !== city) {
        bestSquare = square;
        best = other;
      }
    }
    nearest[city - start] = best;
    km[city - start] =
      best < 0 ? Infinity : 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(bestSquare) / 2));

    if ((city - start) % CITIES_PER_REPORT === 0) progress((city - start) / (end - start));
  }
  return { nearest, km };
}
