import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Message, MessageBus, MessageFlag, MessageType, sessionBus } from '@jellybrick/dbus-next';

/** What of the library's connection its own types leave out: the only way to hear that a bus is gone, and to read in its place. */
export interface LibraryConnection extends EventEmitter {
  readonly stream?: Socket;
}

/** What is used of it. */
export interface Library {
  readonly Message: typeof Message;
  readonly MessageFlag: typeof MessageFlag;
  readonly MessageType: typeof MessageType;
  readonly sessionBus: typeof sessionBus;
}

/** Loaded when the first monitor needs it: most Workers have no D-Bus, and XML parsers come along. */
export function loadLibrary(): Promise<Library> {
  return import('@jellybrick/dbus-next');
}

/** @throws Error where the library is another than the one this was written for: without it a lost bus would go unseen */
export function connectionOf(bus: MessageBus): LibraryConnection {
  const { _connection: connection } = bus as unknown as { readonly _connection?: LibraryConnection };
  if (typeof connection?.once !== 'function') throw new Error('the D-Bus library has no connection to watch');
  return connection;
}

/**
 * Has `read` called where the library would read messages: it reads all that come, whoever sent them, trusts their lengths, and an
 * error there ends the process. What is meant for it is to be emitted as its connection's `message`.
 *
 * To be called before the connection is ready. The library starts to read right after its `connect`, in the same turn.
 */
export function readInstead(connection: LibraryConnection, read: (stream: Socket) => void): void {
  connection.once('connect', () => {
    const stream = connection.stream!;
    const on = stream.on.bind(stream) as (event: string, listener: () => void) => Socket;
    stream.on = ((event: string, listener: () => void) =>
      on(event, event === 'readable' ? () => read(stream) : listener)) as Socket['on'];
  });
}
