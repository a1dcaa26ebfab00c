/**
 * What parses bytes that a Sandbox, or an evaluator process, has written. Each target takes one input of any bytes and throws
 * when something happens that may not: an error that is not the parser's own, a value that breaks the parser's promise.
 */
import { decode, encode } from '#src/codec/index.js';
import { resultSegments, resultsFromParts, resultsToParts } from '#src/evaluator/frames/columns.js';
import {
  ProtocolError,
  Region,
  encodeFrame,
  isShared,
  type Frame,
  type SharedPart,
} from '#src/evaluator/frames/frame.js';
import { FrameReader } from '#src/evaluator/frames/frame-reader.js';
import { EvaluatorSays } from '#src/evaluator/frames/messages.js';
import { PeerMemory, SHARED_BYTES } from '#src/evaluator/peer/memory.js';
import { DecodingError, packColumns, payloadAt, zeroMetrics } from '#src/model/index.js';

export interface Target {
  readonly about: string;
  /** Inputs that are well formed, to begin with. */
  seeds(): Uint8Array[];
  run(input: Uint8Array): void;
}

const VALUES: readonly unknown[] = [
  0,
  -0,
  1.5,
  'text',
  'é\ud800'.repeat(50),
  2n ** 70n,
  [1, [2, { a: undefined }]],
  { a: 1, b: [null, true], __proto__x: 'x' },
  new Map<unknown, unknown>([[new Date(5), new Set([1])]]),
  Object.assign(new TypeError('wrong'), { code: 'E', cause: new Error('cause') }),
  new Float64Array([1, 2]),
  [new Uint8Array(5000), new Float64Array(800)],
  /a+/giu,
  Object.assign([1, , 3], { named: 1 }),
];

/** A payload as one input: the head's length, the head, and the rest as one segment. */
const decoding: Target = {
  about: 'decode: a result as a client reads it',
  seeds: () =>
    VALUES.map((value) => {
      const { head, segments } = encode(value);
      return join(Uint8Array.of(head.length & 255, head.length >> 8), head, ...segments);
    }),
  run(input) {
    const length = (input[0] ?? 0) | ((input[1] ?? 0) << 8);
    const head = input.slice(2, 2 + length);
    const rest = input.slice(2 + length);
    let value: unknown;
    try {
      value = decode({ head, segments: rest.length > 0 ? [rest] : [] });
    } catch (error) {
      if (error instanceof DecodingError) return;
      throw error;
    }
    // What was let in is a value like any other.
    const again = encode(value);
    decode({ head: again.head, segments: again.segments.map((segment) => segment.slice()) });
    if ('polluted' in {}) throw new Error('Object.prototype has been written to');
  },
};

const MAX_FRAME_BYTES = 1 << 20;

/** Reads frames and, where they are results, takes them apart as the host does. */
function readFrames(chunks: Iterable<Uint8Array>): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader(MAX_FRAME_BYTES, (frame) => frames.push(frame));
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

/** What a damaged place may hit. */
const memory = PeerMemory.create(2 ** 20)!;

function takeResults({ header, parts }: Frame): void {
  const fetched: SharedPart[] = [];
  try {
    const segments = resultSegments(parts).map((part) => {
      if (!isShared(part)) return part;
      const bytes = memory.fetch(part, (byteLength) => new Uint8Array(byteLength));
      fetched.push(part);
      return bytes;
    });
    checkResults(header, parts, segments);
  } finally {
    for (const part of fetched) memory.release(part);
  }
}

function checkResults(
  header: readonly number[],
  parts: Frame['parts'],
  segments: readonly Uint8Array[],
): void {
  const results = resultsFromParts(header[3]!, parts, segments);
  for (let index = 0; index < results.numbers.length; index++) {
    const { head, segments: own } = payloadAt(results, index);
    if (head.buffer !== results.heads.buffer) throw new Error('a head that lies elsewhere');
    for (const segment of own) if (!segments.includes(segment)) throw new Error('a segment that nobody sent');
  }
}

function sharedPart(index: number): SharedPart {
  return { region: Region.results, offset: index * SHARED_BYTES, byteLength: SHARED_BYTES };
}

function someFrames(): Uint8Array[] {
  const payloads = VALUES.map((value) => encode(value));
  const numbers = Uint32Array.from(payloads, (_, index) => index + 1);
  const batch = {
    numbers,
    outcomes: new Uint8Array(numbers.length),
    ...zeroMetrics(numbers.length),
    ...packColumns(payloads),
  };
  const text = Buffer.from('hello');
  return [
    [[EvaluatorSays.results, 1, 1, numbers.length], resultsToParts(batch, batch.segments)],
    [
      [EvaluatorSays.results, 1, 1, numbers.length],
      resultsToParts(
        batch,
        batch.segments.map((_, index) => sharedPart(index)),
      ),
    ],
    [[EvaluatorSays.console, 1, 1, 2], [text]],
    [
      [EvaluatorSays.custom, 1, 1],
      [text, payloads[4]!.head],
    ],
    [[EvaluatorSays.ended, 1, 1, 3], [text]],
    [
      [EvaluatorSays.ready, 1],
      [text, { address: 4096, byteLength: 5 }],
    ],
    [[EvaluatorSays.drained, 1], []],
  ].map(([header, parts]) =>
    join(...encodeFrame(header as number[], parts as Parameters<typeof encodeFrame>[1])),
  );
}

const frames: Target = {
  about: 'frames: what an evaluator process sends, cut anywhere, and the columns of its results',
  seeds: () => [...someFrames(), join(...someFrames())],
  run(input) {
    let whole: Frame[] | null = null;
    try {
      whole = readFrames([input]);
      for (const frame of whole) if (frame.header[0] === EvaluatorSays.results) takeResults(frame);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
    if (whole === null) return;
    // However the stream is cut, the frames are the same.
    const size = 1 + (input.length % 13);
    const cut = readFrames(
      Array.from({ length: Math.ceil(input.length / size) }, (_, i) =>
        input.subarray(i * size, (i + 1) * size),
      ),
    );
    if (cut.length !== whole.length)
      throw new Error(`${cut.length} frames in pieces, ${whole.length} at once`);
  },
};

export const TARGETS: Readonly<Record<string, Target>> = { decode: decoding, frames };

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
