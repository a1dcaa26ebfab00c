import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { decode, encode } from '#src/codec/index.js';
import { assertSame } from './same.js';

function roundTrip(value: unknown): unknown {
  const { head, segments } = encode(value);
  // As if they had travelled: nothing may lead back to the original.
  return decode({ head: head.slice(), segments: segments.map((segment) => segment.slice()) });
}

function own(json: string): unknown {
  return JSON.parse(json);
}

/** Values that structuredClone carries just so. */
const CLONED: Record<string, unknown[]> = {
  'numbers to the bit': [
    0,
    -0,
    1,
    -1,
    127,
    128,
    255,
    256,
    65535,
    65536,
    -32,
    -33,
    -128,
    -129,
    -32768,
    -32769,
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    -(2 ** 31) - 1,
    2 ** 53,
    2 ** 63,
    0.1,
    1.5,
    5e-324,
    Number.MAX_VALUE,
    NaN,
    Infinity,
    -Infinity,
  ],
  'negative zero within': [[-0], { a: -0 }, new Map([[1, -0]]), [[1, [-0]]]],
  'BigInts of any size': [
    0n,
    1n,
    -1n,
    2n ** 63n - 1n,
    2n ** 63n,
    -(2n ** 63n),
    -(2n ** 63n) - 1n,
    2n ** 64n - 1n,
    2n ** 64n,
    -(2n ** 64n),
    3n ** 5000n,
    -(3n ** 5000n),
  ],
  'what is nothing or a boolean': [
    undefined,
    null,
    true,
    false,
    [undefined, null],
    { a: undefined, b: null },
  ],
  'short strings': [
    '',
    'a',
    'é',
    '€',
    '😀',
    'x'.repeat(31),
    'x'.repeat(32),
    'é'.repeat(16),
    '\0',
    '\ufeff',
    '\uffff',
  ],
  'long strings': [
    'x'.repeat(255),
    'x'.repeat(256),
    'é'.repeat(70000),
    '😀'.repeat(300),
    'x'.repeat(1 << 20),
  ],
  'strings with a byte order mark': [
    '\ufeff' + 'x'.repeat(21),
    '\ufeff' + 'x'.repeat(100),
    '\ufeff' + 'x'.repeat(1000),
  ],
  'lone surrogates': [
    '\ud800',
    '\udc00',
    'a\ud800b',
    '\udc00\ud800',
    '\ud800'.repeat(5000),
    'é'.repeat(300) + '\udfff',
  ],
  'lone surrogates in property names': [
    { '\ud800': 1 },
    { a: { ['\udfff'.repeat(100)]: 1 } },
    new Map([['\ud800', 1]]),
  ],
  dates: [new Date(0), new Date(-1), new Date(1.5e12), new Date(8.64e15), new Date(-8.64e15), new Date(NaN)],
  'regular expressions': [/a/, /a\/b/dgimsuy, new RegExp('[a--b]', 'v'), new RegExp(''), /\ud800/],
  maps: [
    new Map(),
    new Map<unknown, unknown>([
      [{}, []],
      [NaN, -0],
      ['a', new Map([[1, 2]])],
      [undefined, null],
    ]),
  ],
  sets: [new Set(), new Set<unknown>([1, 'a', {}, new Set([NaN, undefined])])],
  'boxed primitives': [
    Object(1),
    Object(-0),
    Object('a'),
    Object('\ud800'),
    Object(true),
    Object(false),
    Object(1n),
    Object(2n ** 100n),
  ],
  arrays: [
    [],
    [1, 2, 3],
    [[[]]],
    Array.from({ length: 70000 }, (_, i) => i),
    Array.from({ length: 20 }, (_, i) => ({ i })),
  ],

  'arrays with holes': [
    [1, , 3],
    [, ,],
    new Array(100),
    new Array(2 ** 32 - 1),
    Object.assign([], { 4294967294: 'last' }),
    Object.assign([], { 5000: 1, 70000: {} }),
  ],
  'arrays with named properties': [
    Object.assign([1, 2], { x: 1, '01': 2, '-1': 3, '4294967295': 4 }),
    /b(c)/.exec('abc'),
    Object.assign([1, , 3], { x: {} }),
    Object.assign([1], { constructor: 1 }),
  ],
  objects: [
    {},
    { a: 1 },
    { '': 1, ' ': 2 },
    { 2: 'b', 1: 'a', x: 1 },
    { a: { b: { c: {} } } },
    Object.fromEntries(Array.from({ length: 70000 }, (_, i) => [`k${i}`, i])),
  ],
  'property names that mean something elsewhere': [
    own('{"__proto__":1}'),
    own('{"__proto__":{"a":1},"b":2}'),
    own('{"a":[{"__proto__":null}]}'),
    own('{"constructor":1}'),
    own('{"constructor":{"name":"Array"}}'),
    { toJSON: 1 },
    { then: 1 },
    { hasOwnProperty: 1 },
    { valueOf: 1, toString: 2 },
    { length: 3 },
    { prototype: 1 },
    { __proto_: 1 },
    { get: 1, set: 2, value: 3 },
  ],
  'array buffers': [
    new ArrayBuffer(0),
    new ArrayBuffer(5),
    Uint8Array.from({ length: 4095 }, (_, i) => i).buffer,
    Uint8Array.from({ length: 4096 }, (_, i) => i).buffer,
  ],
  'views of every type': [
    Int8Array.of(-1),
    Uint8Array.of(255),
    Uint8ClampedArray.of(255),
    Int16Array.of(-1),
    Uint16Array.of(1),
    Int32Array.of(-1),
    Uint32Array.of(1),
    Float32Array.of(-0, NaN),
    Float64Array.of(-0, NaN, 1.5),
    BigInt64Array.of(-1n),
    BigUint64Array.of(1n),
    new DataView(Uint8Array.of(1, 2, 3).buffer, 1, 1),
    new Uint8Array(0),
    new Float64Array(0),
    new Float64Array(1000).fill(1.5),
    new DataView(new ArrayBuffer(5000)),
  ],
};

