/**
 * The codec on the path of a small Slice (decode, call, encode) beside the same loop on bare msgpackr, and what a
 * typed array costs within the head and as a segment.
 *
 * The rival is `packr.pack(fn(packr.unpack(bytes)))` with `useRecords: false` (no state between messages, as the codec needs), the
 * fastest setting without records, on the main entry point of msgpackr, in the same process and turn about.
 */
import { Packr } from 'msgpackr';
import { ColumnReader, ColumnWriter, SEGMENT_THRESHOLD, decode, encode } from '#src/codec/index.js';
import { measure, type Figures } from './harness/measure.js';
import { Report, digits } from './harness/report.js';

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

function smallSlices({ datum, call }: Subject): Promise<Record<'codec' | 'msgpackr', Figures>> {
  const fn = call as (datum: unknown) => unknown;
  const packr = new Packr({ useRecords: false });
  const bytes = new Uint8Array(packr.pack(datum));
  const writer = new ColumnWriter();
  for (let i = 0; i < SLICES; i++) writer.append(datum);
  const reader = new ColumnReader(writer.take());
  return measure(
    {
      codec: {
        turns: SLICES,
        run() {
          for (let i = 0; i < SLICES; i++) writer.append(fn(reader.read(i)));
          return writer.take();
        },
      },
      msgpackr: {
        turns: SLICES,
        run() {
          let written = 0;
          for (let i = 0; i < SLICES; i++) written += packr.pack(fn(packr.unpack(bytes))).length;
          return written;
        },
      },
    },
    { rounds: ROUNDS },
  );
}

/** A typed array encoded and decoded in place: below the threshold its bytes are copied three times, above never. */
async function buffer(byteLength: number): Promise<Figures> {
  const turns = Math.max(50, Math.min(5000, (1 << 24) / byteLength));
  const datum = new Uint8Array(byteLength);
  const figures = await measure(
    {
      codec: {
        turns,
        run() {
          for (let i = 0; i < turns; i++) decode(encode(datum));
        },
      },
    },
    { rounds: ROUNDS },
  );
  return figures.codec;
}

/** What a segment costs besides: an ArrayBuffer made and handed over, for which a transfer within the process stands. */
async function handOver(byteLength: number): Promise<Figures> {
  const turns = 2000;
  const figures = await measure(
    {
      transfer: {
        turns,
        run() {
          for (let i = 0; i < turns; i++) {
            const own = new ArrayBuffer(byteLength);
            structuredClone(own, { transfer: [own] });
          }
        },
      },
    },
    { rounds: ROUNDS },
  );
  return figures.transfer;
}

async function bySize(
  sizes: readonly number[],
  of: (byteLength: number) => Promise<Figures>,
): Promise<Record<string, Figures>> {
  const figures: Record<string, Figures> = {};
  for (const byteLength of sizes) figures[`${byteLength} bytes`] = await of(byteLength);
  return figures;
}

const report = new Report('codec', { segmentThreshold: SEGMENT_THRESHOLD, slices: SLICES, rounds: ROUNDS });
const ratios: string[] = [];
for (const subject of SUBJECTS) {
  const figures = await smallSlices(subject);
  report.figures(`decode, call, encode: ${subject.name}`, figures, 'msgpackr');
  ratios.push(`${subject.name} ${digits(figures.codec.wallUs.median / figures.msgpackr.wallUs.median)}×`);
}
report.figures(
  'typed array, encoded and decoded',
  await bySize([256, 1024, 2048, 3072, 4095, 4096, 8192, 65536, 1 << 20], buffer),
);
report.figures('ArrayBuffer made and transferred', await bySize([1024, 4096, 16384], handOver));
report.standing('codec against bare msgpackr, in Node', 'reported', ratios.join(', '));
report.finish();
