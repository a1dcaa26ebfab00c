/** The parser of what an evaluator process sends: hostile bytes make one error, true ones their frame, however they are cut. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { EvaluatorError } from '#src/model/index.js';
import { FrameReader } from '#src/evaluator/frames/frame-reader.js';
import { encodeFrame, type Frame } from '#src/evaluator/frames/frame.js';
import { channelsOf } from './made-up-peers.js';

const MAX_BYTES = 1 << 20;

function read(chunks: readonly Uint8Array[], maxBytes = MAX_BYTES): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader(maxBytes, (frame) => frames.push(frame));
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

const bytesOf = (header: number[], ...parts: Uint8Array[]): Uint8Array =>
  Buffer.concat(encodeFrame(header, parts));

/** A frame by hand: what `encodeFrame` would not write. */
function raw(headerBytes: number, parts: number, ...rest: readonly (readonly number[])[]): Uint8Array {
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setUint32(0, headerBytes, true);
  new DataView(prefix.buffer).setUint32(4, parts, true);
  return Buffer.concat([prefix, ...rest.map((bytes) => Uint8Array.from(bytes))]);
}

/** An entry of the table of parts: length and place. */
function entry(length: bigint, place = 0n): number[] {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  new DataView(bytes.buffer).setBigUint64(8, place, true);
  return [...bytes];
}

test('frames come out as they went in, wherever the stream is cut', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 });
  const frame = fc.record({
    header: fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 8 }),
    parts,
    long: fc.nat(70_000),
  });
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1 }),
      (frames, cuts) => {
        const sent = frames.map(({ header, parts, long }) => ({
          header,
          parts: [...parts, new Uint8Array(long).fill(long)],
        }));
        const stream = Buffer.concat(sent.map(({ header, parts }) => bytesOf(header, ...parts)));
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < stream.length;) {
          const size = cuts[chunks.length % cuts.length]!;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(read(chunks), sent);
      },
    ),
    { numRuns: 100 },
  );
});

test('any bytes make frames or an EvaluatorError, and nothing else', () => {
  const frame = bytesOf([5, 1, 2, 3], new Uint8Array(100), new Uint8Array(20_000));
  const damage = fc.array(fc.tuple(fc.nat(frame.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damage), (input) => {
      let bytes = input as Uint8Array;
      if (Array.isArray(input)) {
        bytes = Uint8Array.from(frame);
        for (const [at, value] of input) bytes[at] = value;
      }
      try {
        read([bytes]);
      } catch (error) {
        assert.ok(error instanceof EvaluatorError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

const CASES: [string, Uint8Array, RegExp][] = [
  ['no header', raw(0, 0), /header has 0 bytes/],
  ['a header that is too long', raw(513, 0), /header has 513 bytes, not 1 to 512/],
  ['too many parts', raw(1, 2 ** 20 + 1), /1048577 parts/],
  ['a header that is no msgpack', raw(1, 0, [0xc1]), /header of a frame/],
  ['a header that is no array', raw(1, 0, [7]), /no array of numbers/],
  ['a header with a string', raw(3, 0, [0x91, 0xa1, 0x61]), /no array of numbers/],
  ['an array that says it has 4 billion elements', raw(5, 0, [0xdd, 0xff, 0xff, 0xff, 0xff]), /longer than/],
  ['a part beyond the bound', raw(2, 1, [0x91, 1], entry(1n << 21n)), /frame of at least 2097168 bytes/],
  ['a part of 2^64 bytes', raw(2, 1, [0x91, 1], entry((1n << 64n) - 1n)), /frame of at least/],
  [
    'parts that are too long together',
    raw(2, 2, [0x91, 1], entry(600_000n), entry(600_000n)),
    /frame of at least 1200032 bytes/,
  ],
  [
    'a part in no region',
    raw(2, 1, [0x91, 1], entry(8n, 3n << 48n)),
    /region 3 of shared memory, which there/,
  ],
  [
    'a part at an offset alone',
    raw(2, 1, [0x91, 1], entry(8n, 4096n)),
    /region 0 of shared memory, which there/,
  ],
  ['a part at 2^64', raw(2, 1, [0x91, 1], entry(8n, (1n << 64n) - 1n)), /region 65536 of shared memory/],
  [
    'a part beyond all shared memory',
    raw(2, 1, [0x91, 1], entry(16n, (2n << 48n) - 8n)),
    /a part of 16 bytes at 281474976710648 of shared memory/,
  ],
];
for (const [name, bytes, message] of CASES) {
  test(`${name} is a protocol violation`, () => {
    assert.throws(
      () => read([bytes]),
      (error: Error) => {
        assert.ok(error instanceof EvaluatorError);
        assert.match(error.message, /^protocol violation: /);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('a length that is a lie costs no memory before its bytes come', () => {
  const before = process.memoryUsage().rss;
  const held = Array.from({ length: 50 }, () => {
    const reader = new FrameReader(2 ** 31, () => undefined);
    reader.push(raw(2, 1, [0x91, 1], entry(1n << 30n)));
    return reader;
  });
  assert.equal(held.length, 50);
  assert.ok(process.memoryUsage().rss - before < 200 * 2 ** 20);
});

test('all who wait until a channel has room wait for the same', async (t) => {
  const nothing = (): void => undefined;
  const [ours, theirs] = channelsOf({ onFrame: nothing, onBroken: nothing, onGone: nothing }, nothing);
  t.after(() => {
    ours.destroy();
    theirs.destroy();
  });
  theirs.pause();
  ours.send([1], [new Uint8Array(2 ** 20)]);
  const sent = ours.untilSent();
  assert.ok(sent !== undefined);
  assert.equal(ours.untilSent(), sent);
  theirs.resume();
  await sent;
  assert.equal(ours.untilSent(), undefined);
});
