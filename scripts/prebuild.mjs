/**
 * Builds the addon for every supported Node major and lays the binaries out as node-gyp-build looks for them in an
 * installed package: `prebuilds/<platform>-<arch>/<name>.node.abi<ABI>.<libc>.node`. The addon calls V8 directly, so
 * a binary serves one Node ABI, and the name says which. The launcher of evaluators lies beside them; it knows no Node.
 *
 *   npm run prebuilds [-- MAJOR…]
 */
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { buildNative } from './build.mjs';
import { buildDirectoryOf, ensureNode, runningMajor, supportedMajors } from './nodes.mjs';
import { Steps, isProgram, root, run } from './steps.mjs';

/** The program that starts confined evaluators: native/confinement. src/system/addon.ts looks for it beside the addon. */
export const LAUNCHER = 'dcp-confine';

/**
 * The name under which node-gyp-build finds a binary for one Node ABI only (its tags are separated by dots).
 * @param {string} addon
 * @param {string} abi `process.versions.modules`
 * @param {'glibc' | 'musl'} libc
 */
export function prebuildName(addon, abi, libc) {
  return `${addon}.node.abi${abi}.${libc}.node`;
}

/**
 * Builds the addon for one major and answers where its binary is, relative to the checkout.
 * @param {number} major
 */
export async function prebuild(major) {
  const node = await ensureNode(major);
  const binary = await buildNative(
    major === runningMajor ? {} : { node, directory: buildDirectoryOf(major) },
  );
  const print =
    'console.log(process.versions.modules, process.report.getReport().header.glibcVersionRuntime ? "glibc" : "musl")';
  const [abi, libc] = /** @type {[string, 'glibc' | 'musl']} */ (
    (await run(node, ['-e', print])).trim().split(' ')
  );
  const folder = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  mkdirSync(folder, { recursive: true });
  const target = path.join(folder, prebuildName(path.basename(binary, '.node'), abi, libc));
  cpSync(path.join(root, binary), target);
  cpSync(path.join(root, path.dirname(binary), LAUNCHER), path.join(folder, LAUNCHER));
  return path.relative(root, target);
}

if (isProgram(import.meta.url)) {
  const named = process.argv.slice(2).map(Number);
  const steps = new Steps();
  for (const major of named.length > 0 ? named : supportedMajors) {
    await steps.step(`Node ${major}`, () => prebuild(major));
  }
  process.exit(steps.failed ? 1 : 0);
}
