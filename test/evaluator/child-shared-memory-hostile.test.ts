/** Evaluators that lie about shared memory, or write to it when they should not: they end, and nobody else is harmed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, readSync, writeSync } from 'node:fs';
import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { encode } from '#src/codec/index.js';
import { resultsToParts, sliceSegments } from '#src/evaluator/frames/columns.js';
import { Region, isShared, type Part, type SharedPart } from '#src/evaluator/frames/frame.js';
import { EvaluatorSays } from '#src/evaluator/frames/messages.js';
import { PeerMemory, SHARED_BYTES } from '#src/evaluator/peer/memory.js';
import { RangeSet } from '#src/evaluator/peer/range-set.js';
import { EvaluatorError, packColumns, zeroMetrics, type ResultBatch } from '#src/model/index.js';
import { HostileEvaluator, type HostilePeer, type Hostility } from './hostile-peer.js';
import { Recorder, jobOf, slices } from './support.js';

const MIB = 2 ** 20;
const BYTES = 2 * SHARED_BYTES;

/** Results of Slices 1 to n, each an array of so many bytes that lies where a part says. */
function sayResults(peer: HostilePeer, parts: readonly Part[]): void {
  const numbers = Uint32Array.from(parts, (_, index) => index + 1);
  const payloads = parts.map(({ byteLength }) => encode(new Uint8Array(byteLength)));
  const batch: ResultBatch = {
    numbers,
    outcomes: new Uint8Array(numbers.length),
    ...zeroMetrics(numbers.length),
    ...packColumns(payloads),
  };
  peer.say([EvaluatorSays.results, peer.sandbox, 1, numbers.length], resultsToParts(batch, parts));
}

const inResults = (offset: number, byteLength = BYTES): SharedPart => ({
  region: Region.results,
  offset,
  byteLength,
});
const inTasks = (offset: number, byteLength = BYTES): SharedPart => ({
  region: Region.tasks,
  offset,
  byteLength,
});
const freed = (...offsets: number[]): Uint8Array => new Uint8Array(Float64Array.from(offsets).buffer);

/** Gives such an evaluator two Slices of 512 KiB. */
async function meet(t: TestContext, hostility: Hostility, seen = new Recorder()) {
  const evaluator = new HostileEvaluator(hostility);
  t.after(() => evaluator.close());
  const sandbox = await evaluator.createSandbox(seen);
  await sandbox.assign(jobOf('() => 1'));
  sandbox.run(slices([new Uint8Array(BYTES).fill(1), new Uint8Array(BYTES).fill(2)]));
  return { evaluator, seen };
}

const LIES: [string, (peer: HostilePeer, given: readonly SharedPart[]) => void, RegExp][] = [
  [
    'a result behind the end of the memory',
    (peer) => sayResults(peer, [inResults(64 * MIB)]),
    /a result of 524288 bytes at 67108864, outside of the memory of results/,
  ],
  [
    'a result that ends behind it',
    (peer) => sayResults(peer, [inResults(64 * MIB - BYTES + 1)]),
    /outside of the memory/,
  ],
  [
    'a result at the highest offset there is',
    (peer) => sayResults(peer, [inResults(2 ** 48 - BYTES)]),
    /outside of the memory of results/,
  ],
  [
    'two results at one place',
    (peer) => sayResults(peer, [inResults(0), inResults(0)]),
    /a result of 524288 bytes at 0, where another one lies/,
  ],
  [
    'two results that have one byte in common',
    (peer) => sayResults(peer, [inResults(BYTES - 1), inResults(0)]),
    /at 0, where another one lies/,
  ],
  [
    'a result within another',
    (peer) => sayResults(peer, [inResults(0, MIB), inResults(4096)]),
    /at 4096, where another/,
  ],
  [
    'one datum as two results',
    (peer, [first]) => sayResults(peer, [first!, first!]),
    /at 0, where another one lies/,
  ],
  [
    'a result in memory of Tasks where nothing was put',
    (peer) => sayResults(peer, [inTasks(32 * MIB)]),
    /at 33554432, outside of any segment it was given/,
  ],
  [
    'a result across two data',
    (peer) => sayResults(peer, [inTasks(SHARED_BYTES)]),
    /at 262144, outside of any segment it was given/,
  ],
  [
    'a datum that it has given back before',
    (peer, [first]) => {
      peer.say([EvaluatorSays.freed], [freed(first!.offset)]);
      sayResults(peer, [first!]);
    },
    /outside of any segment it was given/,
  ],
  [
    'results of a few bytes',
    (peer) => sayResults(peer, [inResults(0, 8)]),
    /a result of 8 bytes in shared memory, where 262144 are the least/,
  ],
  [
    'a datum given back twice',
    (peer, [first]) => peer.say([EvaluatorSays.freed], [freed(first!.offset, first!.offset)]),
    /it gives back a segment at 0, where none is/,
  ],
  [
    'a datum given back that begins elsewhere',
    (peer) => peer.say([EvaluatorSays.freed], [freed(4096)]),
    /it gives back a segment at 4096, where none is/,
  ],
  ...[NaN, -1, 0.5, Infinity, 2 ** 53].map((offset): (typeof LIES)[number] => [
    `a datum given back at ${offset}`,
    (peer) => peer.say([EvaluatorSays.freed], [freed(offset)]),
    /it gives back a segment at/,
  ]),
  [
    'a list of what is given back that is none',
    (peer) => peer.say([EvaluatorSays.freed], [new Uint8Array(7)]),
    /it gives back segments that it was not given/,
  ],
  [
    'that list in shared memory',
    (peer, [first]) => peer.say([EvaluatorSays.freed], [first!]),
    /it gives back segments that it was not given/,
  ],
  [
    'the text of a message in shared memory',
    (peer, [first]) => peer.say([EvaluatorSays.console, peer.sandbox, 1, 0], [first!]),
    /a part of a message that lies in shared memory/,
  ],
  [
    'a column of results in shared memory',
    (peer, [first]) => peer.say([EvaluatorSays.results, peer.sandbox, 1, 1], Array<Part>(9).fill(first!)),
    /a column that lies in shared memory/,
  ],
];
for (const [what, lie, message] of LIES) {
  test(`${what}: a protocol violation, and the end of the process`, async (t) => {
    const { seen } = await meet(t, (peer, run) => lie(peer, sliceSegments(run.parts).filter(isShared)));
    await seen.until(() => seen.end !== null);
    const { error, unfinished } = seen.end!;
    assert.ok(error instanceof EvaluatorError);
    assert.match(error.message, /^protocol violation: /);
    assert.match(error.message, message);
    // Nothing of it was taken for a result.
    assert.deepEqual([seen.order, unfinished], [[], [1, 2]]);
  });
}

