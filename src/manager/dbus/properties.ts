import type { BusConnection } from './connection.js';
import { BusError } from './errors.js';

const INTERFACE = 'org.freedesktop.DBus.Properties';

/** The properties of one interface of an object, as a service answered with them. Reading one checks its type. */
export class Properties {
  private constructor(
    private readonly of: string,
    private readonly values: Readonly<Record<string, unknown>>,
  ) {}

  /** @throws BusError when the service does not answer, or with something else */
  static async read(
    connection: BusConnection,
    destination: string,
    path: string,
    name: string,
  ): Promise<Properties> {
    const question = {
      destination,
      path,
      interface: INTERFACE,
      member: 'GetAll',
      signature: 's',
      body: [name],
    };
    const [values] = await connection.ask({ ...question, answer: 'a{sv}' });
    return new Properties(name, values as Record<string, unknown>);
  }

  /** One alone, where reading all costs the service much. @throws BusError as `read` */
  static async readOne(
    connection: BusConnection,
    destination: string,
    path: string,
    of: string,
    name: string,
  ): Promise<Properties> {
    const question = {
      destination,
      path,
      interface: INTERFACE,
      member: 'Get',
      signature: 'ss',
      body: [of, name],
    };
    const [value] = await connection.ask({ ...question, answer: 'v' });
    return new Properties(of, { [name]: value });
  }

  /** @param missing what a service too old to have it is taken to say; without it, it must be there */
  boolean(name: string, missing?: boolean): boolean {
    const value = this.#value(name, 'b', missing);
    if (typeof value !== 'boolean') throw this.#wrong(name, 'b');
    return value;
  }

  string(name: string): string {
    const value = this.#value(name, 's');
    if (typeof value !== 'string') throw this.#wrong(name, 's');
    return value;
  }

  /** An unsigned number of 64 bits. */
  bigint(name: string): bigint {
    const value = this.#value(name, 't');
    if (typeof value !== 'bigint') throw this.#wrong(name, 't');
    return value;
  }

  #value(name: string, type: string, missing?: unknown): unknown {
    if (!Object.hasOwn(this.values, name)) {
      if (missing !== undefined) return missing;
      throw new BusError(`${this.of}.${name} is missing`);
    }
    const { signature, value } = (this.values[name] ?? {}) as { signature?: unknown; value?: unknown };
    if (signature !== type) throw this.#wrong(name, type, signature);
    return value;
  }

  #wrong(name: string, type: string, found: unknown = '?'): BusError {
    return new BusError(`${this.of}.${name} has type "${String(found)}" instead of "${type}"`);
  }
}
