import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** Files that a module imports as bytes (Uint8Array). */
const BYTE_EXTENSIONS = [
  ...['wasm', 'bin', 'dat', 'npy', 'onnx', 'safetensors', 'parquet', 'arrow', 'pb'],
  ...['png', 'jpg', 'jpeg', 'gif', 'webp', 'avif', 'bmp', 'ico', 'tif', 'tiff', 'pdf'],
  ...['wav', 'mp3', 'ogg', 'flac', 'mp4', 'webm'],
  ...['gz', 'br', 'zst', 'zip', 'tar', 'ttf', 'otf', 'woff', 'woff2'],
];

/** Files that a module imports as text. */
export const TEXT_EXTENSIONS = [
  ...['.txt', '.md', '.csv', '.tsv', '.xml', '.svg', '.html', '.css', '.yaml', '.yml', '.toml'],
  ...['.wgsl', '.glsl', '.vert', '.frag', '.geojson', '.topojson', '.pem'],
];

/**
 * Takes the files that are imported as bytes out of the bundle: they travel beside it as they are, where a string of
 * base64 would be a third longer, and parsed.
 */
export class AssetCollector {
  readonly files: Uint8Array[] = [];
  byteLength = 0;

  readonly plugin: Plugin = {
    name: 'dcp-assets',
    setup: (build) => {
      build.onLoad({ filter: new RegExp(`\\.(${BYTE_EXTENSIONS.join('|')})$`, 'i') }, async (args) => {
        const bytes = new Uint8Array(await readFile(args.path));
        const index = this.files.push(bytes) - 1;
        this.byteLength += bytes.byteLength;
        // `asset` is a parameter of the script (see `JobModules`).
        return { contents: `module.exports = asset(${index});`, loader: 'js' };
      });
    },
  };
}
