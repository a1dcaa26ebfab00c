/** What comes from a bus is read only as far as it is wanted, and never beyond its end. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { MessageReader, type Header } from '#src/manager/dbus/messages.js';
import { ValueReader } from '#src/manager/dbus/values.js';
import { encodeMessage, METHOD_RETURN, SIGNAL, uint32, type Fields } from './support/raw-peer.js';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test('values of all types are read', () => {
  const cases: [signature: string, hex: string, littleEndian: boolean, values: unknown[]][] = [
    ['ybnq', '07 000000 01000000 feff feff', true, [7, true, -2, 65_534]],
    ['iuh', 'fffffffe fffffffe 00000003', false, [-2, 4_294_967_294, 3]],
    ['xtd', 'feffffffffffffff feffffffffffffff 000000000000f83f', true, [-2n, 2n ** 64n - 2n, 1.5]],
    ['sog', '02000000 c3a400 00 01000000 2f00 02 617300', true, ['ä', '/', 'as']],
    ['ay', '00000002 0102', false, [Buffer.from([1, 2])]],
    ['a(yt)', '00000000 00000000', true, [[]]],
    ['aai', '08000000 04000000 07000000', true, [[[7]]]],
    ['(yv)', '01 01 75 00 09000000', true, [[1, { signature: 'u', value: 9 }]]],
    ['a{sv}', '0b000000 00000000 01000000 6100 01 79 00 05', true, [{ a: { signature: 'y', value: 5 } }]],
  ];
  for (const [signature, hex, littleEndian, values] of cases) {
    const body = bytes(hex);
    if (signature === 'a{sv}') body.writeUInt32LE(body.length - 8);
    const reader = new ValueReader(body, littleEndian, 20);
    assert.deepEqual(reader.read(signature), values, signature);
    assert.ok(reader.atEnd, signature);
  }
});

test('values that go beyond their end, or are too many, are refused', () => {
  const nested = Buffer.concat([Buffer.from('\x01v\0'.repeat(1_000)), Buffer.from('\x01y\0\0')]);
  const cases: [signature: string, body: Buffer, why: RegExp][] = [
    ['ag', bytes('f0ffffff'), /an array goes beyond/],
    ['ay', bytes('f0ffffff 00'), /an array goes beyond/],
    ['au', bytes('06000000 01000000 02000000'), /does not end where it says/],
    ['s', bytes('f0ffffff 6100'), /ends within a value/],
    ['t', bytes('01000000'), /ends within a value/],
    ['v', bytes('02 7979 00 01 01'), /a variant has type "yy"/],
    ['v', nested, /too many values/],
    ['ay', bytes('ffff'), /ends within a value/],
    ['a()', bytes('01000000 00000000 00'), /too many values/],
    ['ai', Buffer.concat([uint32(800_000), Buffer.alloc(800_000)]), /too many values/],
    ['(y', bytes('0000'), /ends within a type/],
    ['a', bytes('00000000'), /ends within a type/],
    ['m', bytes('00000000'), /there is no type "m"/],
  ];
  for (const [signature, body, why] of cases)
    assert.throws(() => new ValueReader(body, true, 100_000).read(signature), why, signature);
});

/** The members of what was taken, and the bodies that were read of it. */
function take(chunks: readonly Buffer[]): { members: unknown[]; bodies: unknown[]; stream: PassThrough } {
  const stream = new PassThrough({ highWaterMark: 64 * 1024 * 1024 });
  const members: unknown[] = [];
  const bodies: unknown[] = [];
  const look = ({ type, member, signature }: Header) => {
    members.push(member);
    return type === SIGNAL ? null : (body: ValueReader) => bodies.push(...body.read(String(signature)));
  };
  const reader = new MessageReader(stream, look);
  for (const chunk of chunks) {
    stream.write(chunk);
    reader.read();
  }
  return { members, bodies, stream };
}

const named = (member: string, signature: string): Fields => ({ 3: ['s', member], 8: ['g', signature] });

test('messages are found wherever they are cut', () => {
  const messages = [
    encodeMessage(SIGNAL, 1, named('A', 'u'), uint32(1)),
    encodeMessage(METHOD_RETURN, 2, named('B', 'u'), uint32(2)),
    encodeMessage(METHOD_RETURN, 3, named('C', '')),
    encodeMessage(SIGNAL, 4, named('D', '')),
    encodeMessage(METHOD_RETURN, 5, named('E', 'uu'), Buffer.concat([uint32(3), uint32(4)])),
  ];
  const all = Buffer.concat(messages);
  for (const length of [1, 7, 16, 50, all.length]) {
    const chunks = Array.from({ length: Math.ceil(all.length / length) }, (_, at) =>
      all.subarray(at * length, (at + 1) * length),
    );
    const { members, bodies } = take(chunks);
    assert.deepEqual(members, ['A', 'B', 'C', 'D', 'E'], `pieces of ${length}`);
    assert.deepEqual(bodies, [2, 3, 4], `pieces of ${length}`);
  }
});

test('what is too large or cannot be read is dropped, and what comes after it is found', () => {
  const large = Buffer.concat([uint32(2 ** 21), Buffer.alloc(2 ** 21)]);
  const broken = encodeMessage(SIGNAL, 1, named('Broken', 'y'), Buffer.alloc(1));
  // The length of the member's name.
  broken.writeUInt32LE(0xfffffff0, 20);
  const { members, bodies, stream } = take([
    encodeMessage(METHOD_RETURN, 1, named('Large', 'ay'), large),
    encodeMessage(
      METHOD_RETURN,
      2,
      { 1: ['o', `/${'x'.repeat(100_000)}`], ...named('Long', 'u') },
      uint32(1),
    ),
    broken,
    encodeMessage(METHOD_RETURN, 3, named('Lie', 'ag'), uint32(0xfffffff0)),
    encodeMessage(METHOD_RETURN, 4, named('Good', 'u'), uint32(7)),
  ]);
  assert.deepEqual(members, ['Large', 'Lie', 'Good']);
  assert.deepEqual(bodies, [7]);
  assert.equal(stream.destroyed, false);
});
