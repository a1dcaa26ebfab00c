import { existsSync } from 'node:fs';
import path from 'node:path';
import type { BuildOptions, BuildResult, OutputFile, Plugin } from 'esbuild';
import { MAX_MODULES, ModuleError, type JobModules } from '../../model/index.js';
import type { WorkFunctionOrigin } from '../work-function.js';
import { AssetCollector, TEXT_EXTENSIONS } from './assets.js';
import { moduleError } from './refusals.js';
import { relativeSourceMap } from './source-map.js';

/** A Work Function and what it needs beside itself. */
export interface ModulesRequest {
  readonly workFunction: WorkFunctionOrigin;
  /** Names the Work Function can `require`: packages, parts of packages, relative paths. */
  readonly names: readonly string[];
  /** Where names are looked up, as Node would from a file there. Absolute. */
  readonly directory: string;
  /** The script says what it was made from, for a debugger to show. That is the client's source text: it does not travel. */
  readonly forDebugger: boolean;
}

/** The Work Function as an expression, and the modules it is evaluated among. */
export interface BundledModules {
  readonly workFunction: string;
  readonly modules: JobModules;
}

/** Stands for the script that this file writes; no file of the client's has such a name. */
const ENTRY = '<modules>';
/** The module between `ENTRY` and the Work Function's file, which makes a missing default export an error of the bundler. */
const WORK = 'dcp:work-function';

/**
 * Bundles with esbuild, which is loaded by the first call. Packages are resolved as for a browser's worker, which has
 * nothing of Node either. Rejects with `ModuleError`, naming module and importer, for what is not there, does not
 * compile, is of Node only, or is too large (`MAX_MODULES`).
 */
export async function bundleModules(request: ModulesRequest): Promise<BundledModules> {
  const { workFunction, directory } = request;
  const root = packageRoot('file' in workFunction ? path.dirname(workFunction.file) : directory);
  const assets = new AssetCollector();
  const result = await build({
    absWorkingDir: root,
    // Names in stacks are relative to it.
    sourcesContent: request.forDebugger,
    outfile: path.join(root, 'modules.js'),
    plugins: [assets.plugin, workPlugin(workFunction)],
    stdin: {
      contents: entrySource(request, root),
      resolveDir: directory,
      sourcefile: ENTRY,
      loader: 'js',
    },
  });
  const script = request.forDebugger
    ? Buffer.concat([output(result, '.js').contents, mapComment(output(result, '.map').text)])
    : output(result, '.js').contents;
  const sourceMap = relativeSourceMap(output(result, '.map').text);
  checkSize('script', script.byteLength);
  checkSize('sourceMap', sourceMap.byteLength);
  checkSize('assets', assets.byteLength);
  return {
    workFunction:
      'source' in workFunction
        ? workFunction.source
        : `require(${JSON.stringify(nameOf(workFunction.file, root))})`,
    modules: { script, sourceMap, assets: assets.files },
  };
}

async function build(options: BuildOptions): Promise<BuildResult> {
  const esbuild = await import('esbuild');
  try {
    return await esbuild.build({
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'browser',
      conditions: ['worker', 'module'],
      target: 'es2022',
      charset: 'ascii',
      legalComments: 'none',
      // Without keepNames: it calls Object.defineProperty for each function at each time it is made, some 0.6 us where making one takes 0.02.
      define: { global: 'globalThis', 'process.env.NODE_ENV': '"production"' },
      loader: Object.fromEntries(TEXT_EXTENSIONS.map((extension) => [extension, 'text'])),
      sourcemap: 'external',
      logLevel: 'silent',
      ...options,
    });
  } catch (error) {
    throw moduleError(error, ENTRY);
  }
}

/** One function for each name; what it loads is loaded when it is called. */
function entrySource({ workFunction, names }: ModulesRequest, root: string): string {
  const entries = names.map((name) => `${JSON.stringify(name)}: () => require(${JSON.stringify(name)})`);
  if ('file' in workFunction) {
    const name = nameOf(workFunction.file, root);
    entries.push(`${JSON.stringify(name)}: () => {
      const { default: work } = require(${JSON.stringify(WORK)});
      if (typeof work === "function") return work;
      throw new TypeError(${JSON.stringify(`${name}: the default export is not a function but `)} + typeof work);
    }`);
    // Not one of those that were declared: src/sandbox/modules.ts.
    entries.push(`[Symbol.for("${WORK}")]: ${JSON.stringify(name)}`);
  }
  return `module.exports = {\n${entries.join(',\n')}\n};`;
}

function workPlugin(origin: WorkFunctionOrigin): Plugin {
  return {
    name: WORK,
    setup(context) {
      if (!('file' in origin)) return;
      const { file } = origin;
      context.onResolve({ filter: /^dcp:work-function$/ }, () => ({ path: WORK, namespace: 'dcp' }));
      context.onLoad({ filter: /^dcp:work-function$/, namespace: 'dcp' }, () => ({
        contents: `import work from ${JSON.stringify(`./${path.basename(file)}`)}; export default work;`,
        resolveDir: path.dirname(file),
      }));
    },
  };
}

function mapComment(sourceMap: string): Buffer {
  const base64 = Buffer.from(relativeSourceMap(sourceMap)).toString('base64');
  return Buffer.from(`//# sourceMappingURL=data:application/json;base64,${base64}\n`);
}

/** The client's project: the next directory upwards with a package.json, else the one given. */
function packageRoot(directory: string): string {
  for (let at = directory; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, 'package.json'))) return at;
    if (path.dirname(at) === at) return directory;
  }
}

/** How a file is called where its Job runs. */
function nameOf(file: string, root: string): string {
  return path.relative(root, file).split(path.sep).join('/');
}

function output(result: BuildResult, extension: string): OutputFile {
  return result.outputFiles!.find(({ path: name }) => name.endsWith(extension))!;
}

function checkSize(part: keyof typeof MAX_MODULES, bytes: number): void {
  const most = MAX_MODULES[part];
  if (bytes <= most) return;
  const what = { script: 'the script', sourceMap: 'the source map', assets: 'the files' }[part];
  throw new ModuleError(
    ENTRY,
    null,
    `the modules of a Job are too large: ${what} of ${bytes} bytes, at most ${most} can travel with it`,
  );
}
