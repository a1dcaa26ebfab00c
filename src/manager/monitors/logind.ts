import { systemBusAddress } from '../dbus/addresses.js';
import { isOfUser, type LoginManager, type LoginSession } from '../dbus/login-sessions.js';
import type { Reading } from '../dbus/watched-bus.js';
import type { Finding } from '../monitor.js';
import { LoginMonitor } from './login-monitor.js';

export interface LogindOptions {
  /** The system bus, as D-Bus writes addresses; default: that of the machine. */
  readonly address?: string;
  /** For how long after the last key a console counts as used, seconds; default 30. Desktops say themselves when they are idle. */
  readonly consoleIdleS?: number;
}

const CONSOLE_IDLE_S = 30;
/** How often a console is looked at, milliseconds: keys on it are no signal. */
const CONSOLE_POLL_MS = 3_000;
const GRAPHICAL = new Set(['x11', 'wayland', 'mir']);

/**
 * Somebody uses the machine: a session of a user at a seat that is active, not locked and not idle. Also finds that the machine
 * is about to sleep.
 */
export class LogindMonitor extends LoginMonitor {
  override readonly name = 'logind';
  readonly #consoleIdleMs: number;

  constructor({
    address = systemBusAddress(process.env),
    consoleIdleS = CONSOLE_IDLE_S,
  }: LogindOptions = {}) {
    super(address);
    this.#consoleIdleMs = consoleIdleS * 1_000;
  }

  protected override async read(logins: LoginManager): Promise<Reading<Finding | null>> {
    if (await logins.preparesForSleep()) return { state: SLEEP, againMs: null };
    const atSeats = (await logins.list()).filter(({ seat }) => seat !== '');
    let consoles = false;
    const session = await logins.find(atSeats, (one) => {
      if (!isInFront(one)) return false;
      consoles ||= isConsole(one);
      return this.#isUsed(one);
    });
    return { state: session && inUse(session), againMs: consoles ? CONSOLE_POLL_MS : null };
  }

  #isUsed(session: LoginSession): boolean {
    if (session.idle) return false;
    if (!isConsole(session)) return true;
    // The clock may have been set back since.
    return Math.abs(Date.now() - session.lastUsedAt) < this.#consoleIdleMs;
  }
}

/** A user sits before it, if anybody sits there at all. */
function isInFront(session: LoginSession): boolean {
  return isOfUser(session) && session.active && !session.remote && !session.locked;
}

/** A text console, of which logind knows when a key was last pressed. */
function isConsole(session: LoginSession): boolean {
  return !GRAPHICAL.has(session.type) && session.lastUsedAt > 0;
}

const SLEEP: Finding = {
  code: 'PREPARING_FOR_SLEEP',
  text: 'the machine is about to sleep',
  target: 'all',
};

function inUse({ user, seat, id, type }: LoginSession): Finding {
  const text = `${user} uses the machine at ${seat} (session ${id}, ${type}): active, not idle, not locked`;
  return { code: 'USER_ACTIVE', text, target: 'all' };
}
