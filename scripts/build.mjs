/**
 * Builds everything: the native addon, the TypeScript, and the script that a Sandbox runs first.
 *
 *   node scripts/build.mjs [--native-only | --ts-only] [--test] [--asan]
 *
 * Where the addon goes, and who finds it there:
 * - `build/Release/*.node` is the addon for the Node that built last. node-gyp-build loads it from there. Building
 *   under another Node major than last time starts that directory afresh.
 * - `DCP_NATIVE_BUILD_DIR` (absolute, or relative to the checkout) names another build directory, when building
 *   and when loading: `src/system/addon.ts` looks there first. The scripts use `build-<major>` for the Node
 *   majors they test beside the running one, and `build-asan` (`--asan`) for AddressSanitizer.
 * - `DAWN_ROOT` and `DAWN_ABI` in the environment are those of third_party/dawn/FindDawn.cmake, for a Dawn of one's own.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureHeaders, headersBeside } from './nodes.mjs';
import { buildPrograms } from './programs.mjs';
import { removeStaleOutput } from './stale-output.mjs';
import { QUICK_WHATWG_URL } from './whatwg-url.mjs';
import { Steps, bin, isProgram, jobs, root, run, runNode } from './steps.mjs';

export const ASAN_BUILD_DIRECTORY = 'build-asan';

/**
 * Compiles the addon, as far as something changed, and answers where it is.
 * @param {{node?: string, directory?: string, sanitize?: 'address', tests?: boolean, once?: boolean}} [options] `node`: the binary to
 *   build for; `directory`: the build directory, default `DCP_NATIVE_BUILD_DIR` or `build`; `tests`: and what only tests load;
 *   `once`: nobody is about to change a file and build again. Compiling each folder as one file takes well under half of the
 *   time then, where a change would take longer. A directory in which somebody builds stays as it is.
 * @returns {Promise<string>} the path of the binary, relative to the checkout
 */
export async function buildNative(options = {}) {
  if (!existsSync(path.join(root, 'CMakeLists.txt'))) throw new Error('CMakeLists.txt: not found');
  const node = options.node ?? process.execPath;
  const directory = path.resolve(root, options.directory ?? process.env.DCP_NATIVE_BUILD_DIR ?? 'build');
  const headers = node === process.execPath ? await ensureHeaders() : headersBeside(node);
  // What third_party/v8/FindNodeV8.cmake, third_party/dawn/FindDawn.cmake and CMakeLists.txt read.
  const defines = {
    NODE_EXECUTABLE: node,
    NodeV8_INCLUDE_DIR: headers,
    ...(options.sanitize && { DCP_SANITIZE: options.sanitize }),
    ...(process.env.DAWN_ROOT && { DAWN_ROOT: process.env.DAWN_ROOT }),
    ...(process.env.DAWN_ABI && { DAWN_ABI: process.env.DAWN_ABI }),
  };
  const cmakeJs = [
    path.join(root, 'node_modules/cmake-js/bin/cmake-js'),
    `--out=${directory}`,
    '--config=Release',
    `--parallel=${jobs}`,
    ...Object.entries(defines).map(([key, value]) => `--CD${key}=${value}`),
  ];

  // The cache of CMake keeps what it was first told, so another Node or another option starts afresh.
  const stamp = path.join(directory, '.configured-for.json');
  const configurationOf = (/** @type {object} */ more) =>
    JSON.stringify({ defines: { ...defines, ...more }, headers: nodeVersionOf(headers) }, null, 2);
  const whole = { DCP_WHOLE_FOLDERS: 'ON' };
  const usable = [configurationOf({}), ...(options.once ? [configurationOf(whole)] : [])];
  if (!existsSync(stamp) || !usable.includes(readFileSync(stamp, 'utf8'))) {
    rmSync(directory, { recursive: true, force: true });
    await runNode([...cmakeJs, ...(options.once ? ['--CDDCP_WHOLE_FOLDERS=ON'] : []), 'configure']);
    writeFileSync(stamp, configurationOf(options.once ? whole : {}));
  }
  await runNode([...cmakeJs, 'build']);
  if (options.tests) await runNode([...cmakeJs, 'build', '--target=attempts']);

  const output = path.join(directory, 'Release');
  const built = existsSync(output) ? readdirSync(output).find((name) => name.endsWith('.node')) : undefined;
  if (built === undefined) throw new Error(`${output}: the build left no .node file there`);
  return path.relative(root, path.join(output, built));
}

