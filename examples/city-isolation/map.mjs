/** The world map: a disc per city, its area by population, its colour by isolation. */
import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';
import { geoGraticule10, geoPath } from 'd3-geo';
import { feature } from 'topojson-client';
import { mostIsolated } from './isolation.mjs';
import { discBox, placeLabels } from './labels.mjs';
import { FARTHEST_KM, NEAREST_KM, colourAt, scalePosition } from './palette.mjs';
import { worldProjection } from './projection.mjs';

/** @typedef {import('./cities.mjs').Cities} Cities */
/** @typedef {import('./isolation.mjs').Isolation} Isolation */
/** @typedef {import('./labels.mjs').Box} Box */

const require = createRequire(import.meta.url);
const land = require('world-atlas/land-50m.json');

const FONT = 'Source Sans 3';
const FONT_FILES = [
  '300Light/SourceSans3_300Light',
  '400Regular/SourceSans3_400Regular',
  '600SemiBold/SourceSans3_600SemiBold',
].map((name) => require.resolve(`@expo-google-fonts/source-sans-3/${name}.ttf`));

/** Lengths below are pixels of a picture this large; other sizes are scaled. */
const WIDTH = 2400;
const HEIGHT = 1250;
const MAP = { x: 30, y: 92, width: WIDTH - 60, height: HEIGHT - 92 - 100 };

const LABELLED_CITIES = 24;
const LARGE_CITY = 1_000_000;
const LABEL_SIZE = 19;
const LABEL_GAP = 5;
/** Radius from which a disc may not be covered by a label. */
const LARGE_DISC = 3.5;
/** Shorter links to the nearest larger city would be hidden by the discs. */
const SHORTEST_LINK_KM = 60;

/**
 * Draws the map.
 * @param {Cities} cities
 * @param {Isolation} isolation
 * @param {{ width?: number }} [options] pixels; the height follows
 * @returns {Buffer} a PNG file
 */
export function drawMap(cities, isolation, { width = WIDTH } = {}) {
  return render(mapAsSvg(cities, isolation), width);
}

/**
 * @param {string} svg
 * @param {number} width
 */
function render(svg, width) {
  return new Resvg(svg, {
    fitTo: { mode: 'width', value: width },
    font: { fontFiles: FONT_FILES, loadSystemFonts: false, defaultFontFamily: FONT },
  })
    .render()
    .asPng();
}

/**
 * @param {Cities} cities
 * @param {Isolation} isolation
 */
function mapAsSvg(cities, isolation) {
  const projection = worldProjection(MAP);
  const path = geoPath(projection).digits(1);
  const unrivalled = Array.from(isolation.nearest.keys()).filter((i) => isolation.nearest[i] < 0);
  const labelled = [...unrivalled, ...mostIsolated(cities, isolation, LARGE_CITY).slice(0, LABELLED_CITIES)];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="${FONT}">
    <rect width="100%" height="100%" fill="#090d15"/>
    <path d="${path({ type: 'Sphere' })}" fill="#0d1420"/>
    <path d="${path(geoGraticule10())}" fill="none" stroke="#8fb3e6" stroke-opacity="0.07" stroke-width="0.8"/>
    <path d="${path(feature(land, land.objects.land))}" fill="#1a2332" stroke="#4a5d7c" stroke-width="0.7" stroke-linejoin="round"/>
    ${drawLinks(cities, isolation, path)}
    ${drawDiscs(cities, isolation, projection)}
    ${drawLabels(cities, isolation, labelled, projection)}
    ${drawTitle(cities)}
    ${drawLegend()}
  </svg>`;
}

/**
 * A thin great circle from each city to the nearest one at least as large.
 * @param {Cities} cities
 * @param {Isolation} isolation
 * @param {import('d3-geo').GeoPath} path
 */
function drawLinks(cities, { nearest, km }, path) {
  const lines = [];
  for (let i = cities.count - 1; i >= 0; i--) {
    if (nearest[i] < 0 || km[i] < SHORTEST_LINK_KM) continue;
    const coordinates = [i, nearest[i]].map((city) => [cities.longitude[city], cities.latitude[city]]);
    const position = scalePosition(km[i]);
    lines.push(
      `<path d="${path({ type: 'LineString', coordinates })}" stroke="${colourAt(position)}"` +
        ` stroke-width="${(0.4 + 0.8 * position).toFixed(2)}" stroke-opacity="${(0.16 + 0.22 * position).toFixed(2)}"/>`,
    );
  }
  return `<g fill="none" stroke-linecap="round">${lines.join('')}</g>`;
}

/**
 * The discs of all cities, the most isolated on top.
 * @param {Cities} cities
 * @param {Isolation} isolation
 * @param {import('d3-geo').GeoProjection} projection
 */
function drawDiscs(cities, { km }, projection) {
  const order = Array.from(km.keys()).sort((a, b) => km[a] - km[b]);
  const discs = order.map((i) => {
    const [x, y] = projection([cities.longitude[i], cities.latitude[i]]);
    const radius = discRadius(cities.population[i]);
    const edge = radius > 2.5 ? ' stroke="#090d15" stroke-opacity="0.55" stroke-width="0.6"' : '';
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius.toFixed(2)}" fill="${colourAt(scalePosition(km[i]))}"${edge}/>`;
  });
  return `<g fill-opacity="0.85">${discs.join('')}</g>`;
}

