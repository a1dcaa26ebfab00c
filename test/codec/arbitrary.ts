import fc from 'fast-check';

/** Strings of every sort, lone surrogates and long ones included. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 12 }),
  fc
    .array(fc.integer({ min: 0xd700, max: 0xe0ff }), { maxLength: 8 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '\ufeff' + 'x'.repeat(100),
    'é'.repeat(300),
    'x'.repeat(256),
    '__proto__',
    'constructor',
    'toJSON',
    'length',
    'then',
    '0',
    '01',
    '4294967295',
  ),
);

const primitive = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, NaN, 2 ** 32, -(2 ** 31), undefined, null, true, false),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  text,
);

const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

/** Instructions for a value, from which `build` makes a graph: one part may appear in many places, also within itself. */
type Plan =
  | { kind: 'primitive'; value: unknown }
  | { kind: 'shared'; index: number }
  | { kind: 'view'; buffer: number; type: number; offset: number; length: number }
  | { kind: 'buffer'; buffer: number }
  | { kind: 'date'; time: number }
  | { kind: 'regexp'; flags: string }
  | { kind: 'boxed'; value: unknown }
  | { kind: 'array' | 'set'; parts: Plan[]; holes: number; named: boolean }
  | { kind: 'object' | 'map' | 'error'; parts: [string, Plan][] };

const { plan } = fc.letrec<{ plan: Plan }>((tie) => ({
  plan: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    primitive.map((value): Plan => ({ kind: 'primitive', value })),
    fc.nat(30).map((index): Plan => ({ kind: 'shared', index })),
    fc.record({
      kind: fc.constant('view' as const),
      buffer: fc.nat(3),
      type: fc.nat(VIEWS.length),
      offset: fc.nat(20000),
      length: fc.oneof(fc.nat(20), fc.nat(20000)),
    }),
    fc.nat(3).map((buffer): Plan => ({ kind: 'buffer', buffer })),
    fc.date().map((date): Plan => ({ kind: 'date', time: date.getTime() })),
    fc.constantFrom('', 'g', 'dgimsuy').map((flags): Plan => ({ kind: 'regexp', flags })),
    primitive
      .filter((value) => value !== null && value !== undefined)
      .map((value): Plan => ({ kind: 'boxed', value })),
    fc.record({
      kind: fc.constantFrom('array' as const, 'set' as const),
      parts: fc.array(tie('plan'), { maxLength: 6 }),
      holes: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(2 ** 31)),
      named: fc.boolean(),
    }),
    fc.record({
      kind: fc.constantFrom('object' as const, 'map' as const, 'error' as const),
      parts: fc.array(fc.tuple(text, tie('plan')), { maxLength: 6 }),
    }),
  ),
}));

function build(root: Plan): unknown {
  const made: object[] = [];
  const buffers = [16, 200, 4096, 20000].map((length) => Uint8Array.from({ length }, (_, i) => i * 7).buffer);
  const add = <T extends object>(object: T): T => (made.push(object), object);
  function make(plan: Plan): unknown {
    switch (plan.kind) {
      case 'primitive':
        return plan.value;
      case 'shared':
        return made.length === 0 ? 'nothing yet' : made[plan.index % made.length];
      case 'buffer':
        return buffers[plan.buffer];
      case 'view': {
        const buffer = buffers[plan.buffer]!;
        const constructor = VIEWS[plan.type];
        const bytes = constructor?.BYTES_PER_ELEMENT ?? 1;
        const offset = Math.floor((plan.offset % buffer.byteLength) / bytes) * bytes;
        const length = Math.min(plan.length, Math.floor((buffer.byteLength - offset) / bytes));
        return add(
          constructor ? new constructor(buffer, offset, length) : new DataView(buffer, offset, length),
        );
      }
      case 'date':
        return add(new Date(plan.time));
      case 'regexp':
        return add(new RegExp('a(b)', plan.flags));
      case 'boxed':
        return add(Object(plan.value) as object);
      case 'array': {
        const array = add([] as unknown[]);
        for (const part of plan.parts) array.push(make(part));
        array.length += plan.holes;
        if (plan.named)
          Object.assign(array, { name: make(plan.parts[0] ?? { kind: 'primitive', value: 1 }) });
        return array;
      }
      case 'set': {
        const set = add(new Set<unknown>());
        for (const part of plan.parts) set.add(make(part));
        return set;
      }
      case 'map': {
        const map = add(new Map<unknown, unknown>());
        for (const [key, part] of plan.parts) map.set(key.length % 2 ? key : make(part), make(part));
        return map;
      }
      case 'object':
      case 'error': {
        const object = add(plan.kind === 'error' ? new TypeError('made', { cause: made[0] }) : {});
        for (const [key, part] of plan.parts) {
          Object.defineProperty(object, key, {
            value: make(part),
            enumerable: true,
            writable: true,
            configurable: true,
          });
        }
        return object;
      }
    }
  }
  return make(root);
}

/** Any value that the codec carries without loss: with cycles, shared parts, holes, views on shared buffers. */
export const anyValue: fc.Arbitrary<unknown> = plan.map(build);
