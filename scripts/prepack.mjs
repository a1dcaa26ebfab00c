/**
 * What npm runs before it packs or publishes (`prepack`): compiles, and refuses a package that could not be loaded where it is
 * installed, since what it needs is not there.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { buildAll } from './build.mjs';
import { NODE_ABIS, supportedMajors } from './nodes.mjs';
import { LAUNCHER } from './prebuild.mjs';
import { staleModules } from './setup.mjs';
import { Steps, isProgram, root } from './steps.mjs';

const PLATFORM = `${process.platform}-${process.arch}`;

/**
 * The prebuilt files that a package would lack, for this platform and any other that it has some for.
 * @param {string} folder prebuilds/
 * @returns {string[]} for people: file, and of which Node
 */
export function missingPrebuilds(folder) {
  const platforms = new Set([PLATFORM, ...(existsSync(folder) ? readdirSync(folder) : [])]);
  return [...platforms].flatMap((platform) => {
    const directory = path.join(folder, platform);
    const files = existsSync(directory) ? readdirSync(directory) : [];
    const missing = supportedMajors
      .filter((major) => !files.some((name) => name.includes(`.node.abi${NODE_ABIS[major]}.`)))
      .map((major) => `prebuilds/${platform}: no addon for Node ${major}`);
    return files.includes(LAUNCHER) ? missing : [...missing, `prebuilds/${platform}: no ${LAUNCHER}`];
  });
}

if (isProgram(import.meta.url)) {
  const missing = missingPrebuilds(path.join(root, 'prebuilds'));
  if (missing.length > 0) missing.push('`npm run prebuilds` makes them.');
  const stale = staleModules(root);
  if (stale !== null)
    missing.push(`dist: cannot be compiled: ${stale}; \`npm run setup\` installs what is missing.`);
  if (missing.length > 0) {
    console.error(`This package could not be loaded where it is installed:\n  ${missing.join('\n  ')}`);
    process.exit(1);
  }
  await buildAll(new Steps(), { native: false, typescript: true, tests: false, asan: false });
}
