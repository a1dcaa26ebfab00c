import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import {
  makeSliceBatch,
  packColumns,
  payloadAt,
  SchedulerError,
  zeroMetrics,
  type Payload,
} from '#src/model/index.js';
import {
  Blob,
  BlobError,
  packBlob,
  packResults,
  parseResults,
  SPILL_BYTES,
} from '#src/scheduler/embedded/blob.js';
import { Store } from '#src/scheduler/embedded/store.js';
import {
  open,
  range,
  request,
  results,
  slices,
  spec,
  temporaryDirectory,
  text,
  textOf,
  upTo,
} from './support.js';

const MIB = 1024 * 1024;

test('64 MiB segments go through whole, each in an ArrayBuffer of its own', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const big = new Uint8Array(64 * MIB).map((_, i) => i * 31);
  const jobId = await scheduler.createJob(spec({ arguments: text('args', [big.subarray(0, 3 * MIB)]) }));
  await scheduler.addSlices(
    jobId,
    slices(1, 2, (n) => text(`${n}`, n === 1 ? [big, Uint8Array.of(1, 2, 3)] : [])),
  );
  const task = (await scheduler.requestTask(upTo(2)))!;
  const { segments } = task.slices;
  assert.deepEqual(
    segments.map(({ byteLength }) => byteLength),
    [64 * MIB, 3],
  );
  for (const segment of segments) assert.equal(segment.buffer.byteLength, segment.byteLength);
  assert.equal(Buffer.compare(segments[0]!, big), 0);
  await scheduler.submitResults(
    task.id,
    jobId,
    results([1, 2], (n) => text('r', n === 2 ? [big] : [])),
  );
  const [one, two] = await scheduler.readResults(jobId, Uint32Array.of(1, 2));
  assert.deepEqual(one!.payload.segments, []);
  assert.equal(two!.payload.segments[0]!.buffer.byteLength, 64 * MIB);
  assert.equal(Buffer.compare(two!.payload.segments[0]!, big), 0);
  assert.equal((await scheduler.fetchJob(jobId)).arguments.segments[0]!.byteLength, 3 * MIB);
});

test('the event loop runs while large payloads are written', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec());
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  await scheduler.addSlices(
    jobId,
    slices(1, 8, () => text('', [new Uint8Array(16 * MIB)])),
  );
  clearInterval(timer);
  assert.ok(longest < 200, `${longest} ms`);
});

test('100,000 results of one call are all there', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(
    spec({ inputSet: { kind: 'range', start: 0, step: 1, count: 100_000 } }),
  );
  const numbers = Uint32Array.from({ length: 100_000 }, (_, i) => 100_000 - i);
  assert.deepEqual(await scheduler.submitResults('none', jobId, results(numbers)), {
    recorded: 100_000,
    duplicates: 0,
  });
  const status = await scheduler.jobStatus(jobId);
  assert.deepEqual([status.state, status.done], ['finished', 100_000]);
  const read = await scheduler.readResults(jobId, numbers);
  assert.ok(
    read.every((one, i) => one!.slice === numbers[i] && textOf(one!.payload) === `result ${numbers[i]}`),
  );
  assert.equal(await scheduler.requestTask(request()), null);
});

/** Slices whose results, or messages, are two records with a pack file in common. */
const TWO_RECORDS = Array.from({ length: 1030 }, (_, i) => i + 1);
const LARGE = new Uint8Array(SPILL_BYTES).fill(7);
const largeAtEnds = (n: number): Payload => text('r', n === 1 || n === TWO_RECORDS.length ? [LARGE] : []);
const packFiles = (directory: string): string[] =>
  readdirSync(join(directory, 'packs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('/'),
  );

/** The store of an open Scheduler, some of whose next writes are refused: those whose places, from 0, are named. */
async function refuseWrites(t: TestContext, directory: string, places: readonly number[]): Promise<Store> {
  const store = await Store.open(directory, {});
  t.after(() => store.close());
  const { write } = Store.prototype;
  let place = 0;
  store.write = function <T>(run: () => T, options?: { frees?: boolean }): Promise<T> {
    if (places.includes(place++)) return Promise.reject(new SchedulerError('no room'));
    return write.call(this, run, options) as Promise<T>;
  };
  return store;
}

test('of results that share a pack file some are kept and some refused: the file stays', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const jobId = await scheduler.createJob(spec(range(TWO_RECORDS.length)));
  const store = await refuseWrites(t, directory, [1]);
  const batch = results(TWO_RECORDS, largeAtEnds);
  await assert.rejects(scheduler.submitResults('none', jobId, batch), { message: 'no room' });
  assert.equal((await scheduler.jobStatus(jobId)).done, 1024, 'one record is there');
  store.write = Store.prototype.write;
  assert.deepEqual(await scheduler.submitResults('none', jobId, batch), { recorded: 6, duplicates: 1024 });
  for (const stored of await scheduler.readResults(jobId, Uint32Array.of(1, TWO_RECORDS.length)))
    assert.deepEqual(stored!.payload.segments, [LARGE]);
});

