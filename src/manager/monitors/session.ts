import { systemBusAddress } from '../dbus/addresses.js';
import { sentenceOf } from '../dbus/errors.js';
import { isOfUser, type LoginManager } from '../dbus/login-sessions.js';
import type { Reading } from '../dbus/watched-bus.js';
import type { Finding } from '../monitor.js';
import { firstLoggedIn, ownLine } from './logged-in.js';
import { LoginMonitor } from './login-monitor.js';

export interface SessionOptions {
  /** The system bus, as D-Bus writes addresses; default: that of the machine. */
  readonly address?: string;
  /** The file of those who are logged in, for machines without logind. */
  readonly utmp?: string;
  /** How often that file is read, milliseconds. */
  readonly everyMs?: number;
  /** The login session that does not count; default: the one that started this process (`XDG_SESSION_ID`). */
  readonly ownSession?: string | null;
}

const UTMP = '/run/utmp';
const POLL_MS = 5_000;

/**
 * Somebody is logged in: at a screen, at a console or over the network, whatever that user does. The session that started this
 * process does not count. logind says who; where it cannot be asked, the file of logins does.
 */
export class SessionMonitor extends LoginMonitor {
  override readonly name = 'session';
  readonly #utmp: string;
  readonly #everyMs: number;
  readonly #ownSession: string | null;
  /** Reads the file again; null while logind answers. */
  #poll: NodeJS.Timeout | null = null;
  /** Why logind does not. */
  #why = '';

  constructor({
    address = systemBusAddress(process.env),
    utmp = UTMP,
    everyMs = POLL_MS,
    ownSession = process.env['XDG_SESSION_ID'] ?? null,
  }: SessionOptions = {}) {
    super(address);
    this.#utmp = utmp;
    this.#everyMs = everyMs;
    this.#ownSession = ownSession;
  }

  override async stop(): Promise<void> {
    await super.stop();
    this.#stopPolling();
  }

  protected override async read(logins: LoginManager): Promise<Reading<Finding | null>> {
    const others = (await logins.list()).filter(({ id }) => id !== this.#ownSession);
    const session = await logins.find(others, isOfUser);
    const place =
      session && (session.seat || session.terminal || (session.remote ? 'the network' : 'no seat'));
    return {
      state: session && loggedIn(`${session.user} (session ${session.id}, ${session.type}, ${place})`),
      againMs: null,
    };
  }

  protected override onLogind(finding: Finding | null): void {
    this.#stopPolling();
    super.onLogind(finding);
  }

  protected override onLogindLost(why: string): void {
    this.#why = why;
    if (this.#poll !== null) return;
    this.#poll = setInterval(() => void this.#readFile(), this.#everyMs).unref();
    void this.#readFile();
  }

  async #readFile(): Promise<void> {
    const poll = this.#poll;
    let finding: Finding | null = null;
    let missing: string | null = null;
    try {
      const someone = await firstLoggedIn(this.#utmp, ownLine());
      finding = someone && loggedIn(`${someone.user} (${someone.line})`);
    } catch (error) {
      missing = sentenceOf(error);
    }
    // logind may have come meanwhile, and knows better.
    if (poll === null || poll !== this.#poll) return;
    if (missing === null) this.news.found(finding);
    else this.news.unavailable(`${this.#why}; and ${missing}`);
  }

  #stopPolling(): void {
    if (this.#poll !== null) clearInterval(this.#poll);
    this.#poll = null;
  }
}

function loggedIn(who: string): Finding {
  return { code: 'USER_LOGGED_IN', text: `${who} is logged in`, target: 'all' };
}
