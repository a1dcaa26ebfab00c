import { test } from 'node:test';
import fc from 'fast-check';
import { ColumnReader, ColumnWriter, decode, encode } from '#src/codec/index.js';
import { anyValue } from './arbitrary.js';
import { assertSame } from './same.js';

test('any value comes back the same', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const { head, segments } = encode(value);
      assertSame(decode({ head: head.slice(), segments: segments.map((segment) => segment.slice()) }), value);
    }),
    { numRuns: 5000 },
  );
});

test('any value comes back the same from columns, as part of larger memory', () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 5 }), (values) => {
      const writer = new ColumnWriter();
      for (const value of values) writer.append(value);
      const columns = writer.take();
      const segments = columns.segments.map((segment) => {
        const larger = new Uint8Array(segment.length + 3);
        larger.set(segment, 3);
        return larger.subarray(3);
      });
      const reader = new ColumnReader({ ...columns, segments });
      values.forEach((value, index) => assertSame(reader.read(index), value));
    }),
    { numRuns: 1000 },
  );
});

test('any JSON value comes back the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => assertSame(decode(encode(value)), value)),
    { numRuns: 2000 },
  );
});
