import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, encode } from '#src/codec/index.js';
import { MAX_NESTING } from '#src/codec/format.js';
import { DecodingError, InvalidArgumentError } from '#src/model/index.js';
import { anyValue } from './arbitrary.js';
import { assertSame } from './same.js';

function refused(bytes: ArrayLike<number>, message: RegExp, segments: Uint8Array[] = []): void {
  assert.throws(
    () => decode({ head: Uint8Array.from(bytes), segments }),
    (error) => {
      assert.ok(error instanceof DecodingError, String((error as Error).stack));
      assert.match(error.message, message);
      return true;
    },
    Buffer.from(Uint8Array.from(bytes)).toString('hex'),
  );
}

const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));
/** A node: the mark and its kind within an array of that many fields. */
const node = (kind: number, fields: number, ...bytes: number[]) => [0x90 + 2 + fields, 0xc1, kind, ...bytes];

test('refuses heads that are too short, too long or empty', () => {
  refused([], /longer than the 0 bytes/);
  refused([1, 2], /ends at byte 1 of 2/);
  for (const value of [
    { a: 'text', b: [1.5, 70000, -3, 2n ** 70n] },
    new Map([[new Date(5), new Uint8Array(50)]]),
    'é'.repeat(1000),
  ]) {
    const { head } = encode(value);
    for (let length = 0; length < head.length; length++)
      refused(head.subarray(0, length), /longer than|unexpected/);
    refused([...head, 0xc0], /ends at byte/);
  }
});

test('refuses lengths that are not there before it allocates', () => {
  const absurd = [0xff, 0xff, 0xff, 0xff];
  const before = process.memoryUsage();
  for (let i = 0; i < 1000; i++) {
    for (const token of [0xdb, 0xdd, 0xdf]) refused([token, ...absurd], /longer than the 5 bytes/);
    refused([0x93, 0xc1, 13, 0xc6, ...absurd], /longer than/);
    refused(Array.from({ length: 900 }, () => [0xdd, 0, 0, 1, 0]).flat(), /longer than/);
  }
  const after = process.memoryUsage();
  assert.ok(after.rss - before.rss < 200e6);
});

test('does not reserve room for holes', () => {
  const before = process.memoryUsage().rss;
  // 1000 arrays of 30 million holes each, in 9 bytes each.
  const array = decode({
    head: Uint8Array.from([
      0xdc,
      0x03,
      0xe8,
      ...Array.from({ length: 1000 }, () => node(6, 1, 0xce, 0x01, 0xc9, 0xc3, 0x80)).flat(),
    ]),
    segments: [],
  }) as unknown[][];
  assert.equal(array[999]!.length, 30_000_000);
  assert.ok(process.memoryUsage().rss - before < 100e6);
});

test('refuses every extension that msgpackr knows, and bytes outside of nodes', () => {
  const extensions = [0x00, 0x42, 0x62, 0x65, 0x69, 0x70, 0x72, 0x73, 0x74, 0x78, 0xff];
  for (const type of extensions) {
    if (type !== 0) refused([0xd4, type, 0], /unexpected byte 0xd4/);
    refused([0xd4, type, 1], /unexpected byte 0xd4/);
    refused([0xd5, type, 0, 0], /unexpected byte 0xd5/);
    refused([0xd6, type, 0, 0, 0, 1, 0x91, 0xc0], /unexpected byte 0xd6/);
    refused([0xd7, type, 0, 0, 0, 0, 0, 0, 0, 0], /unexpected byte 0xd7/);
    refused([0xd8, type, ...new Array<number>(16).fill(0)], /unexpected byte 0xd8/);
    refused([0xc7, 1, type, 0], /unexpected byte 0xc7/);
    refused([0xc8, 0, 1, type, 0], /unexpected byte 0xc8/);
    refused([0xc9, 0, 0, 0, 1, type, 0], /unexpected byte 0xc9/);
  }
  refused([0xc4, 1, 0], /unexpected byte 0xc4/);
  refused([0x81, 0xa1, 0x61, 0xc5, 0, 1, 0], /unexpected byte 0xc5/);
  refused([0xc1], /unexpected byte 0xc1/);
  refused([0x92, 0xc0, 0xc1], /unexpected byte 0xc1/);
  refused([0x81, 0xa1, 0x61, 0xc1], /unexpected byte 0xc1/);
});

test('reads no record of msgpackr', () => {
  assert.equal(decode({ head: Uint8Array.of(0x40), segments: [] }), 0x40);
  refused([0x92, 0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1], /unexpected byte 0xd4/);
});

