import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** Files that a module imports as bytes (Uint8Array); types/assets.d.ts has them, too. */
export const BYTE_EXTENSIONS = [
  ...['wasm', 'bin', 'dat', 'npy', 'onnx', 'safetensors', 'parquet', 'arrow', 'pb'],
  ...['png', 'jpg', 'jpeg', 'gif', 'webp', 'avif', 'bmp', 'ico', 'tif', 'tiff', 'pdf'],
  ...['wav', 'mp3', 'ogg', 'flac', 'mp4', 'webm'],
  ...['gz', 'br', 'zst', 'zip', 'tar', 'ttf', 'otf', 'woff', 'woff2'],
];

/** Files that a module imports as text; types/assets.d.ts has them, too. */
export const TEXT_EXTENSIONS = [
  ...['.txt', '.md', '.csv', '.tsv', '.xml', '.svg', '.html', '.css', '.yaml', '.yml', '.toml'],
  ...['.wgsl', '.glsl', '.vert', '.frag', '.geojson', '.topojson', '.pem'],
];

const BYTES = new RegExp(`\\.(${BYTE_EXTENSIONS.join('|')})$`, 'i');
/** Tells a file that is required from the same file imported. */
const REQUIRED = '?require';

/**
 * Takes the files that are imported as bytes out of the bundle: they travel beside it as they are, where a string of
 * base64 would be a third longer, and parsed.
 */
export class AssetCollector {
  readonly files: Uint8Array[] = [];
  byteLength = 0;
  readonly #indices = new Map<string, Promise<number>>();

  readonly plugin: Plugin = {
    name: 'dcp-assets',
    setup: (build) => {
      build.onResolve({ filter: BYTES }, async ({ path, kind, resolveDir, importer, pluginData }) => {
        if (kind !== 'require-call' || pluginData === REQUIRED) return undefined;
        const found = await build.resolve(path, { kind, resolveDir, importer, pluginData: REQUIRED });
        return found.errors.length > 0 ? undefined : { path: found.path, suffix: REQUIRED };
      });
      build.onLoad({ filter: BYTES }, async ({ path, suffix }) => {
        // `asset` is a parameter of the script (see `JobModules`). An import of a CommonJS module would get a copy of its
        // exports, property by property: of bytes, byte by byte.
        const bytes = `asset(${await this.#indexOf(path)})`;
        return { contents: suffix === REQUIRED ? `module.exports = ${bytes};` : `export default ${bytes};` };
      });
    },
  };

  #indexOf(path: string): Promise<number> {
    const known = this.#indices.get(path);
    if (known !== undefined) return known;
    const reading = readFile(path).then((file) => {
      this.byteLength += file.byteLength;
      return this.files.push(new Uint8Array(file)) - 1;
    });
    this.#indices.set(path, reading);
    return reading;
  }
}