test('of messages that share a pack file some are kept and some refused: the file stays', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const jobId = await scheduler.createJob(spec(range(1)));
  const store = await refuseWrites(t, directory, [1]);
  const messages = Array.from(
    { length: 20 },
    () => ({ type: 'custom', slice: 1, name: 'n', value: text('v', [LARGE]) }) as const,
  );
  await assert.rejects(scheduler.appendMessages(jobId, messages), { message: 'no room' });
  store.write = Store.prototype.write;
  const events = await scheduler.readEvents(jobId, 0, 100);
  const values = events.flatMap((event) => (event.type === 'custom' ? [event.value.segments] : []));
  assert.ok(values.length > 0 && values.length < messages.length, `${values.length} messages`);
  for (const segments of values) assert.deepEqual(segments, [LARGE]);
});

test('a pack file that no record names is taken away', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const jobId = await scheduler.createJob(spec(range(TWO_RECORDS.length)));
  const store = await refuseWrites(t, directory, [0, 1]);
  const batch = results(TWO_RECORDS, largeAtEnds);
  await assert.rejects(scheduler.submitResults('none', jobId, batch), { message: 'no room' });
  assert.deepEqual(packFiles(directory), []);
  store.write = Store.prototype.write;
  await scheduler.submitResults('none', jobId, batch);
  await scheduler.submitResults('none', jobId, batch);
  assert.equal(packFiles(directory).length, 1);
});

test('the pack file of a commit that failed stays if what it wrote is there all the same', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const jobId = await scheduler.createJob(spec(range(2)));
  const store = await Store.open(directory, {});
  t.after(() => store.close());
  const { root } = store as unknown as { root: { transactionSync(run: () => unknown): unknown } };
  const { transactionSync } = root;
  const submit = async (slice: number, commit: (run: () => unknown) => unknown): Promise<unknown> => {
    root.transactionSync = commit;
    const batch = results([slice], () => text('r', [LARGE]));
    const receipt = await scheduler.submitResults('none', jobId, batch).catch((error: unknown) => error);
    root.transactionSync = transactionSync;
    return receipt;
  };
  const failure = new Error('Input/output error');
  const failed = await submit(1, (run) => {
    transactionSync.call(root, run);
    throw failure;
  });
  assert.ok(failed instanceof SchedulerError && failed.cause === failure);
  assert.equal(failed.name, 'SchedulerError');
  const [stored] = await scheduler.readResults(jobId, Uint32Array.of(1));
  assert.deepEqual(stored!.payload.segments, [LARGE]);

  await submit(2, (run) => {
    const abort = (): never => {
      run();
      throw failure;
    };
    return transactionSync.call(root, abort);
  });
  assert.deepEqual(await scheduler.readResults(jobId, Uint32Array.of(2)), [null]);
  assert.equal(packFiles(directory).length, 1);
});

test('damage in a pack file is reported by Job and Slice, and other Jobs go on', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const bad = await scheduler.createJob(spec());
  await scheduler.addSlices(
    bad,
    slices(1, 1, () => text('', [new Uint8Array(MIB)])),
  );
  const [folder] = readdirSync(join(directory, 'packs'));
  const [file] = readdirSync(join(directory, 'packs', folder!));
  truncateSync(join(directory, 'packs', folder!, file!), 1000);
  await assert.rejects(
    scheduler.requestTask(request()),
    (error) =>
      error instanceof SchedulerError &&
      error.message.includes(bad) &&
      error.message.includes('from 1') &&
      error.message.includes('1000 bytes'),
  );
  const good = await scheduler.createJob(spec());
  await scheduler.addSlices(good, slices(1, 1));
  assert.equal((await scheduler.requestTask(request()))!.jobId, good);
});

