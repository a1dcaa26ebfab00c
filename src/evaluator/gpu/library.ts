/** Where Dawn is: the library that implements WebGPU (webgpu.h). */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { loadNative } from '../native.js';
import type { GpuProblem } from './problem.js';

export interface DawnLibrary {
  readonly path: string;
  /** What named it, for people. */
  readonly from: string;
}

/**
 * Names a library to use instead of any other, or the folder under which one was installed. It must have the ABI that the
 * addon was built for.
 */
const VARIABLE = 'DCP_DAWN_LIBRARY';
/** Where a Dawn is that was installed under a folder, as third_party/dawn/FindDawn.cmake looks for it. */
const FOLDERS = [`lib/${debianArchitecture()}-linux-gnu`, 'lib', 'lib64', '.'];
const NAMES = ['libwebgpu_dawn.so.0', 'libwebgpu_dawn.so'];
const PACKAGE = `bun-webgpu-${process.platform}-${process.arch}`;
const INSTALL = `npm install ${PACKAGE}`;
const NAME_ANOTHER = `without ${VARIABLE}, or with the path of a library that is there`;
const PACKAGE_LIBRARY = 'libwebgpu_wrapper.so';
/** The ABI of the package's library, as third_party/dawn/FindDawn.cmake names it. */
const PACKAGE_ABI = 'bun-webgpu';

/** Looks for it: the environment, the build, the package. Answers the reason when there is none. */
export function findDawn(): DawnLibrary | string {
  const found = lookForDawn();
  return 'what' in found ? found.what : found;
}

/** The same, with what helps. */
export function lookForDawn(): DawnLibrary | GpuProblem {
  const named = process.env[VARIABLE];
  if (named !== undefined && named !== '') return findNamed(path.resolve(named));
  const { webgpuAbi, dawnLibrary } = loadNative();
  if (dawnLibrary !== '')
    return existsSync(dawnLibrary)
      ? { path: dawnLibrary, from: '-DDAWN_ROOT of the build' }
      : {
          what: `the addon was built with -DDAWN_ROOT, and ${dawnLibrary} is gone`,
          fix: `${VARIABLE}=…, the path of another of ABI ${webgpuAbi}`,
        };
  if (webgpuAbi !== PACKAGE_ABI)
    return {
      what: `the addon was built for ABI ${webgpuAbi}; name a library with ${VARIABLE}`,
      fix: `${VARIABLE}=…, the path of one of that ABI`,
    };
  return findPackage();
}

function findNamed(named: string): DawnLibrary | GpuProblem {
  const stats = statSync(named, { throwIfNoEntry: false });
  if (stats === undefined) return { what: `${VARIABLE}: no file ${named}`, fix: NAME_ANOTHER };
  if (!stats.isDirectory()) return { path: named, from: VARIABLE };
  const places = FOLDERS.flatMap((folder) => NAMES.map((name) => path.join(named, folder, name)));
  const found = places.find((place) => existsSync(place));
  return found === undefined
    ? {
        what: `${VARIABLE}: no ${NAMES.join(' and no ')} in ${named} (looked in ${FOLDERS.join(', ')})`,
        fix: NAME_ANOTHER,
      }
    : { path: found, from: VARIABLE };
}

/** As it is in the names of Debian's folders. */
function debianArchitecture(): string {
  return process.arch === 'x64' ? 'x86_64' : process.arch === 'arm64' ? 'aarch64' : process.arch;
}

function findPackage(): DawnLibrary | GpuProblem {
  const require = createRequire(import.meta.url);
  let manifest: string;
  try {
    manifest = require.resolve(`${PACKAGE}/package.json`);
  } catch {
    return { what: `the package ${PACKAGE} is not installed`, fix: INSTALL };
  }
  const library = path.join(path.dirname(manifest), PACKAGE_LIBRARY);
  if (!existsSync(library)) return { what: `${library}: no such file`, fix: INSTALL };
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { path: library, from: `${PACKAGE} ${version}` };
}
