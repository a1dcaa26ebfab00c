/**
 * The Work Function, a file of its own: one picture of the globe. What it imports comes with the Job: packages, the coast
 * lines, and the WebAssembly that renders.
 */
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import wasm from '@resvg/resvg-wasm/index_bg.wasm';
import { geoGraticule10, geoOrthographic, geoPath } from 'd3-geo';
import { feature } from 'topojson-client';
import atlas from 'world-atlas/land-110m.json';

export const OCEAN = '#14304d';
export const LAND = '#9fc28a';

const land = feature(atlas, atlas.objects.land);
const graticule = geoGraticule10();
// Once for each Sandbox; every Slice waits for it.
const ready = initWasm(wasm);

/**
 * @param {number} longitude of the globe's middle, degrees east
 * @param {number} size of the picture, pixels
 * @returns {Promise<Uint8Array>} a PNG
 */
export default async function frame(longitude, size) {
  await ready;
  const projection = geoOrthographic()
    .rotate([-longitude, -20])
    .fitExtent(
      [
        [4, 4],
        [size - 4, size - 4],
      ],
      { type: 'Sphere' },
    );
  const path = geoPath(projection).digits(2);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}">
    <path d="${path({ type: 'Sphere' })}" fill="${OCEAN}"/>
    <path d="${path(land)}" fill="${LAND}"/>
    <path d="${path(graticule)}" fill="none" stroke="#ffffff" stroke-opacity="0.15"/>
  </svg>`;
  const renderer = new Resvg(svg);
  const image = renderer.render();
  const png = image.asPng();
  // WebAssembly's memory is not collected as garbage.
  image.free();
  renderer.free();
  return png;
}