/** The version that a directory of Node headers states; a new patch release is a new configuration. @param {string} headers */
function nodeVersionOf(headers) {
  const text = readFileSync(path.join(headers, 'node_version.h'), 'utf8');
  return ['MAJOR', 'MINOR', 'PATCH']
    .map((part) => new RegExp(`#define NODE_${part}_VERSION (\\d+)`).exec(text)?.[1])
    .join('.');
}

/** Compiles src/ to dist/, with types. What is left of sources that are gone goes. */
async function buildTypeScript() {
  await run(bin('tsc'), ['-p', '.']);
  removeStaleOutput(path.join(root, 'src'), path.join(root, 'dist'));
}

/**
 * Bundles what runs inside an isolate before the Work Function into one classic script: an isolate has no module
 * loader, and a stack of a Work Function must not depend on a minifier.
 */
async function buildPrelude() {
  const entry = path.join(root, 'src/sandbox/main.ts');
  if (!existsSync(entry)) return 'no src/sandbox/main.ts';
  // Native code runs a script as the body of a function, the prelude's with the parameter `host`.
  await bundle(entry, 'prelude', 'start', 'host');
  await bundle(path.join(root, 'src/sandbox/classic.ts'), 'classic', 'startClassic', 'host');
  await buildEnvironment();
}

/**
 * Bundles each group of the environment (src/sandbox/environment/groups.ts) into a script of its own: the body of a
 * function of `host` and `realm`.
 */
async function buildEnvironment() {
  const table = path.join(root, 'dist/sandbox/environment/groups.js');
  const { GLOBAL_GROUPS } = await import(`${pathToFileURL(table)}?${statSync(table).mtimeMs}`);
  const folder = path.join(root, 'src/sandbox/environment');
  await Promise.all(
    Object.keys(GLOBAL_GROUPS).map((group) => {
      const file = [`${group}.ts`, `${group}/index.ts`].find((name) => existsSync(path.join(folder, name)));
      if (!file) throw new Error(`src/sandbox/environment/groups.ts: ${group}: no such file or folder there`);
      const globals = path.join(folder, group, 'library-globals.ts');
      return bundle(path.join(folder, file), `environment/${group}`, 'default', 'host, realm', {
        // What libraries of the group find in place of globals of these names.
        inject: existsSync(globals) ? [globals] : [],
      });
    }),
  );
}

/**
 * Every isolate that compiles a script hashes its text first, code cache or not, unless it is so long (V8's
 * `String::kMaxHashCalcLength`, 16,383 characters): for the prelude's 12 KB that was a fifth of the compilation.
 */
const UNHASHED_LENGTH = 16_384;

/**
 * msgpackr fills a table of powers of ten when it is loaded, for options of its own that round floats (`useFloat32`), which the
 * codec does not set: an eighth of a millisecond in every new isolate, a third of all that the codec takes to be run.
 * @type {import('esbuild').Plugin}
 */
const WITHOUT_DECIMAL_TABLE = {
  name: 'without-decimal-table',
  setup(build) {
    const loop = /for \(let i = 0; i < 256; i\+\+\) \{\s*mult10\[i\] = [^\n]*\n\}/;
    build.onLoad({ filter: /\/msgpackr\/unpack\.js$/ }, ({ path: file }) => {
      const text = readFileSync(file, 'utf8');
      if (!loop.test(text)) throw new Error(`${file}: no table of powers of ten any more`);
      return { contents: text.replace(loop, ''), loader: 'js' };
    });
  },
};

/**
 * Makes a script of a module and what it imports, which calls one of its exports and returns the answer.
 * @param {string} entry
 * @param {string} name of the script, under dist/sandbox/
 * @param {string} start the export
 * @param {string} parameters of the script, handed on
 * @param {import('esbuild').BuildOptions} [options]
 */
