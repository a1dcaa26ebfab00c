/**
 * What is held besides tests: format, lint, layers, dead exports. `npm run lint` and `npm run verify` run this list.
 */
import path from 'node:path';
import { checkNativeLayers } from './check-native-layers.mjs';
import { clangFormat, clangTidy } from './native-checks.mjs';
import { bin, root, run } from './steps.mjs';

/** @typedef {{name: string, run: () => unknown}} Check */

/** The longest on one core first: the others run beside it. clang-tidy takes every core. @type {readonly Check[]} */
export const CHECKS = [
  { name: 'eslint', run: () => quietly(bin('eslint'), ['--max-warnings=0', '.']) },
  { name: 'generated bindings of WebGPU', run: checkGenerated },
  { name: 'layers of native/', run: () => checkNativeLayers(path.join(root, 'native')) },
  { name: 'layers and cycles of src/', run: checkLayers },
  { name: 'format (prettier)', run: () => quietly(bin('prettier'), ['--check', '--log-level=warn', '.']) },
  { name: 'format (clang-format)', run: () => clangFormat(['--dry-run', '--Werror']) },
  { name: 'types of scripts/', run: () => quietly(bin('tsc'), ['-p', 'scripts']) },
  { name: "types of the Worker's page", run: () => quietly(bin('tsc'), ['-p', 'src/status/page']) },
  { name: 'dead exports (knip)', run: () => quietly(bin('knip'), ['--no-progress']) },
  { name: 'clang-tidy', run: clangTidy },
];

/** What scripts/generate-webgpu.mjs writes is what is there. */
async function checkGenerated() {
  // Not before the packages are there that it needs: `npm run verify` loads this list first.
  const { generateWebgpu } = await import('./generate-webgpu.mjs');
  const stale = await generateWebgpu(true);
  if (stale.length > 0) throw new Error(`stale: ${stale.join(', ')}; run scripts/generate-webgpu.mjs`);
}

/** A check has nothing to say when it passes. @param {string} command @param {readonly string[]} args */
async function quietly(command, args) {
  await run(command, args);
}

/** Layers and cycles of some TypeScript; the tests feed it a folder that breaks the rules. */
export async function checkLayers(folder = root) {
  const config = path.join(root, '.dependency-cruiser.cjs');
  await run(bin('depcruise'), ['--config', config, '--output-type', 'err-long', 'src'], { cwd: folder });
}
