/** Makes one classic script of spec files, the suite's framework and the runner. */
import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { FRAMEWORK, UsageError } from './checkout.js';

/** The script defines it; it is a `Suite` (runner.ts). */
export const SUITE_GLOBAL = 'conformanceSuite';

const RUNNER = fileURLToPath(new URL('./runner.js', import.meta.url));

/** @param files paths below src/, as `specFilesOf` answers them */
export async function bundleSuite(checkout: string, files: readonly string[]): Promise<string> {
  const source = path.resolve(checkout, 'src');
  const { outputFiles } = await build({
    stdin: { contents: entryOf(files), resolveDir: source, sourcefile: 'conformance.ts', loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: `${SUITE_GLOBAL}Module`,
    footer: { js: `var ${SUITE_GLOBAL} = ${SUITE_GLOBAL}Module.suite;` },
    platform: 'neutral',
    target: 'es2023',
    logLevel: 'silent',
    plugins: [forClassicScripts(source)],
    // What the checkout says there is for its own compiler: paths, decorators.
    tsconfigRaw: '{}',
  }).catch((error: unknown) => {
    throw new UsageError(`--cts ${checkout}: it cannot be bundled: ${(error as Error).message}`);
  });
  return outputFiles[0]!.text;
}

function entryOf(files: readonly string[]): string {
  const imports = Object.entries(FRAMEWORK).map(([name, file]) => `import { ${name} } from './${file}.js';`);
  // Loaded when they are asked for: each takes its time, and may want what only a page has.
  const specs = files.map((file) => {
    const name = file.replace(/[.]ts$/, '.js');
    return `  ${JSON.stringify(name)}: () => import(${JSON.stringify(`./${name}`)}),`;
  });
  return [
    ...imports,
    `import { makeSuite } from ${JSON.stringify(RUNNER)};`,
    `export const suite = makeSuite({ ${Object.keys(FRAMEWORK).join(', ')} }, {`,
    ...specs,
    '});',
  ].join('\n');
}

/** What a classic script has not: other files to load, and Node's modules. */
function forClassicScripts(source: string): Plugin {
  return {
    name: 'for-classic-scripts',
    setup({ onLoad, onResolve }) {
      // The default loader imports by names that it puts together: esbuild would take whatever they might be, all of the suite.
      onLoad({ filter: /file_loader[.]ts$/ }, async ({ path: file }) => {
        if (file !== `${path.join(source, FRAMEWORK.TestFileLoader)}.ts`) return undefined;
        const text = await readFile(file, 'utf8');
        return { loader: 'ts', contents: text.replace(/(?<![.\w])import\(`/g, 'String(`') };
      });
      const nodes = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
      onResolve({ filter: /^[a-z_:/]+$/ }, ({ path: name }) =>
        nodes.has(name) ? { path: name, namespace: 'node-module' } : undefined,
      );
      onLoad({ filter: /.*/, namespace: 'node-module' }, () => ({
        loader: 'js',
        contents: 'module.exports = {};',
      }));
    },
  };
}
