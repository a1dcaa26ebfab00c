/** Bodies and the methods that take them. https://fetch.spec.whatwg.org/#body-mixin */
import { toMimeType } from './mime-type.js';
import { host, realm } from './realm.js';

/** UTF-8 in `Host.decodeText`. */
const UTF_8 = 0;

/** A body, or none. It is all here: nothing streams. */
export class Body {
  used = false;
  /** Somebody else has the same bytes. */
  #shared = false;

  /** @param bytes null for no body */
  constructor(private bytes: Uint8Array | null) {}

  get isNull(): boolean {
    return this.bytes === null;
  }

  /** The bytes, for whoever gets all of them: nobody else has them, or will. Throws TypeError when they were taken. */
  take(where: string): Uint8Array | null {
    const { TypeError, apply, TypedArrayPrototypeSlice } = realm.primordials;
    if (this.used) throw new TypeError(`${where}: the body has been used already`);
    const { bytes } = this;
    if (bytes === null) return null;
    this.used = true;
    this.bytes = EMPTY;
    return this.#shared ? apply(TypedArrayPrototypeSlice, bytes, []) : bytes;
  }

  /** Another one with the same bytes. Throws TypeError when they were taken. */
  clone(where: string): Body {
    const { TypeError } = realm.primordials;
    if (this.used) throw new TypeError(`${where}: the body has been used already`);
    const copy = new Body(this.bytes);
    this.#shared = true;
    copy.#shared = true;
    return copy;
  }
}

const EMPTY = new Uint8Array(0);

/** Fetch, "extract": the bytes, and the `Content-Type` that goes with them. Throws TypeError. */
export function extract(value: unknown): { readonly bytes: Uint8Array; readonly type: string | null } {
  const { ArrayBufferIsView, TypeError, Uint8Array } = realm.primordials;
  if (typeof value === 'object' && value !== null) {
    const blob = realm.group('blob').blobs.read(value);
    if (blob !== undefined) return { bytes: copyOf(blob.bytes), type: blob.type === '' ? null : blob.type };
    const length = host.ownedLength(value);
    if (length >= 0) {
      const bytes = new Uint8Array(length);
      host.readBuffer(value, bytes);
      return { bytes, type: null };
    }
    if (ArrayBufferIsView(value)) throw new TypeError('body: a view on shared memory is not taken');
    const { URLSearchParams } = realm.group('url');
    if (value instanceof URLSearchParams) {
      return {
        bytes: encode(`${value as unknown as string}`),
        type: 'application/x-www-form-urlencoded;charset=UTF-8',
      };
    }
  }
  return { bytes: encode(`${value as string}`), type: 'text/plain;charset=UTF-8' };
}

/** What every body has. `what` names the interface in errors. */
export function text(body: Body, where: string): Promise<string> {
  return consume(body, where, decode);
}

export function json(body: Body, where: string): Promise<unknown> {
  return consume(body, where, (bytes) => realm.primordials.JSONParse(decode(bytes)) as unknown);
}

export function arrayBuffer(body: Body, where: string): Promise<ArrayBuffer> {
  return consume(body, where, whole);
}

export function bytes(body: Body, where: string): Promise<Uint8Array> {
  const { Uint8Array } = realm.primordials;
  return consume(body, where, (taken) => new Uint8Array(whole(taken)));
}

/** @param type the `Content-Type` of the headers, null for none */
export function blob(body: Body, type: string | null, where: string): Promise<object> {
  return consume(body, where, (taken) => realm.group('blob').blobs.make(taken, toMimeType(type)));
}

export function encode(value: string): Uint8Array {
  const { Uint8Array } = realm.primordials;
  const encoded = new Uint8Array(host.utf8Length(value));
  host.utf8Write(value, encoded, 0);
  return encoded;
}

function decode(encoded: Uint8Array): string {
  return host.decodeText(UTF_8, encoded, new realm.primordials.Uint8Array(5), 0);
}

function consume<Result>(body: Body, where: string, convert: (bytes: Uint8Array) => Result): Promise<Result> {
  const { Promise } = realm.primordials;
  return new Promise((resolve) => {
    // What this throws rejects the promise.
    resolve(convert(body.take(where) ?? new realm.primordials.Uint8Array(0)));
  });
}

function copyOf(source: Uint8Array): Uint8Array {
  const { Uint8Array, apply, TypedArrayPrototypeLength, TypedArrayPrototypeSet } = realm.primordials;
  const copy = new Uint8Array(apply(TypedArrayPrototypeLength, source, []));
  apply(TypedArrayPrototypeSet, copy, [source]);
  return copy;
}

/** The buffer of bytes that fill it: every body is made so. */
function whole(taken: Uint8Array): ArrayBuffer {
  return taken.buffer as ArrayBuffer;
}
