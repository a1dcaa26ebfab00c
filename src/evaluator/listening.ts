/** How servers of this folder come to listen. */
import net from 'node:net';
import { rmSync, statSync } from 'node:fs';

/** Where a server listens: a TCP address, a UNIX socket, or a descriptor that already does. */
export type ListenAddress =
  { readonly port: number; readonly host: string } | { readonly path: string } | { readonly fd: number };

/** Resolves with where it listens. Rejects with the system's error. */
export async function listenOn(server: net.Server, address: ListenAddress): Promise<string> {
  if ('path' in address) await removeStale(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return bound ?? 'a socket handed over';
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}

/** The TCP port a server listens on; 0: on none. */
export function portOf(server: net.Server | undefined): number {
  const bound = server?.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

/** Removes a UNIX socket that is left from a process that has died. One that somebody listens on stays. */
async function removeStale(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const refused = await new Promise<boolean>((resolve) => {
    const socket = net.connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED');
    });
  });
  if (refused) rmSync(path);
}

/** The descriptor of a socket, to which Node has no other way. Negative: it is closed here. */
export function descriptorOf(socket: net.Socket): number {
  return (socket as unknown as { readonly _handle: { readonly fd: number } | null })._handle?.fd ?? -1;
}
