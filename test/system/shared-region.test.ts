/** Which pages of a region of shared memory stay, and which go back to the system. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { loadNative, type SharedRegion } from '#src/evaluator/native.js';
import { BufferPool } from '#src/evaluator/peer/buffer-pool.js';

const MIB = 2 ** 20;

function openRegion(t: TestContext, keepMib: number): SharedRegion {
  const region = new (loadNative().SharedRegion)('test', 256 * MIB, true, keepMib * MIB);
  t.after(() => region.close());
  return region;
}

/** Places so many segments of 4 MiB, so that all are in use at once. */
function place(region: SharedRegion, count: number): number[] {
  const bytes = new Uint8Array(4 * MIB).fill(1);
  return Array.from({ length: count }, () => {
    const offset = region.place(bytes);
    assert.ok(offset >= 0);
    return offset;
  });
}

const transferred = (buffer: ArrayBuffer): ArrayBuffer => structuredClone(buffer, { transfer: [buffer] });

const pageMib = (region: SharedRegion): number => region.stats().pageBytes / MIB;

test('what was in use at once is kept when it comes back, whatever the least is', (t) => {
  const region = openRegion(t, 4);
  for (const offset of place(region, 8)) assert.ok(region.free(offset));
  assert.equal(pageMib(region), 32);
  // Those who take turns find their pages again.
  for (let turn = 0; turn < 10; turn++) {
    const [offset] = place(region, 1);
    assert.equal(region.free(offset!), true);
    assert.equal(pageMib(region), 32);
  }
});

test('what was in use at once long ago is kept no more', (t) => {
  const region = openRegion(t, 4);
  for (const offset of place(region, 8)) region.free(offset);
  // Two ages later the peak is forgotten, and so is what nobody used.
  assert.equal(region.discardAged(), true);
  assert.equal(pageMib(region), 32);
  const [first, second] = place(region, 2);
  assert.equal(region.discardAged(), false);
  assert.equal(pageMib(region), 8);
  // Both were in use when the age began: 8 MiB at once. So both are kept.
  region.free(first!);
  region.free(second!);
  assert.equal(pageMib(region), 8);
  assert.equal(region.discardAged(), true);
  assert.equal(region.discardAged(), false);
  assert.equal(pageMib(region), 0);
});

test('the least is kept even where so much was never in use at once', (t) => {
  const region = openRegion(t, 16);
  const lengths = [4, 6, 9, 13];
  for (const length of lengths) {
    // Too long for what is kept, so that each takes pages of its own.
    const offset = region.place(new Uint8Array(length * MIB).fill(1));
    region.free(offset);
  }
  // Of 32 MiB that came back one after another, the latest 13 MiB and no more than 16.
  assert.equal(pageMib(region), 13);
});

test('buffers that nobody takes are let go of after two ages', () => {
  const pool = new BufferPool();
  const bytes = pool.take(MIB).fill(9);
  pool.put(bytes);
  assert.equal(pool.keptBytes, MIB);
  const again = pool.take(MIB);
  assert.equal(again.at(-1), 9);
  assert.equal(pool.keptBytes, 0);
  pool.put(again);
  assert.equal(pool.dropAged(), true);
  assert.equal(pool.keptBytes, MIB);
  assert.equal(pool.dropAged(), false);
  assert.equal(pool.keptBytes, 0);
});

test('of a length that nobody asked for, of part of a buffer, and of more than 128 MiB no memory is kept', () => {
  const pool = new BufferPool();
  pool.put(new Uint8Array(MIB));
  assert.equal(pool.keptBytes, 0);
  pool.take(MIB);
  pool.put(new Uint8Array(2 * MIB).subarray(MIB));
  assert.equal(pool.keptBytes, 0);
  pool.take(48 * MIB);
  for (let i = 0; i < 4; i++) pool.put(new Uint8Array(48 * MIB));
  assert.equal(pool.keptBytes, 96 * MIB);
  pool.clear();
  assert.equal(pool.keptBytes, 0);
});

test('whoever puts a buffer into the pool has it no more, and its bytes are there for the next', () => {
  const pool = new BufferPool();
  for (const bytes of [new Uint8Array(MIB), pool.take(MIB)]) {
    pool.take(MIB);
    bytes.fill(7);
    pool.put(bytes);
    assert.equal(bytes.byteLength, 0);
    const next = pool.take(MIB);
    assert.deepEqual([next.byteLength, next.at(0), next.at(-1)], [MIB, 7, 7]);
  }
});

test('buffers that are garbage are given up by the sweep, and only they', async () => {
  const { allocateBuffer, sweepBuffers } = loadNative();
  const kept = allocateBuffer(MIB).fill(3);
  // By structuredClone they change hands.
  const moved = transferred(allocateBuffer(MIB).fill(4).buffer);
  for (let i = 0; i < 300; i++) allocateBuffer(MIB).fill(5);
  const before = process.memoryUsage().rss;
  const until = performance.now() + 20_000;
  while (process.memoryUsage().rss > before - 100 * MIB) {
    assert.ok(performance.now() < until, `${(before - process.memoryUsage().rss) / MIB} MiB were given up`);
    sweepBuffers();
    await new Promise((resolve) => setTimeout(resolve, 20));
    // What the collector is told of has it look; here it is made to by garbage of its own.
    Array.from({ length: 1e5 }, (_, i) => ({ i }));
  }
  assert.equal(sweepBuffers(), true);
  assert.ok(kept.every((byte) => byte === 3));
  assert.ok(new Uint8Array(moved).every((byte) => byte === 4));
});
