/** How the schema is written: keys with their types, in sections. */
import type { ValueType } from './types.js';

/** `live`: SIGHUP puts it into effect; `restart`: it counts when the Worker starts. */
export type Effect = 'live' | 'restart';

/** What a key says of itself. */
export interface KeyText {
  /** One line. */
  readonly description: string;
  /** What counts where no place says anything. */
  readonly defaultText: string;
  readonly effect: Effect;
  readonly unit: string | null;
  /** Shown as `***`, everywhere. */
  readonly secret: boolean;
}

export interface Key<T> extends KeyText {
  readonly kind: 'key';
  readonly type: ValueType<NonNullable<T>> | ValueType<T>;
  readonly default: T;
}

export interface Section<C extends Children = Children> {
  readonly kind: 'section';
  readonly children: C;
}

export type Children = Readonly<Record<string, Key<unknown> | AnySection>>;

/** An interface, so that the two may name each other. */
export interface AnySection {
  readonly kind: 'section';
  readonly children: Children;
}

/** What the configuration says, with the types of a schema. */
export type Values<S> =
  S extends Section<infer C>
    ? { readonly [name in keyof C]: Values<C[name]> }
    : S extends Key<infer T>
      ? T
      : never;

type Described = Pick<KeyText, 'description'> & Partial<Pick<KeyText, 'effect' | 'unit' | 'secret'>>;

/** A key that has a value in any case. `effect` is `restart` unless said otherwise. */
export function key<T>(type: ValueType<T>, value: T, described: Described): Key<T> {
  const defaultText = Array.isArray(value) ? value.join(', ') || 'none' : JSON.stringify(value);
  return { ...complete(type, described), default: value, defaultText };
}

/** A key that is null where nobody says anything, which means `defaultText`. */
export function optional<T>(type: ValueType<T>, defaultText: string, described: Described): Key<T | null> {
  return { ...complete(type, described), default: null, defaultText };
}

function complete<T>(type: ValueType<T>, described: Described): Omit<Key<T>, 'default' | 'defaultText'> {
  return { effect: 'restart', unit: null, secret: false, ...described, kind: 'key', type };
}

export function section<C extends Children>(children: C): Section<C> {
  return { kind: 'section', children };
}
