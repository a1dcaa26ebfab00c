/**
 * The programs of DCP that this package has to get along with, as npm has them: test/compat/dcp-5 and test/compat/dcp-4,
 * which the suite `classic` runs. They are apart from this package's own dependencies because two versions of one
 * package are wanted, and because nothing but those tests may need them.
 *
 *   npm run compat        installs what is missing
 */
import path from 'node:path';
import { NPM_ARGUMENTS, staleModules } from './setup.mjs';
import { Steps, isProgram, root, run } from './steps.mjs';

const GENERATIONS = ['dcp-5', 'dcp-4'];

/** How long npm may take for one of them, milliseconds. */
const INSTALL_MS = 300_000;

/**
 * Installs what does not fit its package-lock.json. Answers a note of what it did.
 * @returns {Promise<string>}
 */
export async function ensureExistingPrograms() {
  const installed = [];
  for (const generation of GENERATIONS) {
    const folder = path.join(root, 'test/compat', generation);
    if (staleModules(folder) === null) continue;
    await run('npm', NPM_ARGUMENTS, { cwd: folder, timeoutMs: INSTALL_MS });
    installed.push(generation);
  }
  return installed.join(', ') || 'installed before';
}

if (isProgram(import.meta.url)) await new Steps().must('existing programs of DCP', ensureExistingPrograms);
