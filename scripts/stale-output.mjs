/** What compilers have left of sources that are gone: they remove nothing, and a package would have it. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** `x.js`, `x.cjs`, `x.d.ts`, `x.d.cts` and their source maps; the groups make the source's name. */
const COMPILED = /^(.+?)(?:\.d)?\.([cm]?)[jt]s(?:\.map)?$/;
/** Bundled of src/sandbox/environment: each of a file or of a folder. */
const GROUP_SCRIPT = /^(sandbox\/environment\/[^/]+)\.script\.js$/;
/** Bundled otherwise: whoever makes them knows their names. */
const BUNDLED = /^bin\/|\.script\.js$/;

/**
 * Removes compiled files without a source, and answers their names.
 * @param {string} source folder of what is compiled
 * @param {string} output folder of what has been
 */
export function removeStaleOutput(source, output) {
  const stale = readdirSync(output, { recursive: true })
    .map(String)
    .filter((name) => {
      const sources = sourcesOf(name);
      return sources !== null && !sources.some((file) => existsSync(path.join(source, file)));
    });
  for (const name of stale) rmSync(path.join(output, name));
  return stale.sort();
}

/** Any of which a file may have been made of; null: it is not known. @param {string} name @returns {string[] | null} */
function sourcesOf(name) {
  const group = GROUP_SCRIPT.exec(name)?.[1];
  if (group !== undefined) return [`${group}.ts`, `${group}/index.ts`];
  const compiled = BUNDLED.test(name) ? null : COMPILED.exec(name);
  return compiled && [`${compiled[1]}.${compiled[2]}ts`];
}
