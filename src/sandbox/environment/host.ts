import type { Host } from '../host.js';

/** What native code gives groups beyond the prelude (native/sandbox/*_functions.cc). Made when the first group is. */
export interface EnvironmentHost extends Host {
  /** What the group of that name exports. */
  group(name: string): object;

  /** Whether `value` is an ArrayBuffer, a SharedArrayBuffer or a view on one. */
  isBufferSource(value: unknown): boolean;
  /**
   * Decodes a BufferSource after what is pending in `state`.
   * @param encoding an index of `Encodings`
   * @param state 5 bytes, all 0 for a new decoder; changed
   * @param flags the sum of `DecodeFlags`
   * @throws {TypeError} `fatal`, and the bytes are malformed
   * @throws {RangeError} more text than a string can hold
   */
  decodeText(encoding: number, input: unknown, state: Uint8Array, flags: number): string;
  /** Bytes of an ArrayBuffer or of a view on one; -1 for all else, views on shared memory among it. */
  ownedLength(value: unknown): number;
  /** Copies the bytes of an ArrayBuffer or view into as many. */
  readBuffer(value: unknown, bytes: Uint8Array): void;
  /**
   * Writes as much UTF-8 as fits a Uint8Array.
   * @param counts gets the UTF-16 code units read and the bytes written
   * @throws {TypeError} `destination` is none
   */
  utf8WriteInto(text: string, destination: unknown, counts: Uint32Array): void;
  /** Bytes of UTF-8 that `utf8Write` needs for all of `text`. */
  utf8Length(text: string): number;

  /** Text of bytes from Base64; undefined when it is none. https://infra.spec.whatwg.org/#forgiving-base64-decode */
  base64Decode(text: string): string | undefined;
  /** Undefined when a character is no byte. */
  base64Encode(text: string): string | undefined;

  /** Whether `value`, a BufferSource, is of shared memory. */
  isSharedSource(value: unknown): boolean;
  /** 0 for a typed array of integers, 1 for another view on an ArrayBuffer of fixed size, 2 for all else. */
  randomKind(value: unknown): number;
  /** Fills a typed array of integers with the system's random bytes. */
  randomFill(array: unknown): void;
  /**
   * Fills `target`, which has the digest's size.
   * @param algorithm an index of `DIGESTS`
   * @param pause does nothing; called now and then
   */
  digest(algorithm: number, data: unknown, target: ArrayBuffer, pause: () => void): void;

  /** A number of `Kind` (structured-clone/kinds.ts): what a value is by its internal slots. */
  kindOf(value: unknown): number;
  /** What to call an object in an error; undefined for a Proxy. */
  nameOf(object: object): string | undefined;
  primitiveOf(wrapper: object): unknown;
  copyRegExp(expression: object): RegExp;
  isDetached(buffer: object): boolean;
  /** A new ArrayBuffer with the memory of `buffer`, which is detached; undefined when it cannot be. */
  transferBuffer(buffer: object): ArrayBuffer | undefined;
  /** Another SharedArrayBuffer on the same memory. */
  shareBuffer(buffer: object): object;
  /** Another WebAssembly.Module of the same code. */
  copyModule(module: object): object;
}
