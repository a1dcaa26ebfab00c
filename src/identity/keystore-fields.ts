import { shownWithoutKeys } from './address.js';
import { KeystoreError } from './keystore-error.js';

/**
 * Reads an object of a keystore field by field. Names of fields are found in any case, as DCP finds them. Everything throws
 * `KeystoreError` with the file and the field's path.
 */
export class KeystoreFields {
  readonly #file: string;
  readonly #path: string;
  readonly #fields: ReadonlyMap<string, unknown>;

  /** `path` leads to the object and ends with a dot, or is empty. */
  constructor(file: string, path: string, value: object) {
    this.#file = file;
    this.#path = path;
    this.#fields = new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
  }

  /** Null for the object as a whole. */
  error(name: string | null, message: string): KeystoreError {
    const field = name === null ? this.#path.slice(0, -1) : `${this.#path}${name}`;
    return new KeystoreError(`${this.#file}: ${field}: ${message}`);
  }

  value(name: string): unknown {
    return this.#fields.get(name);
  }

  object(name: string): KeystoreFields {
    const value = this.value(name);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw this.error(name, `expected an object, got ${shownWithoutKeys(value)}`);
    return new KeystoreFields(this.#file, `${this.#path}${name}.`, value);
  }

  integer(name: string, least: number, most: number): number {
    const value = this.value(name);
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.error(
      name,
      `expected a whole number from ${least} to ${most}, got ${shownWithoutKeys(value)}`,
    );
  }

  oneOf<Name extends string>(name: string, known: readonly Name[]): Name {
    const value = this.value(name);
    const found = known.find((candidate) => typeof value === 'string' && candidate === value.toLowerCase());
    if (found === undefined)
      throw this.error(name, `expected ${known.join(' or ')}, got ${shownWithoutKeys(value)}`);
    return found;
  }

  /** Hexadecimal digits, with or without 0x, of so many bytes. They may be secret: a message does not repeat them. */
  bytes(name: string, least: number, most = least): Uint8Array {
    const value = this.value(name);
    const [, digits] = /^(?:0x)?((?:[0-9a-f]{2})+)$/i.exec(typeof value === 'string' ? value : '') ?? [];
    const bytes = digits === undefined ? null : Buffer.from(digits, 'hex');
    if (bytes !== null && bytes.length >= least && bytes.length <= most) return bytes;
    const count = least === most ? `${least}` : `${least} to ${most}`;
    const got = bytes !== null ? `${bytes.length} bytes` : value === undefined ? 'nothing' : 'something else';
    throw this.error(name, `expected ${count} bytes as hexadecimal digits, got ${got}`);
  }
}
