import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColumnReader, ColumnWriter, decode, encode } from '#src/codec/index.js';
import { DecodingError, InvalidArgumentError, packColumns, payloadAt } from '#src/model/index.js';
import { assertSame } from './same.js';

// Heads around every length at which the codec changes how it copies.
const VALUES: unknown[] = [
  1,
  'x',
  { id: 7, name: 'x', score: 1.5 },
  -0,
  new Uint8Array(5000),
  [new Float64Array(1000), new Float64Array(1000)],
  undefined,
  ...Array.from({ length: 200 }, (_, length) => ({ text: 'é'.repeat(length) })),
  new Map([[1, new Date(1)]]),
  'x'.repeat(1e6),
  Array.from({ length: 1000 }, (_, i) => i),
];

test('columns hold what encode makes', () => {
  const writer = new ColumnWriter();
  for (const value of VALUES) writer.append(value);
  const columns = writer.take();
  const expected = packColumns(VALUES.map(encode));
  assert.deepEqual(columns.heads, expected.heads);
  assert.deepEqual(columns.headEnds, expected.headEnds);
  assert.deepEqual(columns.segmentEnds, expected.segmentEnds);
  assert.deepEqual(
    columns.segments.map((segment) => segment.buffer),
    expected.segments.map((segment) => segment.buffer),
  );
  assert.equal(columns.heads.byteLength, columns.heads.buffer.byteLength);
});

test('entries come back in any order, again and again', () => {
  const writer = new ColumnWriter();
  for (const value of VALUES) writer.append(value);
  const columns = writer.take();
  const reader = new ColumnReader(columns);
  assert.equal(reader.count, VALUES.length);
  for (let i = VALUES.length - 1; i >= 0; i--) assertSame(reader.read(i), VALUES[i]);
  VALUES.forEach((value, i) => assertSame(reader.read(i), value));
  VALUES.forEach((value, i) => assertSame(decode(payloadAt(columns, i)), value));
});

test('heads may lie anywhere in their buffer', () => {
  const { heads, ...rest } = packColumns(VALUES.map(encode));
  const larger = new Uint8Array(heads.length + 20);
  larger.set(heads, 13);
  const reader = new ColumnReader({ ...rest, heads: larger.subarray(13, 13 + heads.length) });
  VALUES.forEach((value, i) => assertSame(reader.read(i), value));
});

test('a writer counts, takes payloads and starts over after take', () => {
  const writer = new ColumnWriter();
  const payload = encode({ a: new Uint8Array(6000), b: 1 });
  writer.appendPayload(payload);
  writer.append(5);
  assert.equal(writer.count, 2);
  assert.equal(writer.headBytes, payload.head.length + 1);
  assert.equal(writer.segmentBytes, 6000);
  const columns = writer.take();
  assert.deepEqual([writer.count, writer.headBytes, writer.segmentBytes], [0, 0, 0]);
  writer.append('other');
  assertSame(new ColumnReader(columns).read(0), { a: new Uint8Array(6000), b: 1 });
  assertSame(new ColumnReader(columns).read(1), 5);
  assertSame(new ColumnReader(writer.take()).read(0), 'other');
});

test('neither encode nor decode leaves a trace on the arrays it is given', () => {
  const payload = encode({ text: 'x'.repeat(200), bytes: new Uint8Array(5000) });
  const columns = packColumns([payload]);
  decode(payload);
  new ColumnReader(columns).read(0);
  for (const array of [payload.head, columns.heads, ...payload.segments]) {
    assert.deepEqual(
      Object.keys(array).filter((key) => !/^\d+$/.test(key)),
      [],
    );
  }
});

test('a reader refuses entries and tables that are not there', () => {
  const columns = packColumns([encode(1), encode(new Uint8Array(5000))]);
  const reader = new ColumnReader(columns);
  for (const index of [-1, 2, 0.5, NaN]) assert.throws(() => reader.read(index), InvalidArgumentError);
  const wrong = [
    { ...columns, headEnds: Uint32Array.of(1, 9999) },
    { ...columns, headEnds: Uint32Array.of(9, 4) },
    { ...columns, segmentEnds: Uint32Array.of(0, 2) },
    { ...columns, segmentEnds: Uint32Array.of(1, 0) },
    { ...columns, segmentEnds: Uint32Array.of(1, 1) },
    { ...columns, headEnds: Uint32Array.of(1, 1) },
  ];
  for (const each of wrong) assert.throws(() => new ColumnReader(each).read(1), DecodingError);
});
