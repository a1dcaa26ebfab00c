/** The realm of the test, which is the host's: whatever an attack does must leave no trace in it. */

type Snapshot = Map<string, unknown>;

interface Described {
  readonly value: unknown;
  readonly get: unknown;
  readonly set: unknown;
}

const ROOTS: readonly [string, object][] = [
  ['globalThis', globalThis],
  ...[
    Object,
    Function,
    Array,
    String,
    Number,
    Boolean,
    Symbol,
    Promise,
    RegExp,
    Date,
    Error,
    TypeError,
    Map,
    Set,
    WeakMap,
    ArrayBuffer,
    SharedArrayBuffer,
    Uint8Array,
    Float64Array,
    DataView,
    Proxy,
    Buffer,
  ].map((constructor): [string, object] => [constructor.name, constructor]),
  ['%TypedArray%', Object.getPrototypeOf(Uint8Array) as object],
  ['JSON', JSON],
  ['Math', Math],
  ['Reflect', Reflect],
  ['%ArrayIterator%', Object.getPrototypeOf([][Symbol.iterator]()) as object],
  ['process', process],
];

/** Every own property of the intrinsics and of their prototypes. */
export function realmSnapshot(): Snapshot {
  const snapshot: Snapshot = new Map();
  const add = (path: string, object: object): void => {
    for (const key of Reflect.ownKeys(object)) {
      // Node makes some of its globals when they are first used.
      if (object === globalThis && typeof key === 'string' && key.startsWith('__')) continue;
      const { value, get, set } = Object.getOwnPropertyDescriptor(object, key) as Described;
      const kept: unknown =
        get ?? set ?? (typeof value === 'function' || object !== process ? value : undefined);
      if (object === process && kept === undefined) continue;
      snapshot.set(`${path}.${String(key)}`, kept);
    }
    snapshot.set(`prototype of ${path}`, Object.getPrototypeOf(object));
  };
  for (const [name, root] of ROOTS) {
    add(name, root);
    const prototype: unknown = (root as { prototype?: unknown }).prototype;
    if (typeof prototype === 'object' && prototype !== null) add(`${name}.prototype`, prototype);
  }
  return snapshot;
}

/** What has changed since, by name. */
export function realmDifferences(before: Snapshot): string[] {
  const now = realmSnapshot();
  const differences: string[] = [];
  for (const [path, value] of now)
    if (!before.has(path)) differences.push(`${path} is new`);
    else if (!Object.is(before.get(path), value)) differences.push(`${path} has changed`);
  for (const path of before.keys()) if (!now.has(path)) differences.push(`${path} is gone`);
  // RegExp.$1 and their like change with every match, and are accessors of RegExp, so they are not among these.
  return differences;
}
