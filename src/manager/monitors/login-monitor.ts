import { watchLogins, type LoginManager } from '../dbus/login-sessions.js';
import { News } from '../dbus/news.js';
import type { Reading, WatchedBus } from '../dbus/watched-bus.js';
import type { Finding, Monitor, MonitorName, MonitorOwner } from '../monitor.js';

/** Finds something in what logind knows. */
export abstract class LoginMonitor implements Monitor {
  abstract readonly name: MonitorName;
  readonly #bus: WatchedBus<Finding | null>;
  #news: News | null = null;

  /** `address`: the bus that logind is on. */
  protected constructor(address: string) {
    this.#bus = watchLogins(address, (logins) => this.read(logins), {
      onState: (finding) => this.onLogind(finding),
      onLost: (why) => this.onLogindLost(why),
    });
  }

  start(owner: MonitorOwner): void {
    this.#news ??= new News(this.name, owner);
    this.#bus.start();
  }

  async stop(): Promise<void> {
    this.#news?.close();
    await this.#bus.stop();
  }

  protected abstract read(logins: LoginManager): Promise<Reading<Finding | null>>;

  /** There from the start on. */
  protected get news(): News {
    return this.#news!;
  }

  protected onLogind(finding: Finding | null): void {
    this.news.found(finding);
  }

  protected onLogindLost(why: string): void {
    this.news.unavailable(why);
  }
}
