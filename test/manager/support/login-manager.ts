import type { TestContext } from 'node:test';
import type { Typed } from './bus-service.js';
import { Service } from './service.js';

const NAME = 'org.freedesktop.login1';
const ROOT = '/org/freedesktop/login1';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

type Values = Readonly<Record<string, Typed>>;

/** A user in front of seat0, in a desktop. */
const DESKTOP: Values = {
  Active: ['b', true],
  State: ['s', 'active'],
  Type: ['s', 'wayland'],
  Class: ['s', 'user'],
  Remote: ['b', false],
  LockedHint: ['b', false],
  IdleHint: ['b', false],
  IdleSinceHint: ['t', 0n],
  TTY: ['s', 'tty2'],
  Seat: ['(so)', ['seat0', `${ROOT}/seat/seat0`]],
};

interface Listed {
  readonly user: string;
  readonly seat: string;
}

/** logind, as far as it has sessions: its interface, its signals, its order of things. */
export class TestLoginManager {
  readonly #sessions = new Map<string, Listed & { values: Values }>();

  private constructor(readonly service: Service) {}

  static async start(t: TestContext, address: string): Promise<TestLoginManager> {
    const manager = new TestLoginManager(await Service.start(t, address));
    await manager.#list();
    await manager.#setSleep(false);
    await manager.service.tell({ do: 'own', name: NAME });
    return manager;
  }

  /** Somebody logs in. */
  async begin(id: string, values: Values = {}, { user = 'ada', seat = 'seat0' }: Partial<Listed> = {}) {
    this.#sessions.set(id, { user, seat, values: { ...DESKTOP, ...values } });
    await this.#set(id);
    await this.#list();
    await this.#signal(ROOT, `${NAME}.Manager`, 'SessionNew', 'so', [id, pathOf(id)]);
  }

  /** Properties of a session change. */
  async change(id: string, values: Values): Promise<void> {
    const session = this.#sessions.get(id)!;
    session.values = { ...session.values, ...values };
    await this.#set(id);
    await this.#signal(pathOf(id), PROPERTIES, 'PropertiesChanged', 'sa{sv}as', [
      `${NAME}.Session`,
      {},
      Object.keys(values),
    ]);
  }

  async end(id: string): Promise<void> {
    this.#sessions.delete(id);
    await this.#list();
    await this.service.tell({ do: 'forget', path: pathOf(id) });
    await this.#signal(ROOT, `${NAME}.Manager`, 'SessionRemoved', 'so', [id, pathOf(id)]);
  }

  /** The machine prepares for sleep, or woke up. */
  async sleeps(start: boolean): Promise<void> {
    await this.#setSleep(start);
    await this.#signal(ROOT, `${NAME}.Manager`, 'PrepareForSleep', 'b', [start]);
  }

  /** Lists what no login manager would. */
  listsAs(signature: string, body: readonly unknown[]): Promise<void> {
    const call = { path: ROOT, interface: `${NAME}.Manager`, member: 'ListSessions' };
    return this.service.tell({ do: 'answer', ...call, signature, body });
  }

  /** As it does when anything of it changed. */
  signal(): Promise<void> {
    return this.#signal(ROOT, PROPERTIES, 'PropertiesChanged', 'sa{sv}as', [
      `${NAME}.Manager`,
      {},
      ['IdleHint'],
    ]);
  }

  #list(): Promise<void> {
    const rows = [...this.#sessions].map(([id, { user, seat }]) => [id, 1_000, user, seat, pathOf(id)]);
    return this.listsAs('a(susso)', [rows]);
  }

  #set(id: string): Promise<void> {
    const { values } = this.#sessions.get(id)!;
    return this.service.tell({ do: 'properties', path: pathOf(id), interface: `${NAME}.Session`, values });
  }

  #setSleep(start: boolean): Promise<void> {
    const values: Values = { PreparingForSleep: ['b', start], IdleHint: ['b', false] };
    return this.service.tell({ do: 'properties', path: ROOT, interface: `${NAME}.Manager`, values });
  }

  #signal(
    path: string,
    of: string,
    member: string,
    signature: string,
    body: readonly unknown[],
  ): Promise<void> {
    return this.service.tell({ do: 'signal', path, interface: of, member, signature, body });
  }
}

function pathOf(id: string): string {
  return `${ROOT}/session/_${id}`;
}
