import type { BusConnection } from './connection.js';
import { BusError, errorNameOf, printable } from './errors.js';
import { Properties } from './properties.js';
import { WatchedBus, type BusListener, type Reading } from './watched-bus.js';

const LOGIN_SERVICE = 'org.freedesktop.login1';
const LOGIN_PATH = '/org/freedesktop/login1';
const MANAGER = 'org.freedesktop.login1.Manager';
const SESSION = 'org.freedesktop.login1.Session';

/** More than that are refused: no machine has them. */
const MOST_SESSIONS = 4_096;
/** Asked for at a time; a system bus lets a client wait for 128 answers. */
const AT_ONCE = 16;
/** Names of users are shown, and no longer than that. */
const LONGEST_NAME = 64;

/** Signals of the login manager after which sessions may be others, or another way. */
const LOGIN_RULES: readonly string[] = [
  `type='signal',sender='${LOGIN_SERVICE}',path='${LOGIN_PATH}'`,
  `type='signal',sender='${LOGIN_SERVICE}',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',path_namespace='${LOGIN_PATH}'`,
];

/** A line of the login manager's list. */
export interface ListedSession {
  readonly id: string;
  readonly user: string;
  /** Empty: it has no screen and no keyboard, for instance one that came over the network. */
  readonly seat: string;
  readonly path: string;
}

/** A session, as far as monitors look at it. */
export interface LoginSession extends ListedSession {
  /** It has its seat's screen now; of several users at one seat one has. */
  readonly active: boolean;
  /** `active`, `online`, `opening`, or `closing`: the user is gone and some process is left. */
  readonly state: string;
  /** `x11`, `wayland`, `mir`, `tty`, `web`, `unspecified`. */
  readonly type: string;
  /** `user`, `greeter`, `lock-screen`, `manager`, … */
  readonly class: string;
  readonly remote: boolean;
  readonly locked: boolean;
  /** What the desktop says. A console's is false for ever unless logind was told to act on idleness. */
  readonly idle: boolean;
  /** When it was last used, milliseconds since 1970; a console's is when a key was last pressed. 0: not known. */
  readonly lastUsedAt: number;
  readonly terminal: string;
}

/** Reads something of logind whenever it may have changed. `address`: the bus that it is on. */
export function watchLogins<State>(
  address: string,
  read: (logins: LoginManager) => Promise<Reading<State>>,
  listener: BusListener<State>,
): WatchedBus<State> {
  const subject = {
    names: [LOGIN_SERVICE],
    rules: LOGIN_RULES,
    read: (connection: BusConnection, owners: ReadonlyMap<string, string>) => {
      const owner = owners.get(LOGIN_SERVICE);
      if (owner === undefined) throw new BusError(`nobody has the name ${LOGIN_SERVICE} on this bus`);
      return read(new LoginManager(connection, owner));
    },
  };
  return new WatchedBus(address, subject, {
    onState: (state) => listener.onState(state),
    onLost: (why) => listener.onLost(`logind cannot be asked (${address}): ${why}`),
  });
}

/** logind, as far as monitors ask it. */
export class LoginManager {
  constructor(
    private readonly connection: BusConnection,
    private readonly owner: string,
  ) {}

  async preparesForSleep(): Promise<boolean> {
    const name = 'PreparingForSleep';
    const manager = await Properties.readOne(this.connection, this.owner, LOGIN_PATH, MANAGER, name);
    return manager.boolean(name);
  }

  /** In an order that stays. */
  async list(): Promise<ListedSession[]> {
    const question = {
      destination: this.owner,
      path: LOGIN_PATH,
      interface: MANAGER,
      member: 'ListSessions',
    };
    const [rows] = await this.connection.ask({ ...question, answer: 'a(susso)' });
    const sessions = (rows as [string, number, string, string, string][]).map(([id, , user, seat, path]) => ({
      id: printable(id, LONGEST_NAME),
      user: printable(user, LONGEST_NAME),
      seat: printable(seat, LONGEST_NAME),
      path,
    }));
    if (sessions.length > MOST_SESSIONS)
      throw new BusError(`logind lists ${sessions.length} sessions, more than ${MOST_SESSIONS}`);
    return sessions.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** The first that is looked for; null: none is. Sessions that end meanwhile are passed over. */
  async find(
    sessions: readonly ListedSession[],
    wanted: (session: LoginSession) => boolean,
  ): Promise<LoginSession | null> {
    for (let at = 0; at < sessions.length; at += AT_ONCE) {
      const some = await Promise.all(sessions.slice(at, at + AT_ONCE).map((one) => this.#read(one)));
      const found = some.find((session) => session !== null && wanted(session));
      if (found) return found;
    }
    return null;
  }

  async #read(listed: ListedSession): Promise<LoginSession | null> {
    try {
      const properties = await Properties.read(this.connection, this.owner, listed.path, SESSION);
      return {
        ...listed,
        active: properties.boolean('Active'),
        state: properties.string('State'),
        type: printable(properties.string('Type'), LONGEST_NAME),
        class: properties.string('Class'),
        remote: properties.boolean('Remote'),
        locked: properties.boolean('LockedHint', false),
        idle: properties.boolean('IdleHint'),
        lastUsedAt: Number(properties.bigint('IdleSinceHint') / 1_000n),
        terminal: printable(properties.string('TTY'), LONGEST_NAME),
      };
    } catch (error) {
      // logind forgets a session and its object between the list and the question.
      if (/[.](UnknownObject|UnknownMethod|NoSuchSession)$/.test(errorNameOf(error) ?? '')) return null;
      throw error;
    }
  }
}

/** Somebody's, and not one of a program: greeters and lock screens are sessions too. */
export function isOfUser(session: LoginSession): boolean {
  return /^user(-light|-early|-early-light)?$/.test(session.class) && session.state !== 'closing';
}
