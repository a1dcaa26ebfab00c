import type net from 'node:net';
import { descriptorOf } from './listening.js';
import { loadNative } from './native.js';

/** How often it is looked. */
const LOOK_MS = 1_000;

interface Watched {
  readonly graceMs: number;
  readonly onLeft: () => void;
  /** When it was first seen that the other side had closed; null: it has not. */
  since: number | null;
}

/**
 * Sees that the other sides of connections have closed that belong to other processes: this one has them open, and reads nothing. A
 * process that stands still sees no such end.
 */
export class PeerWatch {
  readonly #watched = new Map<net.Socket, Watched>();
  #timer: NodeJS.Timeout | null = null;

  /** `onLeft`: it was closed `graceMs` ago, or longer; called again as long as the connection is watched. */
  add(socket: net.Socket, graceMs: number, onLeft: () => void): void {
    this.#watched.set(socket, { graceMs, onLeft, since: null });
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  remove(socket: net.Socket): void {
    this.#watched.delete(socket);
    if (this.#watched.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const open = [...this.#watched].flatMap(([socket, watched]) => {
      const fd = descriptorOf(socket);
      return fd < 0 ? [] : [{ fd, watched }];
    });
    const left = loadNative().haveLeft(open.map(({ fd }) => fd));
    const now = performance.now();
    open.forEach(({ watched }, index) => {
      if (left[index] !== true) return;
      watched.since ??= now;
      if (now - watched.since >= watched.graceMs) watched.onLeft();
    });
  }
}
