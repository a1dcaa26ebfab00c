import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { request, type Server } from 'node:http';
import path from 'node:path';
import { InvalidArgumentError, ListenError } from '../../model/index.js';
import { makeDirectory, MAX_SOCKET_PATH_BYTES } from '../../system/index.js';

/** How long whoever holds the socket may take to say who it is, milliseconds. */
const ASK_MS = 2_000;

/**
 * Has a server listen on a Unix socket that its owner alone may open. A socket that nobody listens on any more is replaced.
 * Answers what removes it again. Throws `ListenError` when a live process listens there already, `InvalidArgumentError` when
 * something else is in the way.
 */
export async function listenOnSocket(server: Server, file: string): Promise<() => void> {
  const target = path.resolve(file);
  const bytes = Buffer.byteLength(target);
  if (bytes > MAX_SOCKET_PATH_BYTES)
    throw new InvalidArgumentError(
      'socket',
      `${target}: has ${bytes} bytes, of ${MAX_SOCKET_PATH_BYTES} that it may have`,
    );
  try {
    makeDirectory(path.dirname(target), 0o700);
  } catch (error) {
    throw new InvalidArgumentError(
      'socket',
      `${target}: its folder cannot be made: ${(error as Error).message}`,
    );
  }
  await removeStale(target);
  await bind(server, target);
  const own = inodeOf(target);
  const remove = (): void => {
    process.off('exit', remove);
    if (own !== null && inodeOf(target) === own) rmSync(target, { force: true });
  };
  process.on('exit', remove);
  return remove;
}

/** The socket is made for its owner alone, and never was anything else. */
function bind(server: Server, target: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const before = process.umask(0o177);
    try {
      const failed = (error: NodeJS.ErrnoException): void =>
        reject(new ListenError('socket', `${target}: cannot be listened on (${error.code})`));
      server.once('error', failed);
      server.listen(target, () => {
        server.off('error', failed);
        chmodSync(target, 0o600);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

async function removeStale(target: string): Promise<void> {
  const found = inodeOf(target);
  if (found === null) return;
  if (!lstatSync(target).isSocket())
    throw new InvalidArgumentError('socket', `${target}: something else is there`);
  const holder = await holderOf(target);
  if (holder !== null) throw new ListenError('socket', `${target}: ${holder} listens there already`);
  if (inodeOf(target) === found) rmSync(target, { force: true });
}

/** Who listens there, for people; null: nobody. */
function holderOf(socketPath: string): Promise<string | null> {
  return new Promise((resolve) => {
    const asking = request({ socketPath, path: '/status', timeout: ASK_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', () => resolve('another process'));
      response.on('end', () => {
        const pid = /"pid":(\d+)/.exec(body)?.[1];
        resolve(pid === undefined ? 'another process' : `the Worker with process id ${pid}`);
      });
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer')));
    asking.on('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'ECONNREFUSED' || code === 'ENOENT' ? null : 'another process'),
    );
    asking.end();
  });
}

function inodeOf(file: string): number | null {
  return lstatSync(file, { throwIfNoEntry: false })?.ino ?? null;
}
