/**
 * The shipped default looks just like the file that an operator would change, and the next update would take the change
 * away: its sum is shipped beside it, and a default that differs is refused.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { variable, type Environment } from './variables.js';

/** Accepts a default that was changed. */
const ALLOW_MODIFIED = 'DCP_WORKER_ALLOW_MODIFIED_DEFAULT';

/** Sums beside the file, best first. Packages of the published program have MD5. */
const SUMS = ['sha256', 'md5'] as const;

export interface IntegrityProblem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** What is wrong with a default that was read; null: it is as it was shipped. */
export function integrityProblem(
  file: string,
  bytes: Buffer,
  program: string,
  env: Environment,
): IntegrityProblem | null {
  for (const algorithm of SUMS) {
    const shipped = sumIn(`${file}.${algorithm}`);
    if (shipped === null) continue;
    if (createHash(algorithm).update(bytes).digest('hex') === shipped) return null;
    if (variable(env, ALLOW_MODIFIED) !== undefined)
      return {
        severity: 'warning',
        message: `is not as it was shipped; accepted, as ${ALLOW_MODIFIED} is set`,
      };
    return { severity: 'error', message: modifiedText(program) };
  }
  return {
    severity: 'warning',
    message: `there is no ${file}.${SUMS[0]}: cannot tell whether it is as it was shipped`,
  };
}

function modifiedText(program: string): string {
  return (
    'is not as it was shipped, and the next update would replace it. Undo the change, and say what you want in one of ' +
    `~/.dcp/${program}/dcp-config.js, /etc/dcp/${program}/dcp-config.js, /etc/override/dcp/${program}/dcp-config.js; ` +
    `or set ${ALLOW_MODIFIED}=1`
  );
}

/** The sum at the beginning of a file as `sha256sum` writes it. */
function sumIn(file: string): string | null {
  try {
    return readFileSync(file, 'latin1').trim().split(/\s/, 1)[0]!.toLowerCase();
  } catch {
    return null;
  }
}
