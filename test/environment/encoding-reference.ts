/**
 * The decoders of https://encoding.spec.whatwg.org/ as the standard writes them, byte by byte: slow, and nothing but
 * its text. What is decoded here is right.
 */

/** One byte, or null for the end of the queue. `emit` takes a code point, `fail` is the standard's "return error". */
type Handler = (byte: number | null) => void;

interface Sink {
  emit(codePoint: number): void;
  fail(): void;
  /** "Restore" a byte: it is handled again. */
  restore(byte: number): void;
}

/** https://encoding.spec.whatwg.org/#utf-8-decoder */
function utf8Decoder({ emit, fail, restore }: Sink): Handler {
  let codePoint = 0;
  let seen = 0;
  let needed = 0;
  let lower = 0x80;
  let upper = 0xbf;
  return (byte) => {
    if (byte === null) {
      if (needed !== 0) {
        needed = 0;
        fail();
      }
      return;
    }
    if (needed === 0) {
      if (byte <= 0x7f) emit(byte);
      else if (byte >= 0xc2 && byte <= 0xdf) {
        needed = 1;
        codePoint = byte & 0x1f;
      } else if (byte >= 0xe0 && byte <= 0xef) {
        if (byte === 0xe0) lower = 0xa0;
        if (byte === 0xed) upper = 0x9f;
        needed = 2;
        codePoint = byte & 0xf;
      } else if (byte >= 0xf0 && byte <= 0xf4) {
        if (byte === 0xf0) lower = 0x90;
        if (byte === 0xf4) upper = 0x8f;
        needed = 3;
        codePoint = byte & 0x7;
      } else fail();
      return;
    }
    if (byte < lower || byte > upper) {
      codePoint = needed = seen = 0;
      lower = 0x80;
      upper = 0xbf;
      restore(byte);
      fail();
      return;
    }
    lower = 0x80;
    upper = 0xbf;
    codePoint = (codePoint << 6) | (byte & 0x3f);
    if (++seen !== needed) return;
    const whole = codePoint;
    codePoint = needed = seen = 0;
    emit(whole);
  };
}

/** https://encoding.spec.whatwg.org/#shared-utf-16-decoder */
function utf16Decoder({ emit, fail, restore }: Sink, bigEndian: boolean): Handler {
  let leadByte: number | null = null;
  let leadSurrogate: number | null = null;
  return (byte) => {
    if (byte === null) {
      if (leadByte === null && leadSurrogate === null) return;
      leadByte = leadSurrogate = null;
      fail();
      return;
    }
    if (leadByte === null) {
      leadByte = byte;
      return;
    }
    const unit = bigEndian ? (leadByte << 8) + byte : (byte << 8) + leadByte;
    leadByte = null;
    if (leadSurrogate !== null) {
      const lead = leadSurrogate;
      leadSurrogate = null;
      if (unit >= 0xdc00 && unit <= 0xdfff) {
        emit(0x10000 + ((lead - 0xd800) << 10) + (unit - 0xdc00));
        return;
      }
      const [first, second] = bigEndian ? [unit >> 8, unit & 0xff] : [unit & 0xff, unit >> 8];
      restore(second);
      restore(first);
      fail();
      return;
    }
    if (unit >= 0xd800 && unit <= 0xdbff) leadSurrogate = unit;
    else if (unit >= 0xdc00 && unit <= 0xdfff) fail();
    else emit(unit);
  };
}

/** What a TextDecoder of that encoding answers to each of the chunks, all but the last with `stream`; null: it throws. */
export function decodeChunks(
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be',
  chunks: readonly (readonly number[])[],
  { fatal, ignoreBOM }: { readonly fatal: boolean; readonly ignoreBOM: boolean },
): (string | null)[] {
  const answers: (string | null)[] = [];
  let text = '';
  let failed = false;
  let pastBom = false;
  let queue: number[] = [];
  const sink: Sink = {
    emit: (codePoint) => {
      // "Serialize I/O queue": a byte order mark is dropped where it comes first.
      if (!ignoreBOM && !pastBom && codePoint === 0xfeff) pastBom = true;
      else {
        pastBom = true;
        text += String.fromCodePoint(codePoint);
      }
    },
    fail: () => {
      if (fatal) failed = true;
      else sink.emit(0xfffd);
    },
    restore: (byte) => queue.unshift(byte),
  };
  const handle = encoding === 'utf-8' ? utf8Decoder(sink) : utf16Decoder(sink, encoding === 'utf-16be');
  chunks.forEach((chunk, index) => {
    if (answers.at(-1) === null) return;
    text = '';
    queue = [...chunk];
    while (queue.length > 0 && !failed) handle(queue.shift()!);
    if (index === chunks.length - 1 && !failed) handle(null);
    answers.push(failed ? null : text);
  });
  return answers;
}

/** https://encoding.spec.whatwg.org/index-windows-1252.txt for the bytes 80 to 9F; all others are their own code point. */
export const WINDOWS_1252_C1 =
  '\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F' +
  '\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178';
