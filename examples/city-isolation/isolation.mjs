/** What goes into the Job (blocks of cities) and what comes out of it (one answer per city). */

/** @typedef {import('./cities.mjs').Cities} Cities */
/** @typedef {{ start: number, end: number }} Block */
/** @typedef {{ nearest: Int32Array, km: Float64Array }} Isolation per city; see the Work Function */

/**
 * Cuts `count` cities into at most `blocks` blocks of about equal work: city i is compared with the i larger ones,
 * so the work up to city i grows as i² and the blocks get shorter.
 * @param {number} count
 * @param {number} blocks
 * @returns {Block[]}
 */
export function equalWorkBlocks(count, blocks) {
  const bounds = Array.from({ length: blocks + 1 }, (_, k) => Math.round(count * Math.sqrt(k / blocks)));
  return bounds
    .slice(1)
    .map((end, k) => ({ start: bounds[k], end }))
    .filter(({ start, end }) => end > start);
}

/**
 * Puts the results of consecutive blocks together.
 * @param {Isolation[]} results in the order of the blocks
 * @returns {Isolation}
 */
export function joinBlocks(results) {
  const count = results.reduce((sum, { km }) => sum + km.length, 0);
  const nearest = new Int32Array(count);
  const km = new Float64Array(count);
  let at = 0;
  for (const block of results) {
    nearest.set(block.nearest, at);
    km.set(block.km, at);
    at += block.km.length;
  }
  return { nearest, km };
}

/**
 * Cities of at least `minPopulation` inhabitants, the most isolated first. Without the one that has no rival.
 * @param {Cities} cities
 * @param {Isolation} isolation
 * @param {number} minPopulation
 * @returns {number[]} indices
 */
export function mostIsolated(cities, { km }, minPopulation) {
  const indices = Array.from(km.keys());
  return indices
    .filter((i) => cities.population[i] >= minPopulation && Number.isFinite(km[i]))
    .sort((a, b) => km[b] - km[a]);
}

/**
 * The most isolated cities as a table for the terminal.
 * @param {Cities} cities
 * @param {Isolation} isolation
 * @param {number[]} indices
 */
export function formatTable(cities, { nearest, km }, indices) {
  const country = new Intl.DisplayNames('en', { type: 'region' });
  const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
  const rows = indices.map((i, rank) => [
    String(rank + 1),
    cities.name[i],
    country.of(cities.country[i]) ?? cities.country[i],
    whole.format(cities.population[i]),
    whole.format(km[i]),
    cities.name[nearest[i]],
  ]);
  const header = ['', 'City', 'Country', 'Inhabitants', 'km', 'to the nearest at least as large'];
  const rightAligned = [true, false, false, true, true, false];
  const widths = header.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c].length)));
  const format = (/** @type {string[]} */ row) =>
    row
      .map((cell, c) => (rightAligned[c] ? cell.padStart(widths[c]) : cell.padEnd(widths[c])))
      .join('  ')
      .trimEnd();
  return [header, ...rows].map(format).join('\n');
}

/**
 * All cities as CSV, largest first. A city without a rival has empty `km` and `nearest`.
 * @param {Cities} cities
 * @param {Isolation} isolation
 */
export function formatCsv(cities, { nearest, km }) {
  const quote = (/** @type {string} */ text) =>
    /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = ['name,country,population,latitude,longitude,km,nearest,nearest_country,nearest_population'];
  for (let i = 0; i < cities.count; i++) {
    const j = nearest[i];
    const rival =
      j < 0
        ? ['', '', '', '']
        : [km[i].toFixed(3), quote(cities.name[j]), cities.country[j], cities.population[j]];
    lines.push(
      [
        quote(cities.name[i]),
        cities.country[i],
        cities.population[i],
        cities.latitude[i],
        cities.longitude[i],
        ...rival,
      ].join(','),
    );
  }
  return lines.join('\n') + '\n';
}
