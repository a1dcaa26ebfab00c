import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, rmSync, statSync } from 'node:fs';
import { request, type Server } from 'node:http';
import path from 'node:path';
import { InvalidArgumentError, ListenError } from '../../model/index.js';
import { makeDirectory, MAX_SOCKET_PATH_BYTES } from '../../system/index.js';

/** How long whoever holds the socket may take to say who it is, milliseconds. */
const ASK_MS = 2_000;

/** A Unix socket that is listened on. */
export interface OwnSocket {
  /** The permissions of its folder. */
  readonly folderMode: number;
  /** Whether its name is still there, and still its own. While it is listened on, that is. */
  isInPlace(): boolean;
  /** Removes its name, where that is its own. To be called before the server is closed. */
  remove(): void;
}

/**
 * Has a server listen on a Unix socket that its owner alone may open. A socket that nobody listens on any more is replaced; a folder
 * that is missing is made, with these permissions. Throws `ListenError` when a live process listens there already, `InvalidArgumentError`
 * when something else is in the way.
 */
export async function listenOnSocket(server: Server, file: string, folderMode = 0o700): Promise<OwnSocket> {
  const target = path.resolve(file);
  const bytes = Buffer.byteLength(target);
  if (bytes > MAX_SOCKET_PATH_BYTES)
    throw new InvalidArgumentError(
      'socket',
      `${target}: has ${bytes} bytes, of ${MAX_SOCKET_PATH_BYTES} that it may have`,
    );
  const folder = path.dirname(target);
  let mode: number;
  try {
    makeDirectory(folder, folderMode);
    mode = statSync(folder).mode & 0o777;
  } catch (error) {
    throw new InvalidArgumentError(
      'socket',
      `${target}: its folder cannot be made: ${(error as Error).message}`,
    );
  }
  await removeStale(target);
  await bind(server, target);
  const own = identityOf(target);
  const isInPlace = (): boolean => own !== null && identityOf(target) === own;
  const remove = (): void => {
    process.off('exit', remove);
    if (isInPlace()) rmSync(target, { force: true });
  };
  process.on('exit', remove);
  return { folderMode: mode, isInPlace, remove };
}

/**
 * The socket is made for its owner alone, and never was anything else. It is bound by another name and given its own then: a server that
 * is closed removes what has the name it was bound by, whoever has made that.
 */
function bind(server: Server, target: string): Promise<void> {
  const first = firstNameOf(target);
  return new Promise((resolve, reject) => {
    const before = process.umask(0o177);
    try {
      const failed = ({ code, message }: NodeJS.ErrnoException): void =>
        reject(new ListenError('socket', `${target}: cannot be listened on (${code ?? message})`));
      server.once('error', failed);
      server.listen(first, () => {
        server.off('error', failed);
        try {
          chmodSync(first, 0o600);
          linkSync(first, target);
          rmSync(first);
          resolve();
        } catch (error) {
          server.close();
          failed(error as NodeJS.ErrnoException);
        }
      });
    } finally {
      process.umask(before);
    }
  });
}

/** Beside the socket, and none but ours; no longer than a name may be. */
function firstNameOf(target: string): string {
  const suffix = randomBytes(4).toString('hex');
  const long = `${target}.${suffix}`;
  if (Buffer.byteLength(long) <= MAX_SOCKET_PATH_BYTES) return long;
  const { dir, base } = path.parse(target);
  return path.join(dir, suffix.slice(0, Buffer.byteLength(base)));
}

async function removeStale(target: string): Promise<void> {
  const found = identityOf(target);
  if (found === null) return;
  if (!lstatSync(target).isSocket())
    throw new InvalidArgumentError('socket', `${target}: something else is there`);
  const holder = await holderOf(target);
  if (holder !== null) throw new ListenError('socket', `${target}: ${holder} listens there already`);
  if (identityOf(target) === found) rmSync(target, { force: true });
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

/** As long as a socket is open no other one has the same. Whatever keeps one from looking is said by what is tried then. */
function identityOf(file: string): string | null {
  try {
    const { dev, ino } = lstatSync(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