test('refuses property names that are no strings', () => {
  for (const key of [
    [0x01],
    [0xc0],
    [0x90],
    [0x80],
    [0xc3],
    [0xcb, 0, 0, 0, 0, 0, 0, 0, 0],
    [0xd4, 0, 0],
    [0xc1],
  ]) {
    refused([0x81, ...key, 0x01], /property name/);
  }
});

test('refuses what is nested too deep, and survives what is nested as deep as allowed', () => {
  refused([...new Array<number>(MAX_NESTING).fill(0x91), 0x91, 0xc0], /deeper than/);
  refused(new Array<number>(1_000_000).fill(0x91), /deeper than/);
  decode({ head: Uint8Array.from([...new Array<number>(MAX_NESTING).fill(0x91), 0xc0]), segments: [] });
  // Maps within maps within nodes.
  decode({
    head: Uint8Array.from([
      ...Array.from({ length: MAX_NESTING - 1 }, () => [0x94, 0xc1, 9, 1]).flat(),
      0xc0,
    ]),
    segments: [],
  });
});

test('refuses references to what is not there', () => {
  refused(node(0, 1, 0), /a reference to an object that is not there/);
  refused([0x91, ...node(0, 1, 1)], /not there/);
  refused(node(0, 1, 0xff), /no whole number/);
  refused(node(0, 1, 0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0), /no whole number/);
  refused(node(0, 0), /no whole number/);
  // A view whose buffer is the view itself.
  refused(node(15, 4, 1, ...node(0, 1, 0), 0, 0), /not there/);
  refused(node(15, 4, 1, 0x90, 0, 0), /a view without a buffer/);
});

test('refuses segments that are not there, and views that do not fit', () => {
  refused(node(14, 1, 0), /segment 0 of 0/);
  refused(node(14, 1, 1), /segment 1 of 1/, [new Uint8Array(8)]);
  refused([0x92, ...node(14, 1, 0), ...node(14, 1, 0)], /a second reference to segment 0/, [
    new Uint8Array(8),
  ]);
  const view = (type: number, offset: number[], length: number[]) =>
    node(15, 4, type, ...node(14, 1, 0), ...offset, ...length);
  const segments = [new Uint8Array(64)];
  const big = [0xce, 0xff, 0xff, 0xff, 0xff];
  const huge = [0xcb, 0x43, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  for (const length of [[65], big, huge]) refused(view(1, [0], length), /beyond the end/, segments);
  for (const offset of [[65], big, huge]) refused(view(1, offset, [0]), /beyond the end/, segments);
  refused(view(8, [0], [9]), /beyond the end/, segments);
  for (const offset of [1, 2, 4, 7, 9]) refused(view(8, [offset], [1]), /misaligned/, segments);
  refused(view(12, [60], [5]), /beyond the end/, segments);
  refused(view(13, [0], [1]), /unknown type/, segments);
  refused(view(0x7f, [0], [1]), /unknown type/, segments);
  refused(view(1, [0xc0], [1]), /no whole number/, segments);
  refused(view(1, [0xff], [1]), /no whole number/, segments);
});

test('refuses nodes with the wrong fields', () => {
  const str = (text: string) => [0xa0 + text.length, ...ascii(text)];
  refused(node(16, 0), /unknown kind/);
  refused(node(0xc0, 0), /unknown kind/);
  refused([0x91, 0xc1], /unknown kind/);
  refused(node(2, 1, 5), /without digits/);
  for (const text of ['', '-', 'xyz', '0x1', ' 1', '1n', 'FF'])
    refused(node(2, 1, ...str(text)), /without digits/);
  refused(node(3, 1, 0xc4, 1, 0), /no string/);
  refused(node(3, 1, 0xc0), /without bytes/);
  refused(node(4, 1, 0xa1, 0x61), /without bytes/);
  refused(node(5, 1, ...str('a')), /without a value/);
  refused(node(5, 2, 1, 1), /no string/);
  refused(node(6, 0), /no whole number/);
  refused(node(6, 2, 1, 0), /without a value/);
  refused(node(6, 3, 1, 1, 1), /beyond the end/);
  refused(node(6, 3, 1, ...str('length'), 5), /second length/);
  refused(node(6, 1, 0xcb, 0x42, 0, 0, 0, 0, 0, 0, 0), /longer than arrays can be/);
  refused(node(7, 1, ...str('a')), /Date without/);
  refused(node(8, 2, ...str('('), ...str('')), /RegExp/);
  refused(node(8, 2, ...str('a'), ...str('gg')), /RegExp/);
  refused(node(8, 1, ...str('a')), /no string/);
  refused(node(9, 1, 1), /key without a value/);
  refused(node(11, 2, 8, 0), /Error with/);
  refused(node(11, 2, 0, 1), /Error with/);
  refused(node(11, 3, 0, 0, ...str('a')), /Error with/);
  refused(node(11, 4, 0, 1, ...str('mine'), 1), /Error with/);
  refused(node(12, 1, 0x90), /no primitive|no string/);
  refused(node(12, 1, 0xc0), /no primitive/);
  refused(node(12, 1, ...node(7, 1, 1)), /without bytes/);
  refused(node(13, 1, 5), /without bytes/);
  // Found by the random heads below: gave the value a view on the decoder's own memory.
  refused(node(9, 2, 0xc4, 1, 0, 0xc0), /bytes where/);
  refused(node(10, 1, 0xc4, 1, 0), /bytes where/);
});

test('gives hostile property names to nobody but the value', () => {
  const raw = decode({
    head: Uint8Array.from([0x81, 0xa9, ...ascii('__proto__'), 0x81, 0xa1, 0x61, 1]),
    segments: [],
  }) as object;
  assert.equal(Object.getPrototypeOf(raw), Object.prototype);
  for (const kind of [5, 6]) {
    const before = kind === 6 ? [0] : [];
    const made = decode({
      head: Uint8Array.from(
        node(kind, 2 + before.length, ...before, 0xa9, ...ascii('__proto__'), 0x81, 0xa1, 0x61, 1),
      ),
      segments: [],
    }) as object;
    assert.equal(Object.getPrototypeOf(made), kind === 6 ? Array.prototype : Object.prototype);
    assert.ok(Object.hasOwn(made, '__proto__'));
  }
  assert.equal(({} as { a?: number }).a, undefined);
});

test('lets nothing but DecodingError out, whatever the bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  // Random bytes rarely get past the first one: these are mostly tokens with small operands.
  const tokens = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          0xc1,
          0x90,
          0x91,
          0x92,
          0x93,
          0x94,
          0x95,
          0x96,
          0x81,
          0xa1,
          0x61,
          0xc4,
          0xc0,
          0xcb,
          0xd4,
          0xdc,
          0xde,
        ),
        fc.integer({ min: 0, max: 16 }),
      ),
      { maxLength: 60 },
    )
    .map((list) => Uint8Array.from(list));
  const nodes = fc
    .tuple(fc.integer({ min: 0, max: 17 }), tokens)
    .map(([kind, rest]) => Uint8Array.from([0x90 + 2 + (rest.length % 6), 0xc1, kind, ...rest]));
  fc.assert(
    fc.property(fc.oneof(bytes, tokens, nodes), (head) => onlyDecodingError(head, [new Uint8Array(64)])),
    { numRuns: 20_000 },
  );
});

