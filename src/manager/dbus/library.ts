import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Message, MessageBus, MessageFlag, MessageType, sessionBus } from '@jellybrick/dbus-next';

/** What of the library's connection its own types leave out: the only way to hear that a bus is gone, and to guard the reading. */
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