test('a place that is used again before the host has done with it is a protocol violation', async (t) => {
  let release: () => void = () => undefined;
  class Slow extends Recorder {
    override onResults(results: ResultBatch): Promise<void> {
      void super.onResults(results);
      return new Promise((resolve) => (release = resolve));
    }
  }
  const say = (peer: HostilePeer, slice: number): void => {
    const { head } = encode(new Uint8Array(BYTES));
    const batch: ResultBatch = {
      numbers: Uint32Array.of(slice),
      outcomes: new Uint8Array(1),
      ...zeroMetrics(1),
      ...packColumns([{ head, segments: [new Uint8Array(BYTES)] }]),
    };
    peer.say([EvaluatorSays.results, peer.sandbox, slice, 1], resultsToParts(batch, [inResults(0)]));
  };
  const patient = await meet(
    t,
    (peer) => {
      say(peer, 1);
      setTimeout(() => release(), 50);
      setTimeout(() => say(peer, 2), 200);
    },
    new Slow(),
  );
  await patient.seen.until(() => patient.seen.order.length === 2);
  const hasty = await meet(t, (peer) => [1, 2].forEach((slice) => say(peer, slice)), new Slow());
  await hasty.seen.until(() => hasty.seen.end !== null);
  assert.match(hasty.seen.end!.error!.message, /where another one lies/);
  assert.deepEqual([hasty.seen.order, hasty.seen.end!.unfinished], [[1], [2]]);
});

test('a result that is changed after it was sent stays as it was when it came', async (t) => {
  const { seen } = await meet(t, (peer, run) => {
    const given = sliceSegments(run.parts).filter(isShared);
    sayResults(peer, given);
    // It is not ours any more: the host may or may not have read it.
    setTimeout(() => {
      for (const { offset } of given) writeSync(peer.tasks, new Uint8Array(BYTES).fill(9), 0, BYTES, offset);
      peer.say([EvaluatorSays.drained, peer.sandbox]);
    }, 50);
  });
  await seen.until(() => seen.drained > 0);
  for (const slice of [1, 2])
    assert.ok((seen.values.get(slice) as Uint8Array).every((byte) => byte === slice));
});

test('a result that is rewritten while it is read comes as any bytes, and does not change afterwards', async (t) => {
  const memory = PeerMemory.create(64 * MIB)!;
  const [, results] = memory.descriptors;
  const writer = new Worker(
    `const { workerData: { fd, bytes } } = require('node:worker_threads');
     const { writeSync } = require('node:fs');
     const pages = [1, 2].map((byte) => new Uint8Array(bytes).fill(byte));
     require('node:worker_threads').parentPort.postMessage('');
     for (let i = 0; ; i++) writeSync(fd, pages[i % 2], 0, bytes, 0);`,
    { eval: true, workerData: { fd: results, bytes: 16 * MIB } },
  );
  t.after(async () => {
    await writer.terminate();
    memory.close();
  });
  await once(writer, 'message');
  const part = inResults(0, 16 * MIB);
  let mixed = 0;
  for (let round = 0; round < 200 && mixed < 3; round++) {
    const into = memory.fetch(part, (bytes) => new Uint8Array(bytes));
    memory.release(part);
    const once = Buffer.from(into);
    if (once.includes(1) && once.includes(2)) mixed++;
    await sleep(1);
    assert.equal(Buffer.compare(into, once), 0);
  }
  assert.ok(mixed > 0, 'it was never written to while it was read');
});

