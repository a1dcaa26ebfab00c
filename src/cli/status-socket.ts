import { homedir } from 'node:os';
import path from 'node:path';

const NAME = 'dcp-worker.sock';
/** Where a Worker has it that systemd runs as its unit `dcp-worker`, which a shell's environment does not say. */
const OF_SERVICE = `/run/dcp-worker/${NAME}`;

/** Where a Worker's Unix socket is when nothing else is said. */
export function defaultStatusSocket(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['DCP_WORKER_SOCKET'];
  if (named !== undefined && named !== '') return path.resolve(named);
  for (const variable of ['RUNTIME_DIRECTORY', 'XDG_RUNTIME_DIR']) {
    // systemd separates the directories of a unit by colons.
    const folder = env[variable]?.split(':')[0];
    if (folder !== undefined && folder !== '') return path.join(folder, NAME);
  }
  return path.join(env['HOME'] ?? homedir(), '.dcp/dcp-worker', NAME);
}

/**
 * Where to look for a Worker, in this order: the one place that was named, or its default and that of the service; a Worker may
 * have been started from a session with another environment.
 */
export function statusSocketsToTry(
  named: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): string[] {
  if (named !== undefined) return [path.resolve(named)];
  const first = defaultStatusSocket(env);
  if (env['DCP_WORKER_SOCKET']) return [first];
  const { HOME, XDG_RUNTIME_DIR } = env;
  return [
    ...new Set([first, defaultStatusSocket({ XDG_RUNTIME_DIR }), defaultStatusSocket({ HOME }), OF_SERVICE]),
  ];
}
