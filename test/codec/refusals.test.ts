import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColumnWriter, MAX_DEPTH, encode } from '#src/codec/index.js';
import { EncodingError } from '#src/model/index.js';

function refused(value: unknown, path: string, message: RegExp): void {
  assert.throws(
    () => encode(value),
    (error) => {
      assert.ok(error instanceof EncodingError, String(error));
      assert.equal(error.path, path);
      assert.equal(error.code, 'EENCODING');
      assert.ok(error.message.startsWith(`${path}: `));
      assert.match(error.message, message);
      return true;
    },
  );
}

function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { a: value };
  return value;
}

test('names what cannot be carried, where it is, and what can', () => {
  refused(() => 1, 'value', /a function cannot be carried .*; allowed are primitives/);
  refused({ items: [1, 2, 3, { onClick() {} }] }, 'value.items[3].onClick', /a function/);
  refused({ 'not a name': [Symbol('s')] }, 'value["not a name"][0]', /a symbol/);
  refused(new Map([['a', () => 1]]), 'value.get("a")', /a function/);
  refused(
    new Map<unknown, unknown>([
      [1, 1],
      [{}, () => 1],
    ]),
    'value.get(key 1)',
    /a function/,
  );
  refused(new Map([[() => 1, 1]]), 'value.key(0)', /a function/);
  refused(new Set([1, () => 1]), 'value.element(1)', /a function/);
  refused(new Error('x', { cause: () => 1 }), 'value.cause', /a function/);
  refused(new AggregateError([() => 1]), 'value.errors[0]', /a function/);
  refused(Object.assign([1], { x: () => 1 }), 'value.x', /a function/);

  refused([1, , () => 1], 'value[2]', /a function/);
});

test('refuses objects that are no data', () => {
  const things: [unknown, RegExp][] = [
    [Promise.resolve(), /class Promise/],
    [
      new (class extends Promise<void> {
        override get [Symbol.toStringTag]() {
          return 'Mine';
        }
      })(() => {}),
      /class Promise/,
    ],
    [new WeakMap(), /class WeakMap/],
    [new WeakSet(), /class WeakSet/],
    [new WeakRef({}), /class WeakRef/],
    [new FinalizationRegistry(() => {}), /class FinalizationRegistry/],
    [(function* () {})(), /class Generator/],
    [[].values(), /class Array Iterator/],
    [new Map().entries(), /class Map Iterator/],
    [new Intl.NumberFormat(), /class Intl.NumberFormat/],
    [new URL('http://a/'), /class URL/],
    [Object(Symbol()), /class Symbol/],
    [
      new (
        globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } }
      ).WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)),
      /class WebAssembly.Module/,
    ],
  ];
  for (const [thing, message] of things) refused({ thing }, 'value.thing', message);
});

test('refuses detached buffers and views on them', () => {
  const view = new Uint8Array(8);
  const { buffer } = view;
  structuredClone(buffer, { transfer: [buffer] });
  refused([view], 'value[0]', /a detached ArrayBuffer .*: return a copy of what is kept$/);
  refused([buffer], 'value[0]', /a detached ArrayBuffer/);
  refused([new DataView(new ArrayBuffer(0)), view], 'value[1]', /a detached ArrayBuffer/);
});

test('tells where reading failed when a getter or a proxy throws', () => {
  refused(
    {
      a: {
        get b() {
          throw new Error('boo');
        },
      },
    },
    'value.a.b',
    /reading it failed: Error: boo/,
  );
  refused(
    {
      get a() {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- user code throws anything
        throw { toString: null };
      },
    },
    'value.a',
    /no description/,
  );
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  refused([proxy], 'value[0]', /reading it failed: TypeError/);
});

test('accepts the deepest value there may be and refuses the next deeper one', () => {
  encode(nested(MAX_DEPTH));
  encode([nested(MAX_DEPTH - 1), -0]);
  refusedForDepth(nested(MAX_DEPTH + 1));
  refusedForDepth([nested(MAX_DEPTH), -0]);
  refusedForDepth(nested(100_000));
  let map: unknown = 1;
  for (let i = 0; i < 100_000; i++) map = new Map([[1, map]]);
  refusedForDepth(map);
});

function refusedForDepth(value: unknown): void {
  assert.throws(
    () => encode(value),
    (error) =>
      error instanceof EncodingError &&
      error.message.includes('deeper than 1000 levels') &&
      error.path.length < 1000,
  );
}

test('gives an EncodingError where the stack ends', () => {
  function atTheEnd(action: () => void): void {
    try {
      atTheEnd(action);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      action();
    }
  }
  let caught: unknown;
  atTheEnd(() => {
    try {
      encode(nested(900));
    } catch (error) {
      // Thrown again at the very end, the next frame up tries again with more room.
      if (error instanceof RangeError) throw error;
      caught = error;
    }
  });
  assert.ok(caught === undefined || caught instanceof EncodingError, String(caught));
  assert.ok(encode({ still: ['works', -0] }).head.length > 0);
});

test('leaves a column writer as it was', () => {
  const writer = new ColumnWriter();
  writer.append({ a: new Uint8Array(5000) });
  const { count, headBytes, segmentBytes } = writer;
  assert.throws(() => writer.append([new Uint8Array(6000), 'x'.repeat(100_000), () => 1]), EncodingError);
  assert.deepEqual([writer.count, writer.headBytes, writer.segmentBytes], [count, headBytes, segmentBytes]);
  writer.append(7);
  const columns = writer.take();
  assert.equal(columns.segments.length, 1);
  assert.deepEqual([...columns.segmentEnds], [1, 1]);
  assert.deepEqual([...columns.headEnds], [headBytes, headBytes + 1]);
});
