/** crypto, from https://w3c.github.io/webcrypto/: what needs no keys. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { answers, inSandbox } from './oracle.js';
import { sandboxes } from './support.js';

const { run } = sandboxes();

test('getRandomValues fills arrays of integers, in place and within their bounds', async (t) => {
  await answers(t, () => {
    const types = [
      ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
      ...[BigInt64Array, BigUint64Array],
    ];
    const filled = types.map((Type) => {
      const array = new Type(256);
      const same = crypto.getRandomValues(array) === array;
      return same && new Set<number | bigint>(array).size > 50;
    });
    const whole = new Uint8Array(300);
    crypto.getRandomValues(whole.subarray(100, 200));
    const outside = [...whole.subarray(0, 100), ...whole.subarray(200)];
    return [
      filled,
      outside.every((byte) => byte === 0),
      whole.subarray(100, 200).some((byte) => byte !== 0),
      crypto.getRandomValues(new Uint8Array(0)).length,
      crypto.getRandomValues(new Uint8Array(65_536)).length,
      crypto.getRandomValues(new (class Mine extends Uint8Array {})(4)).length,
    ];
  }, [new Array<boolean>(9).fill(true), true, true, 0, 65_536, 4]);
});

test('other views are a TypeMismatchError, too many bytes a QuotaExceededError, all else a TypeError', async (t) => {
  const shared = { job: { requirements: { environment: { sharedArrayBuffer: true } } } };
  const work = (): string[] =>
    [
      new Float32Array(1),
      new Float64Array(1),
      new DataView(new ArrayBuffer(1)),
      new Uint8Array(65_537),
      new BigInt64Array(8193),
      new ArrayBuffer(1),
      [1],
      null,
      new Uint8Array(new SharedArrayBuffer(1)),
      new Uint8Array(
        new (ArrayBuffer as never as new (n: number, o: object) => ArrayBuffer)(1, { maxByteLength: 2 }),
      ),
    ].map((value) => {
      try {
        crypto.getRandomValues(value as never);
        return 'fine';
      } catch (error) {
        const { name } = error as Error;
        return error instanceof DOMException ? `DOMException ${name}` : name;
      }
    });
  assert.deepEqual(await inSandbox(t, work, shared), [
    ...new Array<string>(3).fill('DOMException TypeMismatchError'),
    ...new Array<string>(2).fill('DOMException QuotaExceededError'),
    ...new Array<string>(5).fill('TypeError'),
  ]);
});

test('randomUUID gives version 4, never the same', async () => {
  const uuids = await run(() => Array.from({ length: 1000 }, () => crypto.randomUUID()));
  assert.equal(new Set(uuids).size, 1000);
  for (const uuid of uuids)
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('two Sandboxes have no random values in common, not even of a seeded Job', async (t) => {
  const work = (): number[] => [...crypto.getRandomValues(new Uint32Array(8))];
  const seeded = { job: { determinism: { date: null, randomSeed: 1 } } };
  assert.notDeepEqual(await inSandbox(t, work, seeded as never), await inSandbox(t, work, seeded as never));
});

test('digests are those of Node, for every algorithm, size and kind of source', async () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, index) => index * 7);
  const sizes = [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 4999];
  const digests = await run(
    async ([given, lengths]: [Uint8Array, number[]]) => {
      const lists: string[][] = [];
      for (const name of ['SHA-1', 'sha-256', 'Sha-384', 'SHA-512']) {
        const list: string[] = [];
        for (const length of lengths) {
          // Shifted, so that the offset of a view counts.
          const view = new DataView(given.buffer, given.byteOffset + 1, length);
          const digest = new Uint8Array(await crypto.subtle.digest({ name }, view));
          list.push(Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''));
        }
        lists.push(list);
      }
      return lists;
    },
    // What is handed over is detached here.
    [bytes.slice(), sizes],
  );
  for (const [index, name] of ['sha1', 'sha256', 'sha384', 'sha512'].entries()) {
    const expected = sizes.map((size) =>
      createHash(name)
        .update(bytes.subarray(1, 1 + size))
        .digest('hex'),
    );
    assert.deepEqual(digests[index], expected, name);
  }
});

test('a digest is of the bytes at the time of the call, and comes later', async (t) => {
  await answers(t, async () => {
    const bytes = new Uint8Array(8 << 20).fill(1);
    const order: string[] = [];
    const one = crypto.subtle.digest('SHA-256', bytes).then((digest) => {
      order.push('digest');
      return new Uint8Array(digest)[0];
    });
    order.push('called');
    bytes.fill(2);
    const [first, second] = [await one, new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))[0]];
    return [order, first === second];
  }, [['called', 'digest'], false]);
});

test('a digest rejects, and never throws', async (t) => {
  await answers(t, async () => {
    const { subtle } = crypto;
    const digest = subtle.digest as (...args: unknown[]) => Promise<unknown>;
    const bytes = new Uint8Array(1);
    const promises = [
      digest.call(subtle, 'MD5', bytes),
      digest.call(subtle, { name: 'SHA-3' }, bytes),
      // Its first letter, a long s, is an S in upper case.
      digest.call(subtle, '\u017fha-1', bytes),
      digest.call(subtle, {}, bytes),
      digest.call(subtle, 'SHA-1'),
      digest.call(subtle, 'SHA-1', 'text'),
      digest.call(subtle, 'SHA-1', [1]),
      digest.call({}, 'SHA-1', bytes),
      digest.call(subtle, Symbol('s'), bytes),
    ];
    const settled = await Promise.allSettled(promises);
    return settled.map((one) => (one.status === 'rejected' ? (one.reason as Error).name : 'fine'));
  }, [...new Array<string>(3).fill('NotSupportedError'), ...new Array<string>(6).fill('TypeError')]);
});

test('a digest of much memory stops when its Slice must', async (t) => {
  const started = performance.now();
  await assert.rejects(
    inSandbox(
      t,
      async () => {
        const bytes = new Uint8Array(64 << 20);
        for (;;) await crypto.subtle.digest('SHA-512', bytes);
      },
      { limits: { sliceTimeoutMs: 300 } },
    ),
  );
  assert.ok(performance.now() - started < 30_000);
});

test('Crypto and SubtleCrypto are interfaces that nobody constructs; of keys there is nothing', async (t) => {
  await answers(t, () => {
    const { Crypto, SubtleCrypto } = globalThis as unknown as Record<string, new () => object>;
    const construct = (type: unknown): string => {
      try {
        new (type as new () => void)();
        return 'fine';
      } catch (error) {
        return (error as Error).name;
      }
    };
    const name = Object.prototype.toString;
    return [
      [construct(Crypto), construct(SubtleCrypto)],
      [name.call(crypto), name.call(crypto.subtle)],
      [crypto instanceof Crypto!, crypto.subtle instanceof SubtleCrypto!, crypto.subtle === crypto.subtle],
      Object.keys(Crypto!.prototype as object).sort(),
      Object.keys(SubtleCrypto!.prototype as object),
      typeof (globalThis as { CryptoKey?: unknown }).CryptoKey,
    ];
  }, [
    ['TypeError', 'TypeError'],
    ['[object Crypto]', '[object SubtleCrypto]'],
    [true, true, true],
    ['getRandomValues', 'randomUUID', 'subtle'],
    ['digest'],
    'undefined',
  ]);
});