for (const [title, values] of Object.entries(CLONED)) {
  test(`carries ${title} as structuredClone does`, () => {
    for (const value of values) {
      assertSame(roundTrip(value), value);
      assertSame(roundTrip(value), structuredClone(value));
      assertSame(roundTrip({ within: [value] }), { within: [value] });
    }
  });
}

test('keeps shared references and cycles', () => {
  const shared = { a: 1 };
  const cycle: Record<string, unknown> = { shared, again: shared };
  cycle.self = cycle;
  cycle.array = [cycle, shared];
  const map = new Map<unknown, unknown>([[shared, cycle]]);
  map.set(map, map);
  cycle.map = map;
  const set = new Set<unknown>([shared, map]);
  set.add(set);
  cycle.set = set;
  cycle.date = new Date(1);
  cycle.dates = [cycle.date, cycle.date];
  const error = new Error('x', { cause: cycle });
  cycle.error = error;
  const boxed = Object('x') as object;
  cycle.boxed = [boxed, boxed];
  assertSame(roundTrip(cycle), cycle);
  const array: unknown[] = [];
  array.push(array);
  assertSame(roundTrip(array), array);
});

test('a constructor that is not enumerable does not change what a value is taken for', () => {
  for (const value of [{ a: 1 }, [1, 2]]) {
    const hidden = Object.defineProperty(structuredClone(value), 'constructor', { value: Map });
    assert.deepEqual(roundTrip(hidden), value);
  }
});

test('keeps numbers of objects right after every kind of node', () => {
  // Each shared reference counts the objects before it, so that a node which counts wrongly breaks the next.
  for (const values of Object.values(CLONED)) {
    for (const value of values) {
      if (typeof value !== 'object' || value === null) continue;
      const last = { last: true };
      assertSame(roundTrip([value, last, last, value]), [value, last, last, value]);
    }
  }
});

test('makes plain objects of instances and of objects without prototype', () => {
  class Point {
    #hidden = 1;
    x = 1;
    get y() {
      return this.#hidden;
    }
  }
  class Named {
    x = 1;
    readonly [Symbol.toStringTag] = 'Named';
  }
  assertSame(roundTrip(new Point()), { x: 1 });
  assertSame(roundTrip([new Named()]), [{ x: 1 }]);
  assertSame(roundTrip(Object.assign(Object.create(null), { a: 1 })), { a: 1 });
  assertSame(
    roundTrip(
      Object.create({ inherited: 1 }, { hidden: { value: 1 }, shown: { value: 2, enumerable: true } }),
    ),
    { shown: 2 },
  );
  assertSame(roundTrip({ [Symbol('a')]: 1, b: 2 }), { b: 2 });
});

