/**
 * Blob. https://w3c.github.io/FileAPI/#blob-section
 * Without `stream()`: there are no streams here. Bytes are in memory, on the account of the Sandbox; slices share them.
 */
import type { Blobs } from './blobs.js';
import type { MakeGroup } from './realm.js';
import { uncurry } from './uncurry.js';
import { defineInterface, toDictionary } from './webidl.js';
import { toDOMString } from './webidl-types.js';

/** UTF-8, and a byte order mark is none of the text (native/sandbox/text_functions.cc). */
const UTF_8 = 0;
const DECODER_STATE_BYTES = 5;

/** Only this file makes a Blob of bytes that are there already. */
const SHARE = Symbol('share');

const makeBlob: MakeGroup = (host, { primordials }) => {
  const { Promise, TypeError, Uint8Array, SymbolIterator, defineProperty } = primordials;
  const subarray = uncurry(primordials, primordials.TypedArrayPrototypeSubarray);
  const setBytes = uncurry(primordials, primordials.TypedArrayPrototypeSet);
  const toLowerCase = uncurry(primordials, primordials.StringPrototypeToLowerCase);
  const charCodeAt = uncurry(primordials, primordials.StringPrototypeCharCodeAt);
  const slice = uncurry(primordials, primordials.StringPrototypeSlice);
  const lengthOf = uncurry(primordials, primordials.TypedArrayPrototypeLength);
  const typeTag = uncurry(primordials, primordials.TypedArrayPrototypeToStringTag);
  const join = uncurry(primordials, primordials.ArrayPrototypeJoin);

  /** A type with characters beyond U+0020 to U+007E is none. */
  function normalizeType(type: string): string {
    for (let at = 0; at < type.length; at++) {
      const code = charCodeAt(type, at);
      if (code < 0x20 || code > 0x7e) return '';
    }
    return toLowerCase(type);
  }

  /** "Convert line endings to native": to "\n" on the platforms there are. */
  function toNativeEndings(text: string): string {
    const lines: string[] = [];
    let start = 0;
    const keep = (end: number): void => {
      defineProperty(lines, lines.length, { value: slice(text, start, end) });
    };
    for (let at = 0; at < text.length; at++) {
      if (charCodeAt(text, at) !== 0x0d) continue;
      keep(at);
      if (charCodeAt(text, at + 1) === 0x0a) at++;
      start = at + 1;
    }
    keep(text.length);
    return join(lines, '\n');
  }

  function toBytes(text: string): Uint8Array {
    const bytes = new Uint8Array(host.utf8Length(text));
    host.utf8Write(text, bytes, 0);
    return bytes;
  }

  /** The bytes of a BufferSource, in place; none when it is detached. */
  function viewOf(source: object): Uint8Array {
    const isView = primordials.ArrayBufferIsView(source);
    const ofTypedArray = isView && typeTag(source) !== undefined;
    const read = <T>(ofArray: () => T, ofDataView: () => T): T =>
      primordials.apply(ofTypedArray ? ofArray : ofDataView, source, []);
    const buffer = isView
      ? read(primordials.TypedArrayPrototypeBuffer, primordials.DataViewPrototypeBuffer)
      : source;
    if (host.isDetached(buffer)) return new Uint8Array(0);
    if (!isView) return new Uint8Array(buffer as ArrayBuffer);
    const offset = read(primordials.TypedArrayPrototypeByteOffset, primordials.DataViewPrototypeByteOffset);
    const length = read(primordials.TypedArrayPrototypeByteLength, primordials.DataViewPrototypeByteLength);
    return new Uint8Array(buffer as ArrayBuffer, offset, length);
  }

  /** [Clamp] long long, relative to the end when negative. */
  function toPosition(value: unknown, otherwise: number, size: number): number {
    const number = value === undefined ? otherwise : +(value as number);
    if (!(number === number)) return 0;
    // Half-way numbers round to even, as [Clamp] has it.
    let whole = primordials.MathTrunc(number);
    const rest = number - whole;
    if (rest > 0.5 || (rest === 0.5 && whole % 2 !== 0)) whole++;
    if (rest < -0.5 || (rest === -0.5 && whole % 2 !== 0)) whole--;
    return whole < 0 ? primordials.MathMax(size + whole, 0) : primordials.MathMin(whole, size);
  }

  class Blob {
    readonly #bytes: Uint8Array;
    readonly #type: string;

    constructor(...args: unknown[]) {
      const [parts, options] = args;
      if (parts === SHARE) {
        this.#bytes = options as Uint8Array;
        this.#type = args[2] as string;
        return;
      }
      const chunks = parts === undefined ? [] : Blob.#toChunks(parts);
      const { endings, type } = toDictionary<{ endings: unknown; type: unknown }>(
        primordials,
        options,
        'Blob: options',
      );
      const ending = endings === undefined ? 'transparent' : toDOMString(endings);
      if (ending !== 'transparent' && ending !== 'native') {
        throw new TypeError(`Blob: options.endings: "transparent" or "native" expected, got "${ending}"`);
      }
      this.#type = type === undefined ? '' : normalizeType(toDOMString(type));
      this.#bytes = Blob.#concat(chunks, ending === 'native');
    }

    /** sequence<(BufferSource or Blob or USVString)> */
    static #toChunks(parts: unknown): unknown[] {
      const isObject = (typeof parts === 'object' && parts !== null) || typeof parts === 'function';
      if (!isObject || (parts as Record<symbol, unknown>)[SymbolIterator] === undefined) {
        throw new TypeError('Blob: blobParts: a sequence expected');
      }
      const chunks: unknown[] = [];
      for (const part of parts as Iterable<unknown>) {
        const isBytes = host.isBufferSource(part);
        if (isBytes && host.isSharedSource(part)) {
          throw new TypeError(`Blob: blobParts[${chunks.length}]: shared memory is not taken`);
        }
        const isBlob = typeof part === 'object' && part !== null && #bytes in part;
        defineProperty(chunks, chunks.length, { value: isBytes || isBlob ? part : toDOMString(part) });
      }
      return chunks;
    }

    static #concat(chunks: readonly unknown[], nativeEndings: boolean): Uint8Array {
      const pieces: Uint8Array[] = [];
      let size = 0;
      for (let index = 0; index < chunks.length; index++) {
        const chunk = chunks[index];
        let piece: Uint8Array;
        if (typeof chunk === 'string') piece = toBytes(nativeEndings ? toNativeEndings(chunk) : chunk);
        else if (#bytes in (chunk as object)) piece = (chunk as Blob).#bytes;
        else piece = viewOf(chunk as object);
        defineProperty(pieces, index, { value: piece });
        size += lengthOf(piece);
      }
      const bytes = new Uint8Array(size);
      let at = 0;
      for (let index = 0; index < pieces.length; index++) {
        setBytes(bytes, pieces[index]!, at);
        at += lengthOf(pieces[index]);
      }
      return bytes;
    }

    static read(value: unknown): ReturnType<Blobs['read']> {
      return typeof value === 'object' && value !== null && #bytes in value
        ? { bytes: value.#bytes, type: value.#type }
        : undefined;
    }

    get size(): number {
      return lengthOf(this.#bytes);
    }

    get type(): string {
      return this.#type;
    }

    slice(start: unknown = undefined, end: unknown = undefined, contentType: unknown = undefined): Blob {
      const size = lengthOf(this.#bytes);
      const from = toPosition(start, 0, size);
      const to = toPosition(end, size, size);
      const type = contentType === undefined ? '' : normalizeType(toDOMString(contentType));
      return new Blob(SHARE, subarray(this.#bytes, from, primordials.MathMax(from, to)), type);
    }

    // What an operation that answers a promise throws, the promise rejects with.
    text(): Promise<string> {
      return new Promise((resolve) => {
        resolve(host.decodeText(UTF_8, this.#bytes, new Uint8Array(DECODER_STATE_BYTES), 0));
      });
    }

    arrayBuffer(): Promise<ArrayBuffer> {
      return new Promise((resolve) => {
        const buffer = new primordials.ArrayBuffer(lengthOf(this.#bytes));
        setBytes(new Uint8Array(buffer), this.#bytes);
        resolve(buffer);
      });
    }

    bytes(): Promise<Uint8Array> {
      return new Promise((resolve) => {
        const copy = new Uint8Array(lengthOf(this.#bytes));
        setBytes(copy, this.#bytes);
        resolve(copy);
      });
    }
  }

  const { read } = Blob;
  primordials.deleteProperty(Blob, 'read');
  const blobs: Blobs = { read, make: (bytes, type) => new Blob(SHARE, bytes, normalizeType(type)) };
  // A serializable object; what never changes may be shared.
  const clone = (value: object): object | undefined => {
    const content = read(value);
    return content && new Blob(SHARE, content.bytes, content.type);
  };
  defineInterface(primordials, 'Blob', Blob, clone, ['size', 'type']);
  return { Blob, blobs };
};

export default makeBlob;
