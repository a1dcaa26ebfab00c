import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColumnReader, ColumnWriter, decode, encode } from '#src/codec/index.js';

const EDGES = [0x1f, 0x20, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 2 ** 31, 2 ** 32, 2 ** 53];
const NUMBERS = [
  0,
  -0,
  0.1,
  -1.5,
  5e-324,
  NaN,
  Infinity,
  -Infinity,
  ...EDGES.flatMap((edge) => [edge - 1, edge, edge + 1, -edge + 1, -edge, -edge - 1]),
];

test('numbers in columns have the bytes that encode() gives them, and come back as they were', () => {
  const writer = new ColumnWriter();
  for (const number of NUMBERS) writer.append(number);
  const columns = writer.take();
  const reader = new ColumnReader(columns);
  NUMBERS.forEach((number, i) => {
    const { head } = encode(number);
    const start = i === 0 ? 0 : columns.headEnds[i - 1]!;
    assert.deepEqual(columns.heads.subarray(start, columns.headEnds[i]), head, `bytes of ${number}`);
    assert.ok(Object.is(reader.read(i), number), `${number} came back as ${String(reader.read(i))}`);
    assert.ok(Object.is(decode({ head, segments: [] }), number));
  });
});

test('one byte, two, three, five or nine that are no number are read as what they are', () => {
  const values = [null, true, 'x', 'xy', 'four', 'eight ch', [1, 2], { a: 1 }, -0, undefined];
  const writer = new ColumnWriter();
  for (const value of values) writer.append(value);
  const reader = new ColumnReader(writer.take());
  values.forEach((value, i) => assert.deepEqual(reader.read(i), value));
});