async function bundle(entry, name, start, parameters, options = {}) {
  const { build } = await import('esbuild');
  const outfile = path.join(root, `dist/sandbox/${name}.script.js`);
  const { outputFiles } = await build({
    // A module without exports becomes plain statements: what the bundler does for exports would use `Object`, which
    // is the Work Function's by the time a group is made.
    stdin: {
      contents: `import { ${start} as start } from ${JSON.stringify(entry)}; answer = start(${parameters});`,
      resolveDir: root,
    },
    outfile,
    write: false,
    bundle: true,
    format: 'esm',
    banner: { js: '"use strict"; let answer;' },
    footer: { js: 'return answer;' },
    charset: 'ascii',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    minify: false,
    logLevel: 'silent',
    plugins: [WITHOUT_DECIMAL_TABLE, QUICK_WHATWG_URL],
    ...options,
  });
  mkdirSync(path.dirname(outfile), { recursive: true });
  // What is not ASCII now stands in comments. V8 reads a text of ASCII where it lies, and copies any other into each heap.
  for (const { text } of outputFiles ?? [])
    writeFileSync(outfile, text.replace(/[^\0-\x7f]/g, '?').padEnd(UNHASHED_LENGTH));
}

/**
 * Bundles the script of the Worker's page and puts document and style beside it; `src/status/server/page.ts` makes one
 * document of them. The script stays readable: whoever looks at the page's source sees what runs there.
 */
async function buildPage() {
  const { build } = await import('esbuild');
  const source = path.join(root, 'src/status/page');
  const target = path.join(root, 'dist/status/page');
  mkdirSync(target, { recursive: true });
  await build({
    entryPoints: [path.join(source, 'main.ts')],
    outfile: path.join(target, 'page.script.js'),
    bundle: true,
    format: 'esm',
    charset: 'ascii',
    target: 'es2022',
    platform: 'browser',
    logLevel: 'silent',
  });
  for (const name of ['index.html', 'page.css'])
    copyFileSync(path.join(source, name), path.join(target, name));
}

/** Compiles test/ to dist-test/ and bench/ to dist-bench/. Needs dist/, whose types they use. */
export async function buildTests() {
  const projects = ['test', 'bench'].filter((folder) => hasTypeScript(path.join(root, folder)));
  await Promise.all(projects.map((folder) => run(bin('tsc'), ['-p', folder])));
  return projects.join(', ');
}

/** @param {string} directory */
function hasTypeScript(directory) {
  return (
    existsSync(path.join(directory, 'tsconfig.json')) &&
    readdirSync(directory, { recursive: true }).some((name) => String(name).endsWith('.ts'))
  );
}

/** What is built of src/, one after another. @type {readonly {name: string, build: () => unknown}[]} */
export const SCRIPTS = [
  { name: 'typescript', build: buildTypeScript },
  { name: 'programs', build: buildPrograms },
  { name: 'sandbox prelude', build: buildPrelude },
  { name: "the Worker's page", build: buildPage },
];

/**
 * The steps of a build; the first that fails ends the program.
 * @param {Steps} steps
 * @param {{native: boolean, typescript: boolean, tests: boolean, asan: boolean}} parts
 */
export async function buildAll(steps, parts) {
  if (parts.native) {
    await steps.must('addon', () =>
      buildNative({
        tests: parts.tests,
        ...(parts.asan && { directory: ASAN_BUILD_DIRECTORY, sanitize: 'address' }),
      }),
    );
  }
  if (parts.typescript) {
    for (const { name, build } of SCRIPTS) await steps.must(name, build);
  }
  if (parts.tests) await steps.must('tests and benchmarks', buildTests);
}

if (isProgram(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      'native-only': { type: 'boolean', default: false },
      'ts-only': { type: 'boolean', default: false },
      test: { type: 'boolean', default: false },
      asan: { type: 'boolean', default: false },
    },
  });
  await buildAll(new Steps(), {
    native: !values['ts-only'],
    typescript: !values['native-only'],
    tests: values.test,
    asan: values.asan,
  });
}