/** Linux has known since 6.3 how to forbid that a memory file becomes a program. */
const [major, minor] = release().split('.').map(Number) as [number, number];
const knowsNoExec = major > 6 || (major === 6 && minor >= 3);

test('whoever has the descriptors can neither shorten nor lengthen the memory, nor run it', async (t) => {
  const memory = PeerMemory.create(8 * MIB)!;
  t.after(() => memory.close());
  const script = `const { fchmodSync, ftruncateSync, fstatSync, writeSync } = require('node:fs');
    for (const fd of [4, 5])
      for (const bytes of [0, 4096, ${8 * MIB - 1}, ${8 * MIB + 1}, ${2 ** 40}])
        try { ftruncateSync(fd, bytes); console.log(fd, bytes, 'done'); }
        catch (error) { console.log(error.code); }
    try { writeSync(4, Buffer.alloc(1), 0, 1, ${8 * MIB}); console.log('longer'); }
    catch (error) { console.log(error.code); }
    console.log(fstatSync(4).size, fstatSync(5).size);
    for (const fd of [4, 5])
      try { fchmodSync(fd, 0o700); console.log('it may be a program'); }
      catch (error) { console.log(error.code); }`;
  const child = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'inherit', 'ignore', ...memory.descriptors],
  });
  let said = '';
  child.stdout!.on('data', (text: Buffer) => (said += text.toString()));
  await once(child, 'close');
  const lines = said.trim().split('\n');
  assert.deepEqual(lines.slice(0, 12), [...Array<string>(11).fill('EPERM'), `${8 * MIB} ${8 * MIB}`]);
  if (knowsNoExec) assert.deepEqual(lines.slice(12), ['EPERM', 'EPERM']);
  // So every byte of it can be read, whatever is done.
  const all = memory.fetch(inResults(0, 8 * MIB), (bytes) => new Uint8Array(bytes));
  assert.equal(all.byteLength, 8 * MIB);
  for (const fd of memory.descriptors) assert.equal(fstatSync(fd).size, 8 * MIB);
});

test('ranges have no page in common, hold what was put there, and are not used again before they come back', () => {
  const bytes = fc.integer({ min: SHARED_BYTES, max: 2 * MIB });
  const step = fc.oneof(bytes, fc.record({ free: fc.nat(1000) }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = PeerMemory.create(24 * MIB)!;
      try {
        const [tasks] = memory.descriptors;
        const placed: { part: SharedPart; byte: number }[] = [];
        steps.forEach((what, index) => {
          if (typeof what !== 'number') {
            const [one] = placed.splice(what.free % Math.max(1, placed.length), 1);
            if (one !== undefined) memory.free(one.part.offset);
            return;
          }
          const byte = (index % 255) + 1;
          const part = memory.place(new Uint8Array(what).fill(byte));
          const used = placed.reduce((sum, { part: { byteLength } }) => sum + byteLength, 0);
          if (part !== null) placed.push({ part, byte });
          else assert.ok(used + what > 8 * MIB, `no room for ${what} bytes beside ${used}`);
        });
        const pages = new RangeSet();
        for (const { part, byte } of placed) {
          const { offset, byteLength } = part;
          assert.equal(offset % 65_536, 0);
          assert.ok(pages.add(offset, offset + Math.ceil(byteLength / 65_536) * 65_536));
          const there = new Uint8Array(byteLength);
          readSync(tasks, there, 0, byteLength, offset);
          assert.ok(there.every((value) => value === byte));
        }
        assert.ok(memory.stats().placedBytes <= 24 * MIB);
      } finally {
        memory.close();
      }
    }),
    { numRuns: 40 },
  );
});

test('ranges that have no number in common, against a list of all numbers', () => {
  const range = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 12 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(range, fc.boolean())), (steps) => {
      const set = new RangeSet();
      const model = new Map<number, number>();
      for (const [[start, length], adds] of steps) {
        if (!adds) {
          set.delete(start);
          model.delete(start);
          continue;
        }
        const free = [...model].every(([from, to]) => to <= start || from >= start + length);
        assert.equal(set.add(start, start + length), free);
        if (free) model.set(start, start + length);
      }
      assert.equal(set.size, model.size);
    }),
  );
});
