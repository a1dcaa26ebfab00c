import type { Socket } from 'node:net';
import type { LibraryConnection } from './library.js';

/**
 * The largest message that a system bus lets through is 32 MiB. What comes after it is not read before it, so more than
 * this waits only for a larger one.
 */
const MOST_WAITING_BYTES = 40 * 1024 * 1024;

/**
 * Has the library's mistakes in reading end nothing. It reads messages where the socket says that some came, and an error
 * there would end the process. Whoever may speak on the bus can make one: a message with the number of a descriptor that did not
 * come along is one that `dbus-daemon` lets through. A message that failed is taken off by then, so reading goes on behind it.
 *
 * To be called before the connection is ready. The library starts to read right after its `connect`, in the same turn.
 */
export function guardReading(connection: LibraryConnection): void {
  connection.once('connect', () => {
    const stream = connection.stream!;
    const on = stream.on.bind(stream) as (event: string, listener: () => void) => Socket;
    stream.on = ((event: string, listener: () => void) =>
      on(event, event === 'readable' ? () => readGuarded(stream, listener) : listener)) as Socket['on'];
  });
}

function readGuarded(stream: Socket, read: () => void): void {
  while (!stream.destroyed) {
    const waiting = stream.readableLength;
    try {
      read();
      if (stream.readableLength > MOST_WAITING_BYTES) stream.destroy(new Error('a message is too large'));
      return;
    } catch {
      // Nothing was taken off: it would fail again for ever.
      if (stream.readableLength >= waiting) stream.destroy(new Error('a message cannot be read'));
    }
  }
}