/**
 * Radius in pixels. The area grows with the population; the smallest cities are still a visible dot.
 * @param {number} population
 */
function discRadius(population) {
  return Math.max(0.75, 9.5 * Math.sqrt(population / 10_000_000));
}

/**
 * Names and distances of some cities, where there is room. No label covers another one or a large disc.
 * @param {Cities} cities
 * @param {Isolation} isolation
 * @param {number[]} indices the most important first
 * @param {import('d3-geo').GeoProjection} projection
 */
function drawLabels(cities, { km }, indices, projection) {
  const disc = (/** @type {number} */ i) => {
    const [x, y] = projection([cities.longitude[i], cities.latitude[i]]);
    return { x, y, radius: discRadius(cities.population[i]) };
  };
  const texts = indices.map((i) => ({
    name: cities.name[i],
    distance: Number.isFinite(km[i]) ? `${formatWhole(km[i])} km` : 'the largest',
  }));
  const anchors = indices.map((i, rank) => {
    const { name, distance } = texts[rank];
    return { ...disc(i), width: textWidth(`${name} ${distance}`, LABEL_SIZE), height: LABEL_SIZE * 1.25 };
  });
  const largeDiscs = Array.from(cities.population.keys())
    .map(disc)
    .filter(({ radius }) => radius >= LARGE_DISC)
    .map(discBox);
  const labels = placeLabels(anchors, MAP, LABEL_GAP, largeDiscs).map((box, rank) => {
    if (box === null) return '';
    const { name, distance } = texts[rank];
    const colour = colourAt(scalePosition(km[indices[rank]]));
    return (
      `<text x="${box.x.toFixed(1)}" y="${(box.y + LABEL_SIZE * 0.95).toFixed(1)}">` +
      `<tspan font-weight="600" fill="#f4f6fa">${escapeXml(name)}</tspan> <tspan fill="${colour}">${distance}</tspan></text>`
    );
  });
  return `<g font-size="${LABEL_SIZE}" stroke="#090d15" stroke-width="3.5" stroke-opacity="0.75" stroke-linejoin="round" paint-order="stroke">
    ${labels.join('')}</g>`;
}

/** @param {Cities} cities */
function drawTitle(cities) {
  return `<g fill="#f4f6fa">
    <text x="60" y="68" font-size="46" font-weight="300" letter-spacing="0.5">How far to a larger city?</text>
    <text x="60" y="102" font-size="21" fill="#9fb0c9">Distance from each of ${formatWhole(cities.count)} cities to the nearest one with at least as many inhabitants. Thin lines lead there.</text>
    <text x="${WIDTH - 60}" y="${HEIGHT - 26}" font-size="16" fill="#6b7c96" text-anchor="end">Cities: GeoNames (CC BY 4.0) · Coast: Natural Earth · Equal Earth projection</text>
  </g>`;
}

/** The colour scale in kilometres and the sizes of discs. */
function drawLegend() {
  const [left, top, width, height] = [60, HEIGHT - 68, 460, 14];
  const sizesLeft = left + width + 70;
  const stops = Array.from(
    { length: 17 },
    (_, k) => `<stop offset="${k / 16}" stop-color="${colourAt(k / 16)}"/>`,
  );
  const ticks = [NEAREST_KM, 10, 50, 200, 1000, FARTHEST_KM].map((km) => {
    const x = left + width * scalePosition(km);
    return `<path d="M${x},${top + height}v6" stroke="#9fb0c9"/><text x="${x}" y="${top + height + 25}" text-anchor="middle">${formatWhole(km)}${km === FARTHEST_KM ? '+' : ''}</text>`;
  });
  const sizes = [
    ['100,000', 1e5],
    ['1 million', 1e6],
    ['10 million', 1e7],
  ].map(([label, population], k) => {
    const x = sizesLeft + 40 + 110 * k;
    return `<circle cx="${x}" cy="${top + 4}" r="${discRadius(population)}" fill="none" stroke="#c9d4e6" stroke-width="1.4"/>
      <text x="${x}" y="${top + height + 25}" text-anchor="middle">${label}</text>`;
  });
  return `<defs><linearGradient id="scale">${stops.join('')}</linearGradient></defs>
    <g font-size="17" fill="#c9d4e6">
      <text x="${left}" y="${top - 12}" fill="#9fb0c9">kilometres to that city</text>
      <rect x="${left}" y="${top}" width="${width}" height="${height}" rx="2" fill="url(#scale)"/>
      ${ticks.join('')}
      <text x="${sizesLeft + 8}" y="${top - 12}" fill="#9fb0c9">inhabitants</text>
      ${sizes.join('')}
    </g>`;
}

/**
 * @param {string} text
 * @param {number} size
 */
function textWidth(text, size) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="60"><text y="40" font-family="${FONT}" font-size="${size}" font-weight="600">${escapeXml(text)}</text></svg>`;
  const box = new Resvg(svg, { font: { fontFiles: FONT_FILES.slice(2), loadSystemFonts: false } }).getBBox();
  return box === undefined ? 0 : box.x + box.width;
}

/** @param {number} value */
function formatWhole(value) {
  return new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value);
}

/** @param {string} text */
function escapeXml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
