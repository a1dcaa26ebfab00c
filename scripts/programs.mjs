/**
 * Makes one file of each program, and of the package's public face, of the modules that it begins with; what it loads later stays apart.
 * Node takes its time to find, read and compile a module: an evaluator is there in three fifths of the time it takes to come up from 164 of
 * them, and the package is imported in half the CPU time.
 */
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from './steps.mjs';

const DIST = path.join(root, 'dist');
const PROGRAMS = path.join(DIST, 'bin');

/**
 * Packages of plain JavaScript that programs begin with. All others stay apart: they look for files beside theirs, are loaded when they are
 * used, or are there only where somebody has installed them.
 */
const INSIDE = /^(@noble[/]|(acorn|commander|get-east-asian-width|ipaddr[.]js|leven)$)/;

/** Bundles dist/cli/dcp-*.js and dist/index.js to dist/bin/. Needs dist/. */
export async function buildPrograms() {
  const { build } = await import('esbuild');
  const cli = path.join(DIST, 'cli');
  const names = readdirSync(cli)
    .filter((name) => /^dcp-.*[.]js$/.test(name))
    .map((name) => path.basename(name, '.js'));
  rmSync(PROGRAMS, { recursive: true, force: true });
  await build({
    entryPoints: {
      index: path.join(DIST, 'index.js'),
      ...Object.fromEntries(names.map((name) => [name, path.join(cli, `${name}.js`)])),
    },
    outdir: PROGRAMS,
    bundle: true,
    splitting: true,
    // All in one folder, from which WITH_OWN_PLACES goes out.
    chunkNames: '[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // What has been CommonJS asks for Node's modules by it.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    sourcemap: true,
    logLevel: 'silent',
    plugins: [WITHOUT_OTHER_PACKAGES, WITH_OWN_PLACES],
  });
  return names.join(', ');
}

/** @type {import('esbuild').Plugin} */
const WITHOUT_OTHER_PACKAGES = {
  name: 'without-other-packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path: name }) =>
      INSIDE.test(name) ? undefined : { path: name, external: true },
    );
  },
};

/**
 * A module that looks for files beside its own finds them: it is told where it was.
 * @type {import('esbuild').Plugin}
 */
const WITH_OWN_PLACES = {
  name: 'with-own-places',
  setup({ onLoad }) {
    onLoad({ filter: /[.]js$/ }, ({ path: file }) => {
      const place = path.relative(PROGRAMS, file).split(path.sep).join('/');
      const folder = path.posix.dirname(place);
      /** @type {Record<string, string>} */
      const places = {
        url: `new URL(${JSON.stringify(place)}, import.meta.url).href`,
        filename: `(import.meta.dirname + ${JSON.stringify(`/${place}`)})`,
        dirname: `(import.meta.dirname + ${JSON.stringify(`/${folder}`)})`,
      };
      const contents = readFileSync(file, 'utf8').replace(
        /\bimport[.]meta[.](url|filename|dirname)\b/g,
        (_, of) => /** @type {string} */ (places[of]),
      );
      return { contents, loader: 'js' };
    });
  },
};