test('makes instances of built-in classes of their subclasses, whatever these call themselves', () => {
  class MyMap extends Map<string, number> {
    extra = 1;
    override get [Symbol.toStringTag]() {
      return 'MyMap';
    }
  }
  class MyArray extends Array<number> {}
  class MyBytes extends Uint8Array {}
  assertSame(roundTrip(new MyMap([['a', 1]])), new Map([['a', 1]]));
  assertSame(roundTrip(MyArray.of(1, 2)), [1, 2]);
  assertSame(roundTrip(MyBytes.of(1, 2)), Uint8Array.of(1, 2));
  assertSame(roundTrip(Buffer.from('abc')), Uint8Array.of(97, 98, 99));
  assertSame(roundTrip(Object.defineProperty({ a: 1 }, Symbol.toStringTag, { value: 'Map' })), { a: 1 });
});

test('reads getters and never calls toJSON', () => {
  assertSame(
    roundTrip({
      get a() {
        return { b: 1 };
      },
    }),
    { a: { b: 1 } },
  );
  class Json {
    a = new Date(1);
    toJSON() {
      throw new Error('called');
    }
  }
  assertSame(roundTrip([new Json()]), [{ a: new Date(1) }]);
  // A getter that encodes something itself.
  assertSame(
    roundTrip({
      x: {
        get a() {
          return encode({ b: { c: 1 } }).head.length;
        },
      },
      y: [1],
    }),
    { x: { a: encode({ b: { c: 1 } }).head.length }, y: [1] },
  );
});

test('keeps of errors their class, what they say and what was attached', () => {
  class MyError extends RangeError {
    override name = 'MyError';
    code = 'EMINE';
  }
  const cases: [Error, new () => Error][] = [
    [new Error(), Error],
    [new Error('m'), Error],
    [new EvalError('m'), EvalError],
    [new RangeError('m'), RangeError],
    [new ReferenceError('m'), ReferenceError],
    [new SyntaxError('m'), SyntaxError],
    [new TypeError('m', { cause: { a: [1] } }), TypeError],
    [new URIError('\ud800'), URIError],
    [new AggregateError([new Error('a'), 2], 'm'), Error],
    [Object.assign(new Error('m'), { code: 'E', errno: -2 }), Error],
    [Object.assign(new Error('m', { cause: undefined }), { deep: new Map([[1, new Error('n')]]) }), Error],
  ];
  for (const [error, constructor] of cases) {
    const copy = roundTrip(error);
    assertSame(copy, error);
    assert.ok(copy instanceof constructor);
    assert.ok(Object.prototype.toString.call(copy) === '[object Error]');
  }
  const copy = roundTrip(new MyError('m')) as MyError;
  assert.equal(Object.getPrototypeOf(copy), RangeError.prototype);
  assert.equal(copy.name, 'MyError');
  assert.equal(copy.code, 'EMINE');
  class Inherited extends TypeError {}
  Object.defineProperty(Inherited.prototype, 'name', { value: 'Inherited' });
  assert.equal((roundTrip(new Inherited('m')) as Error).name, 'Inherited');
  const stackless = new Error('m');
  delete stackless.stack;
  assert.equal((roundTrip(stackless) as Error).stack, undefined);
});

test('carries values of other realms', () => {
  const foreign = runInNewContext(
    `({ map: new Map([[1, [2]]]), date: new Date(5), error: new TypeError('m'), bytes: new Uint8Array([1, 2]), buffer: new ArrayBuffer(3), re: /a/g, boxed: Object(1n) })`,
  ) as Record<string, unknown>;
  const copy = roundTrip(foreign) as Record<string, unknown>;
  assertSame(
    { ...copy, error: 0 },
    {
      map: new Map([[1, [2]]]),
      date: new Date(5),
      error: 0,
      bytes: Uint8Array.of(1, 2),
      buffer: new ArrayBuffer(3),
      re: /a/g,
      boxed: Object(1n) as unknown,
    },
  );
  assert.equal((copy.error as Error).message, 'm');
});

test('does not pollute prototypes', () => {
  const before = Object.getOwnPropertyNames(Object.prototype).length;
  const copy = roundTrip(
    own('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  ) as object;
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  assert.equal(Object.getOwnPropertyNames(Object.prototype).length, before);
});

test('carries Float16Array where it exists', { skip: !('Float16Array' in globalThis) }, () => {
  const constructor = (
    globalThis as unknown as { Float16Array: { of(...values: number[]): ArrayBufferView } }
  ).Float16Array;
  assertSame(roundTrip(constructor.of(1.5, -0)), constructor.of(1.5, -0));
});
