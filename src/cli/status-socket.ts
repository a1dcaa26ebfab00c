import path from 'node:path';
import { homeDirectory } from '../identity/index.js';
import { UsageError } from './program.js';

const NAME = 'dcp-worker.sock';
/** Where a Worker has it that systemd runs as its unit `dcp-worker`, which a shell's environment does not say. */
const OF_SERVICE = `/run/dcp-worker/${NAME}`;

/** Where a Worker's Unix socket is when nothing else is said. */
export function defaultStatusSocket(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['DCP_WORKER_SOCKET'];
  if (named !== undefined && named !== '') return path.resolve(named);
  // systemd separates the directories of a unit by colons.
  const ofUnit = env['RUNTIME_DIRECTORY']?.split(':')[0];
  if (ofUnit) return path.join(ofUnit, NAME);
  // Who has another home than the session's has another Worker than the session's.
  const ofSession = env['XDG_RUNTIME_DIR'];
  if (ofSession && !env['DCP_HOMEDIR']) return path.join(ofSession, NAME);
  const home = env['HOME'] === undefined ? {} : { home: env['HOME'] };
  return path.join(homeDirectory({ env, ...home }), '.dcp/dcp-worker', NAME);
}

/**
 * Where to look for a Worker, in this order: the one place that was named, be it by `DCP_HOMEDIR`, or its default and that of the
 * service; a Worker may have been started from a session with another environment. Throws `UsageError` where what was named is empty.
 */
export function statusSocketsToTry(
  named: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): string[] {
  if (named === '') throw new UsageError('--status-socket: expected the path of a socket, got none');
  if (named !== undefined) return [path.resolve(named)];
  const first = defaultStatusSocket(env);
  if (env['DCP_WORKER_SOCKET'] || env['DCP_HOMEDIR']) return [first];
  const { HOME, XDG_RUNTIME_DIR } = env;
  return [
    ...new Set([first, defaultStatusSocket({ XDG_RUNTIME_DIR }), defaultStatusSocket({ HOME }), OF_SERVICE]),
  ];
}
