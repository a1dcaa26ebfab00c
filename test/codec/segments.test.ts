import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SEGMENT_THRESHOLD, decode, encode, setBufferPrimitives } from '#src/codec/index.js';
import { assertSame } from './same.js';

function counted(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8));
}

test('sends bytes from the threshold on as a view on the original memory', () => {
  const array = counted(SEGMENT_THRESHOLD);
  const { head, segments } = encode({ array });
  assert.equal(segments.length, 1);
  assert.equal(segments[0]!.buffer, array.buffer);
  assert.equal(segments[0]!.byteLength, array.byteLength);
  assert.ok(head.length < 40);
});

test('sends bytes below the threshold within the head, and gives each array a buffer of its own', () => {
  const payload = encode([counted(SEGMENT_THRESHOLD - 1), counted(8)]);
  assert.equal(payload.segments.length, 0);
  const [long, short] = decode(payload) as [Uint8Array, Uint8Array];
  assertSame([long, short], [counted(SEGMENT_THRESHOLD - 1), counted(8)]);
  for (const array of [long, short]) assert.equal(array.byteLength, array.buffer.byteLength);
  assert.notEqual(long.buffer, short.buffer);
});

test('decodes onto a segment that is all of its buffer, without a copy', () => {
  const array = Float64Array.from({ length: 1000 }, (_, i) => i / 3);
  const payload = encode([array]);
  const own = payload.segments[0]!.slice();
  const [copy] = decode({ head: payload.head, segments: [own] }) as [Float64Array];
  assert.equal(copy.buffer, own.buffer);
  assertSame(copy, array);
});

test('copies a segment that is part of a larger buffer', () => {
  const array = counted(5000);
  const { head } = encode(array);
  const larger = new Uint8Array(8000);
  larger.set(array, 1);
  const copy = decode({ head, segments: [larger.subarray(1, 5001)] }) as Uint8Array;
  assert.equal(copy.buffer.byteLength, 5000);
  assertSame(copy, array);
});

test('keeps two views on one buffer on one buffer, large and small', () => {
  for (const length of [64, 20000]) {
    const { buffer } = counted(length);
    const views = [
      new Uint8Array(buffer, 8, 16),
      new Float64Array(buffer, 16, 2),
      new DataView(buffer, 20),
      new Uint8Array(buffer, 8, 16),
    ];
    const copies = decode(encode(views)) as ArrayBufferView[];
    assertSame(copies, views);
    assert.ok(copies.every((copy) => copy.buffer === copies[0]!.buffer));
  }
});

test('keeps a buffer and views on it together, whichever comes first', () => {
  for (const length of [64, 20000]) {
    const { buffer } = counted(length);
    const view = new Uint16Array(buffer, 10, 4);
    for (const value of [
      [buffer, view],
      [view, buffer],
      { view, map: new Map<unknown, unknown>([[buffer, view]]), buffer },
    ]) {
      const { head, segments } = encode(value);
      assert.equal(segments.length, length < SEGMENT_THRESHOLD ? 0 : 1);
      assertSame(decode({ head, segments: segments.map((segment) => segment.slice()) }), value);
    }
  }
});

test('sends no more of a buffer than the views need', () => {
  const secret = new Uint8Array(8192).fill(0x5e);
  const small = secret.subarray(100, 104);
  assert.ok(!encode({ small: small.fill(1) }).head.includes(0x5e));
  const { segments } = encode(counted(20000).subarray(1, 10001));
  assert.equal(segments[0]!.byteOffset, 1);
  assert.equal(segments[0]!.byteLength, 10000);
});

test('sends zeros, not what lies between two views', () => {
  for (const [first, last] of [
    [100, 200],
    [100, 8000],
  ] as const) {
    const buffer = new Uint8Array(8192).fill(0x5e).buffer;
    const value = [new Uint8Array(buffer, first, 4).fill(1), new Float64Array(buffer, last, 1).fill(1)];
    const { head, segments } = encode(value);
    assert.ok(![head, ...segments].some((bytes) => bytes.includes(0x5e)), `${first} to ${last}`);
    assertSame(decode({ head, segments }), value);
  }
});

test('keeps what is between the views when the buffer itself is sent', () => {
  const buffer = new Uint8Array(8192).fill(0x5e).buffer;
  const value = [new Uint8Array(buffer, 100, 4), buffer];
  assertSame(decode(encode(value)), value);
});

test('keeps views aligned wherever they begin', () => {
  const { buffer } = counted(40000);
  for (const offset of [0, 1, 2, 4, 5, 7, 8, 9]) {
    for (const constructor of [Uint16Array, Float32Array, Float64Array, BigInt64Array]) {
      const size = constructor.BYTES_PER_ELEMENT;
      for (const length of [4, 5000 / size]) {
        const start = Math.ceil((offset + 1) / size) * size;
        const value = [new Uint8Array(buffer, offset, 1), new constructor(buffer, start, length)];
        const { head, segments } = encode(value);
        assertSame(decode({ head, segments: segments.map((segment) => segment.slice()) }), value);
      }
    }
  }
});

test('copies shared and resizable memory, and brings it back as a plain ArrayBuffer', () => {
  for (const length of [16, 8192]) {
    const shared = new Uint8Array(new SharedArrayBuffer(length)).fill(7);
    const resizable = new Uint8Array(
      new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer)(length, {
        maxByteLength: 2 * length,
      }),
    ).fill(8);
    const payload = encode([shared, resizable, shared.buffer]);
    shared.fill(0);
    resizable.fill(0);
    const [one, other, buffer] = decode(payload) as [Uint8Array, Uint8Array, ArrayBuffer];
    assertSame(one, new Uint8Array(length).fill(7));
    assertSame(other, new Uint8Array(length).fill(8));
    assert.equal(buffer, one.buffer);
    assert.ok(buffer instanceof ArrayBuffer && !(buffer as { resizable?: boolean }).resizable);
    for (const segment of payload.segments) assert.ok(segment.buffer instanceof ArrayBuffer);
  }
});

// @types/node has no WebAssembly without the DOM library.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (pages: { initial: number }) => { buffer: ArrayBuffer } };
};

test('copies WebAssembly memory, and not what is only as long', () => {
  const { buffer } = new WebAssembly.Memory({ initial: 2 });
  const view = new Uint8Array(buffer, 8, 70000).fill(3);
  const [segment] = encode(view).segments;
  assert.notEqual(segment!.buffer, buffer);
  assertSame(segment, new Uint8Array(70000).fill(3));
  const plain = new Uint8Array(131072);
  assert.equal(encode(plain).segments[0]!.buffer, plain.buffer);
  assert.equal(plain.length, 131072);
});

test('asks whoever knows whether a buffer can be detached', (t) => {
  t.after(() => setBufferPrimitives(null));
  setBufferPrimitives({ isDetachable: () => false });
  const plain = new Uint8Array(65536);
  assert.notEqual(encode(plain).segments[0]!.buffer, plain.buffer);
});

test('numbers segments in the order of the value', () => {
  const value = { a: counted(5000), b: [counted(6000)], c: counted(5000) };
  const { segments } = encode(value);
  assert.deepEqual(
    segments.map((segment) => segment.length),
    [5000, 6000, 5000],
  );
});
