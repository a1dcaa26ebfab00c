/**
 * The Job: a turning globe, one picture a Slice.
 *
 *   dcp-job run --local examples/globe/job.mjs -- 36 480
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Milliseconds each picture is shown. */
const FRAME_MS = 80;

/**
 * @param {typeof import('dcp-worker-native').compute} compute
 * @param {{ args: readonly string[] }} options how many pictures, and how large (pixels)
 */
export default function globe(compute, { args: [frames = '36', size = '480'] }) {
  const longitudes = Array.from({ length: Number(frames) }, (_, frame) => (360 / Number(frames)) * frame);
  const job = compute.for(longitudes, new URL('./frame.mjs', import.meta.url), [Number(size)]);
  job.public.name = 'Globe';
  return job;
}

/**
 * Writes the pictures, and a page that plays them.
 * @param {readonly Uint8Array[]} pictures in the order of the input set
 * @param {{ outputDirectory: string }} options
 */
export async function done(pictures, { outputDirectory }) {
  await mkdir(outputDirectory, { recursive: true });
  const names = pictures.map((_, frame) => `globe-${String(frame + 1).padStart(3, '0')}.png`);
  await Promise.all(pictures.map((png, frame) => writeFile(path.join(outputDirectory, names[frame]), png)));
  const page = path.join(outputDirectory, 'globe.html');
  await writeFile(page, playerPage(names));
  console.log(`${pictures.length} pictures, played by ${page}`);
}

/** @param {readonly string[]} names */
function playerPage(names) {
  return `<!doctype html>
<title>Globe</title>
<style>body { background: #0b1622; display: grid; place-items: center; height: 100vh; margin: 0 }</style>
<img alt="A turning globe">
<script>
  const pictures = ${JSON.stringify(names)}.map((src) => Object.assign(new Image(), { src }));
  let frame = 0;
  setInterval(() => { document.images[0].src = pictures[frame++ % pictures.length].src; }, ${FRAME_MS});
</script>
`;
}