test('lets nothing but DecodingError out of damaged payloads', () => {
  const damage = fc.array(
    fc.record({
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      kind: fc.constantFrom('set', 'insert', 'remove', 'cut'),
    }),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(anyValue, damage, fc.boolean(), (value, edits, keepSegments) => {
      const { head, segments } = encode(value);
      const bytes = [...head.subarray(0, 5000)];
      for (const { at, byte, kind } of edits) {
        const index = at % (bytes.length + 1);
        if (kind === 'cut') bytes.length = index;
        else bytes.splice(index, kind === 'insert' ? 0 : 1, ...(kind === 'remove' ? [] : [byte]));
      }
      onlyDecodingError(
        Uint8Array.from(bytes),
        keepSegments ? segments.map((segment) => segment.slice()) : [],
      );
    }),
    { numRuns: 3000 },
  );
  assertSame(decode(encode({ still: ['works', -0] })), { still: ['works', -0] });
});

/** What is let in must be a value like any other: it can be encoded again. */
function onlyDecodingError(head: Uint8Array, segments: Uint8Array[]): void {
  let value: unknown;
  try {
    value = decode({ head, segments });
  } catch (error) {
    if (!(error instanceof DecodingError)) throw error;
    return;
  }
  const again = encode(value);
  const copy = decode({ head: again.head, segments: again.segments.map((segment) => segment.slice()) });
  assertSame(copy, value);
}

test('what is no payload at all is an argument that does not fit', () => {
  for (const [payload, field, got] of [
    [5, 'payload', '5'],
    [null, 'payload', 'null'],
    [undefined, 'payload', 'undefined'],
    [{}, 'payload.head', 'undefined'],
    [{ head: 'abc', segments: [] }, 'payload.head', 'abc'],
    [{ head: new Uint8Array(1) }, 'payload.segments', 'undefined'],
  ] as const)
    assert.throws(
      () => decode(payload as never),
      (error) =>
        error instanceof InvalidArgumentError &&
        error.field === field &&
        error.message.endsWith(`, got ${got}`),
    );
});
