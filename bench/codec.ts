/**
 * The codec on the path of a small Slice (decode, call, encode) beside the same loop on bare msgpackr, and what a
 * typed array costs within the head and as a segment. Writes JSON; figures in µs are CPU-bound wall times.
 *
 * The rival is `packr.pack(fn(packr.unpack(bytes)))` with `useRecords: false` (no state between messages, as the codec needs), the
 * fastest setting without records, on the main entry point of msgpackr, in the same process and turn about.
 */
import { Packr } from 'msgpackr';
import { ColumnReader, ColumnWriter, SEGMENT_THRESHOLD, decode, encode } from '#src/codec/index.js';

const ROUNDS = 15;
const SLICES = 20_000;

interface Subject {
  readonly name: string;
  readonly datum: unknown;
  readonly call: (datum: never) => unknown;
}

interface Small {
  id: number;
  name: string;
  score: number;
}

const SUBJECTS: Subject[] = [
  { name: 'integer', datum: 7, call: (datum: number) => datum + 1 },
  {
    name: 'object',
    datum: { id: 7, name: 'x', score: 1.5 },
    call: ({ id, name, score }: Small) => ({ id, name, score: score * 2 }),
  },
  { name: 'nested', datum: { at: { x: 1, y: 2 }, tags: ['a', 'b'] }, call: (datum: object) => datum },
  { name: 'string', datum: 'hello, world', call: (datum: string) => datum },
  { name: 'numbers', datum: Array.from({ length: 100 }, (_, i) => i / 3), call: (datum: number[]) => datum },
];

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Median and quartiles of µs per turn, of several runs taken turn about. */
function measure(
  turns: number,
  runs: Record<string, () => void>,
): Record<string, { median: number; quartiles: [number, number] }> {
  const times = Object.fromEntries(Object.keys(runs).map((name) => [name, [] as number[]]));
  for (let round = -3; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const start = process.hrtime.bigint();
      run();
      if (round >= 0) times[name]!.push(Number(process.hrtime.bigint() - start) / 1e3 / turns);
    }
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, each]) => {
      const sorted = [...each].sort((a, b) => a - b);
      return [name, { median: median(each), quartiles: [sorted[ROUNDS >> 2]!, sorted[(3 * ROUNDS) >> 2]!] }];
    }),
  );
}

function smallSlices({ name, datum, call }: Subject) {
  const fn = call as (datum: unknown) => unknown;
  const packr = new Packr({ useRecords: false });
  const bytes = new Uint8Array(packr.pack(datum));
  const writer = new ColumnWriter();
  for (let i = 0; i < SLICES; i++) writer.append(datum);
  const reader = new ColumnReader(writer.take());
  let sink = 0;
  const figures = measure(SLICES, {
    codec() {
      for (let i = 0; i < SLICES; i++) writer.append(fn(reader.read(i)));
      sink += writer.take().heads.length;
    },
    msgpackr() {
      for (let i = 0; i < SLICES; i++) sink += packr.pack(fn(packr.unpack(bytes))).length;
    },
  });
  return { name, ...figures, ratio: figures['codec']!.median / figures['msgpackr']!.median, sink: sink > 0 };
}

/** A typed array encoded and decoded in place: below the threshold its bytes are copied three times, above never. */
function buffer(byteLength: number) {
  const turns = Math.max(50, Math.min(5000, (1 << 24) / byteLength));
  const datum = new Uint8Array(byteLength);
  const { codec } = measure(turns, {
    codec() {
      for (let i = 0; i < turns; i++) decode(encode(datum));
    },
  });
  return { byteLength, segments: encode(datum).segments.length, ...codec };
}

/** What a segment costs besides: an ArrayBuffer made and handed over, for which a transfer within the process stands. */
function handOver(byteLength: number) {
  const turns = 2000;
  const { transfer } = measure(turns, {
    transfer() {
      for (let i = 0; i < turns; i++) {
        const own = new ArrayBuffer(byteLength);
        structuredClone(own, { transfer: [own] });
      }
    },
  });
  return { byteLength, ...transfer };
}

console.log(
  JSON.stringify(
    {
      node: process.version,
      smallSlices: SUBJECTS.map(smallSlices),
      threshold: SEGMENT_THRESHOLD,
      buffers: [256, 1024, 2048, 3072, 4095, 4096, 8192, 65536, 1 << 20].map(buffer),
      handOver: [1024, 4096, 16384].map(handOver),
    },
    null,
    1,
  ),
);