test('damaged records are reported, never crash', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const jobId = await scheduler.createJob(spec());
  await scheduler.addSlices(jobId, slices(1, 5));
  await scheduler.submitResults('x', jobId, results([1]));
  const store = await Store.open(directory, {});
  t.after(() => store.close());
  const number = store.read(() => store.ids.get(jobId)!.readUInt32LE(0));
  await store.write(() => {
    store.data.put([number, 1], Buffer.from('nonsense'));
    store.results.put([number, 1], Buffer.alloc(100, 0xff));
  });
  const names = (error: unknown): boolean =>
    error instanceof SchedulerError && error.message.includes(jobId) && error.message.includes('Slice');
  await assert.rejects(scheduler.requestTask(request()), names);
  await assert.rejects(scheduler.readResults(jobId, Uint32Array.of(1)), names);
  const other = await scheduler.createJob(spec());
  await scheduler.addSlices(other, slices(1, 1));
  assert.equal((await scheduler.requestTask(request()))!.jobId, other);
  await store.write(() => store.rows.put(number, Buffer.from('x')));
  await assert.rejects(scheduler.jobStatus(jobId), SchedulerError);
});

const payload: fc.Arbitrary<Payload> = fc.record({
  head: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array(SPILL_BYTES + 1).fill(5))),
  segments: fc.array(
    fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(SPILL_BYTES).fill(9))),
    { maxLength: 3 },
  ),
});

test('a blob gives back what was packed, from any part of the columns', () => {
  fc.assert(
    fc.property(fc.array(payload, { minLength: 1, maxLength: 8 }), fc.nat(7), fc.nat(7), (payloads, a, b) => {
      const from = Math.min(a, b, payloads.length - 1);
      const to = Math.min(Math.max(a, b) + 1, payloads.length);
      const columns = packColumns(payloads);
      const { bytes, spill } = packBlob(columns, from, to, 1000);
      const name = Buffer.alloc(16, 7);
      if (spill.length > 0) bytes.set(name, 16);
      const file = Buffer.concat([Buffer.alloc(1000), ...spill]);
      const blob = Blob.parse(bytes);
      assert.equal(blob.entries, to - from);
      for (let i = from; i < to; i++) {
        const { head, segments } = payloadAt(columns, i);
        const parts = [];
        for (let p = blob.partStart(i - from); p < blob.partEnd(i - from); p++) {
          const part = blob.part(p);
          parts.push(part.spilled ? file.subarray(part.offset, part.offset + part.length) : blob.view(part));
        }
        assert.deepEqual(
          parts.map((x) => Buffer.from(x)),
          [head, ...segments].map((x) => Buffer.from(x)),
        );
      }
    }),
    { numRuns: 200 },
  );
});

test('whatever the bytes are, reading a blob answers or throws BlobError', () => {
  const { numbers, ...columns } = makeSliceBatch([1, 2], [text('a', [Uint8Array.of(1)]), text('b')]);
  const sound = packBlob(columns, 0, 2, 0).bytes;
  const record = packResults({ numbers, outcomes: new Uint8Array(2), ...zeroMetrics(2) }, sound);
  const read = (bytes: Uint8Array, parse: (bytes: Uint8Array) => Blob): void => {
    try {
      const blob = parse(bytes);
      for (let i = 0; i < blob.entries; i++) {
        for (let p = blob.partStart(i); p < blob.partEnd(i); p++) {
          const part = blob.part(p);
          if (!part.spilled) assert.equal(blob.view(part).byteLength, part.length);
        }
      }
    } catch (error) {
      if (!(error instanceof BlobError)) throw error;
    }
  };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(record.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(record.length),
      (changes, length) => {
        for (const [bytes, parse] of [
          [sound, (b: Uint8Array): Blob => Blob.parse(b)],
          [record, (b: Uint8Array): Blob => parseResults(b).blob],
        ] as const) {
          const copy = bytes.slice();
          for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
          read(copy, parse);
          read(copy.subarray(0, length), parse);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('damage in the database file is reported', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await open(t, directory);
  const jobId = await first.createJob(spec());
  await first.addSlices(
    jobId,
    slices(1, 5, (n) => text('find me '.repeat(100) + n)),
  );
  await first.close();
  const path = join(directory, 'data.mdb');
  const bytes = readFileSync(path);
  let found = 0;
  for (let at = bytes.indexOf('DCB1'); at >= 0; at = bytes.indexOf('DCB1', at + 1), found++) {
    bytes.writeUInt32LE(0xffffffff, at + 8); // the blob's count of parts
  }
  assert.ok(found > 0);
  writeFileSync(path, bytes);
  const again = await open(t, directory);
  await assert.rejects(again.requestTask(upTo(5)), SchedulerError);
});
