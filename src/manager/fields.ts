import { InvalidArgumentError, knownName, nearestText, shown } from '../model/index.js';

/**
 * Options that were given, taken out one by one. Each call throws InvalidArgumentError with the field and the value when it does
 * not fit; `end` does for a name that nobody took.
 */
export class Fields {
  readonly #given: ReadonlyMap<string, unknown>;
  readonly #known = new Set<string>();

  /** `path` is what stands before a field's name in messages: `manager.load`. */
  constructor(
    readonly path: string,
    given: unknown,
  ) {
    if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
      throw new InvalidArgumentError(path, `expected options, got ${shown(given)}`);
    this.#given = new Map(Object.entries(given ?? {}).filter(([, value]) => value !== undefined));
  }

  /** Undefined: not given. */
  get(name: string): unknown {
    this.#known.add(name);
    return this.#given.get(name);
  }

  number(name: string, least: number, most: number, unit: string, fallback: number): number {
    const value = this.get(name);
    if (value === undefined) return fallback;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    throw this.error(name, `expected ${unit} from ${least} to ${most}, got ${shown(value)}`);
  }

  /** Null can be given, and be the fallback: not asked for. */
  numberOrNull(
    name: string,
    least: number,
    most: number,
    unit: string,
    fallback: number | null,
  ): number | null {
    const value = this.get(name);
    if (value === null || (value === undefined && fallback === null)) return null;
    return this.number(name, least, most, unit, fallback ?? least);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.get(name);
    if (value === undefined) return fallback;
    if (typeof value === 'boolean') return value;
    throw this.error(name, `expected true or false, got ${shown(value)}`);
  }

  text(name: string, fallback: string): string {
    const value = this.get(name);
    if (value === undefined) return fallback;
    if (typeof value === 'string' && value !== '') return value;
    throw this.error(name, `expected text, got ${shown(value)}`);
  }

  choice<Name extends string>(name: string, known: readonly Name[], fallback: Name): Name {
    const value = this.text(name, fallback);
    return knownName(this.field(name), value, known);
  }

  /** One text, or a list of them. */
  texts(name: string, fallback: readonly string[]): readonly string[] {
    const value = this.get(name);
    if (value === undefined) return fallback;
    const all: unknown[] = Array.isArray(value) ? value : [value];
    if (all.every((text) => typeof text === 'string' && text !== '')) return all as string[];
    throw this.error(name, `expected text or a list of texts, got ${shown(value)}`);
  }

  /** Refuses what nobody took, with the nearest name. */
  end(): void {
    const known = [...this.#known];
    const unknown = [...this.#given.keys()].find((name) => !this.#known.has(name));
    if (unknown === undefined) return;
    const message = `expected some of ${known.join(', ')}, got "${unknown}"${nearestText(unknown, known)}`;
    throw new InvalidArgumentError(this.path, message);
  }

  field(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  error(name: string, message: string): InvalidArgumentError {
    return new InvalidArgumentError(this.field(name), message);
  }
}
