import { otherUsers, sessionBusAddresses } from '../dbus/addresses.js';
import { News } from '../dbus/news.js';
import { SCREENSAVERS, type ScreensaverState } from '../dbus/screensavers.js';
import { WatchedBus } from '../dbus/watched-bus.js';
import type { Finding, Monitor, MonitorOwner } from '../monitor.js';

export interface ScreensaverOptions {
  /** Session buses, as D-Bus writes addresses; default: where those of this process's user may be. */
  readonly addresses?: readonly string[];
}

/** What is known of a bus: what its screensaver does, or why nothing is. */
type Known = { readonly state: ScreensaverState } | { readonly why: string };

/** Somebody uses the desktop: there is a screensaver, and it does not run. */
export class ScreensaverMonitor implements Monitor {
  readonly name = 'screensaver';
  readonly #addresses: readonly string[];
  readonly #known = new Map<string, Known>();
  #buses: readonly WatchedBus<ScreensaverState>[] = [];
  #news: News | null = null;

  constructor({ addresses = sessionBusAddresses(process.env) }: ScreensaverOptions = {}) {
    this.#addresses = addresses;
  }

  start(owner: MonitorOwner): void {
    if (this.#news !== null) return;
    this.#news = new News(this.name, owner);
    this.#buses = this.#addresses.map(
      (address) =>
        new WatchedBus(address, SCREENSAVERS, {
          onState: (state) => this.#learn(address, { state }),
          onLost: (why) => this.#learn(address, { why }),
        }),
    );
    for (const bus of this.#buses) bus.start();
  }

  async stop(): Promise<void> {
    this.#news?.close();
    await Promise.all(this.#buses.map((bus) => bus.stop()));
  }

  #learn(address: string, known: Known): void {
    this.#known.set(address, known);
    // Until each was tried, one that is not there says nothing about the others.
    if (this.#known.size < this.#addresses.length) return;
    const states = [...this.#known].flatMap(([place, one]) =>
      'state' in one && one.state !== null ? [{ place, ...one.state }] : [],
    );
    const used = states.find(({ active }) => !active);
    if (used) this.#news!.found(inUse(used.service, used.place));
    else if (states.length > 0) this.#news!.found(null);
    else this.#news!.unavailable(this.#whyNothing());
  }

  #whyNothing(): string {
    const each = [...this.#known].map(
      ([address, known]) => `${address}: ${'why' in known ? known.why : 'no screensaver is there'}`,
    );
    const others = otherUsers();
    const theirs =
      others.length > 0
        ? `; the session buses of other users (uid ${others.join(', ')}) let those in alone, and the monitor logind sees their sessions`
        : '';
    return `no screensaver to ask (${each.join('; ')})${theirs}`;
  }
}

function inUse(service: string, address: string): Finding {
  const text = `somebody uses the desktop: the screensaver (${service} on ${address}) is not active`;
  return { code: 'SCREENSAVER_INACTIVE', text, target: 'all' };
}
