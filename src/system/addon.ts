import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EvaluatorError } from '../model/index.js';
import { linkedPackages } from './linked-packages.js';

const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

interface AddonFinder {
  resolve(directory: string): string;
}

/**
 * The native addon: the same object for every caller in a thread, each of which knows the types of what it uses. Throws
 * EvaluatorError when there is none for this Node.
 */
export function loadAddon(): unknown {
  // An evaluator that has confined itself cannot look for it again.
  loaded ??= load();
  return loaded.addon;
}

/** Where that comes from, which threads besides can require, wherever they run. Throws as `loadAddon` does. */
export function addonFile(): string {
  loaded ??= load();
  return loaded.file;
}
let loaded: { readonly file: string; readonly addon: unknown } | null = null;

function load(): { file: string; addon: unknown } {
  const require = createRequire(import.meta.url);
  try {
    const directory = process.env.DCP_NATIVE_BUILD_DIR;
    const file = directory
      ? findBinary(path.resolve(packageRoot, directory, 'Release'))
      : (require('node-gyp-build') as AddonFinder).resolve(packageRoot);
    return { file, addon: require(file) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new EvaluatorError(
      `no native addon for Node ${process.version} on ${process.platform}-${process.arch}: ${reason}. ` +
        'In a checkout, `npm run build` makes it.',
      { cause },
    );
  }
}

/** A program that was built with the addon and lies beside it; null: there is none. Throws as `loadAddon` does. */
export function programBesideAddon(name: string): string | null {
  const file = path.join(path.dirname(addonFile()), name);
  return existsSync(file) ? file : null;
}

/** The files of this package, and of those it needs, as far as they exist: code, and no data of anybody's. */
export function packageFiles(): string[] {
  const files = ['package.json', 'dist', 'node_modules', 'prebuilds'].map((name) =>
    path.join(packageRoot, name),
  );
  // What it needs may be installed beside it, or further up.
  for (let folder = path.dirname(path.resolve(packageRoot)); ; folder = path.dirname(folder)) {
    files.push(path.join(folder, 'node_modules'));
    if (folder === path.dirname(folder)) break;
  }
  const there = files.filter((file) => existsSync(file));
  linked ??= linkedPackages(path.resolve(packageRoot), there);
  return [...there, ...linked, path.dirname(addonFile())];
}

/** A look at some hundred files: what is installed stays as it is while a process runs. */
let linked: readonly string[] | null = null;

function findBinary(directory: string): string {
  const name = existsSync(directory) && readdirSync(directory).find((entry) => entry.endsWith('.node'));
  if (!name) throw new Error(`DCP_NATIVE_BUILD_DIR: no .node file in ${directory}`);
  return path.join(directory, name);
}
