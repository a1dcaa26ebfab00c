/** Machines that allow less than this one: an ordinary user, no user namespaces, a /proc of which parts are hidden. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ConfinementOptions } from '#src/evaluator/index.js';
import type { Attempts } from './support.js';

export type Surroundings = 'ordinary user' | 'no user namespaces' | 'hidden /proc';

const isRoot = process.getuid?.() === 0;
const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

/** The words in front of a command that is to run there. */
const WORDS: Readonly<Record<Surroundings, readonly string[]>> = {
  'ordinary user': isRoot ? NOBODY : [],
  // As within a container that allows none: root there, without any right.
  'no user namespaces': [
    'unshare',
    '--user',
    '--map-root-user',
    'sh',
    '-c',
    'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set -all --inh-caps -all "$@"',
    'sh',
  ],
  // As systemd's ProtectKernelTunables= does it, and container managers.
  'hidden /proc': [
    'unshare',
    '--mount',
    ...(isRoot ? [] : ['--user', '--map-root-user']),
    'sh',
    '-c',
    `mount --bind /proc/sys /proc/sys && exec ${isRoot ? NOBODY.join(' ') : ''} "$@"`,
    'sh',
  ],
};

/** Why a test can say nothing here; false: it can. */
export function cannotBe(where: Surroundings): string | false {
  const { status } = spawnSync('env', [...WORDS[where], 'true']);
  return status !== 0 && `this machine cannot be made one of: ${where}`;
}

/** Runs a program there, to its end. */
export function runThere(where: Surroundings, words: readonly string[], env = process.env) {
  return spawnSync('env', [...WORDS[where], ...words], { encoding: 'utf8', env });
}

/** As `attempts`. */
export function attemptsThere(where: Surroundings, body: string, options: ConfinementOptions = {}): Attempts {
  const support = fileURLToPath(new URL('./support.js', import.meta.url));
  const script = `import { attempts } from ${JSON.stringify(support)};
    console.log(JSON.stringify(await attempts(${JSON.stringify(body)}, ${JSON.stringify(options)})));`;
  const { stdout, stderr } = runThere(where, [process.execPath, '--input-type=module', '-e', script]);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Attempts;
}
