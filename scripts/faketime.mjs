/**
 * libfaketime, with which a test gives one process another wall clock, out of Debian's package, under `.cache/faketime/`.
 *
 *   npm run faketime      fetches it once and says where it is
 *
 * Imports Node's own modules alone, like scripts/setup.mjs.
 */
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { unpackDebianPackages } from './debian-packages.mjs';
import { isProgram, root, run } from './steps.mjs';

const FOLDER = path.join(root, '.cache/faketime');
/** The one for programs with threads; test/soak/trial/clock.ts knows the same path. */
const LIBRARY = 'libfaketimeMT.so.1';

/**
 * Fetches it where it is missing. Answers a note of what it did; throws an error that says why it could not.
 * @returns {Promise<string>}
 */
export async function ensureFaketime() {
  if (existsSync(path.join(FOLDER, LIBRARY))) return 'fetched before';
  await unpackDebianPackages(FOLDER, ['libfaketime'], async ([archive], ready) => {
    await run('dpkg-deb', ['-x', String(archive), path.join(ready, 'package')]);
    const files = readdirSync(ready, { recursive: true }).map(String);
    const found = files.find((name) => path.basename(name) === LIBRARY);
    if (found === undefined) throw new Error(`${LIBRARY}: not in Debian's package`);
    copyFileSync(path.join(ready, found), path.join(ready, LIBRARY));
  });
  return 'libfaketime';
}

if (isProgram(import.meta.url)) {
  try {
    console.log(`${await ensureFaketime()}: ${path.join(FOLDER, LIBRARY)}`);
  } catch (error) {
    console.error(`faketime: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
