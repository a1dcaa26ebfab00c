import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EvaluatorError } from '../model/index.js';

const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The native addon: the same object for every caller in a thread, each of which knows the types of what it uses. Throws
 * EvaluatorError when there is none for this Node.
 */
export function loadAddon(): unknown {
  // An evaluator that has confined itself cannot look for it again.
  loaded ??= load();
  return loaded;
}
let loaded: unknown = null;

function load(): unknown {
  const require = createRequire(import.meta.url);
  try {
    const directory = process.env.DCP_NATIVE_BUILD_DIR;
    if (directory) return require(findBinary(path.resolve(packageRoot, directory, 'Release')));
    const find = require('node-gyp-build') as (directory: string) => unknown;
    return find(packageRoot);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new EvaluatorError(
      `no native addon for Node ${process.version} on ${process.platform}-${process.arch}: ${reason}. ` +
        'In a checkout, `npm run build` makes it.',
      { cause },
    );
  }
}

function findBinary(directory: string): string {
  const name = existsSync(directory) && readdirSync(directory).find((entry) => entry.endsWith('.node'));
  if (!name) throw new Error(`DCP_NATIVE_BUILD_DIR: no .node file in ${directory}`);
  return path.join(directory, name);
}
