/**
 * TextEncoder and TextDecoder (https://encoding.spec.whatwg.org/): UTF-8, UTF-16 and windows-1252, which is what
 * "latin1" and "ascii" mean there. Other legacy encodings are refused with the RangeError of an unknown label.
 */
import type { MakeGroup } from './realm.js';
import { uncurry } from './uncurry.js';
import { defineInterface, toDictionary } from './webidl.js';

/** Names by number; the same list is `Encoding` in native/sandbox/text_functions.cc. */
const Encodings = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;

const DecodeFlags = { fatal: 1, ignoreBom: 2, stream: 4 } as const;

/** Labels of each encoding, from the standard's table. */
const LABELS: Readonly<Record<string, number>> = makeLabels([
  'unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8',
  'csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le',
  'unicodefffe utf-16be',
  'ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 ' +
    'iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252',
]);

function makeLabels(lists: readonly string[]): Record<string, number> {
  const labels = { __proto__: null } as unknown as Record<string, number>;
  for (let encoding = 0; encoding < lists.length; encoding++) {
    const list = lists[encoding]!;
    let label = '';
    for (let at = 0; at <= list.length; at++) {
      // Reading past the end gives undefined.
      const character = list[at] ?? ' ';
      if (character !== ' ') {
        label += character;
      } else {
        labels[label] = encoding;
        label = '';
      }
    }
  }
  return labels;
}

const makeEncoding: MakeGroup = (host, { primordials }) => {
  const { RangeError, TypeError, Uint8Array } = primordials;
  const slice = uncurry(primordials, primordials.StringPrototypeSlice);
  const toLowerCase = uncurry(primordials, primordials.StringPrototypeToLowerCase);

  const isBlank = (character: string | undefined): boolean =>
    character === ' ' || character === '\t' || character === '\n' || character === '\f' || character === '\r';

  /** "Get an encoding" from a label. */
  function encodingOf(label: string): number {
    let start = 0;
    let end = label.length;
    while (start < end && isBlank(label[start])) start++;
    while (end > start && isBlank(label[end - 1])) end--;
    const encoding = LABELS[toLowerCase(slice(label, start, end))];
    if (encoding === undefined) {
      throw new RangeError(
        `TextDecoder: the encoding label "${label}" is unknown; there are UTF-8, UTF-16LE, UTF-16BE and windows-1252`,
      );
    }
    return encoding;
  }

  class TextDecoder {
    readonly #encoding: number;
    readonly #flags: number;
    readonly #state = new Uint8Array(5);
    #doNotFlush = false;

    constructor(label: unknown = 'utf-8', options?: unknown) {
      const name = `${label as string}`;
      const { fatal, ignoreBOM } = toDictionary<{ fatal: boolean; ignoreBOM: boolean }>(
        primordials,
        options,
        'TextDecoder: options',
      );
      this.#encoding = encodingOf(name);
      this.#flags = (fatal ? DecodeFlags.fatal : 0) + (ignoreBOM ? DecodeFlags.ignoreBom : 0);
    }

    get encoding(): string {
      return Encodings[this.#encoding]!;
    }

    get fatal(): boolean {
      return (this.#flags & DecodeFlags.fatal) !== 0;
    }

    get ignoreBOM(): boolean {
      return (this.#flags & DecodeFlags.ignoreBom) !== 0;
    }

    decode(input: unknown = NOTHING, options?: unknown): string {
      const state = this.#state;
      if (!host.isBufferSource(input)) {
        throw new TypeError('TextDecoder.decode: input is no ArrayBuffer, SharedArrayBuffer or view on one');
      }
      const { stream } = toDictionary<{ stream: boolean }>(
        primordials,
        options,
        'TextDecoder.decode: options',
      );
      if (!this.#doNotFlush) {
        // Nothing is pending, and a byte order mark may come.
        state[0] = 0;
        state[4] = 0;
      }
      this.#doNotFlush = !!stream;
      return host.decodeText(this.#encoding, input, state, this.#flags + (stream ? DecodeFlags.stream : 0));
    }
  }

  const NOTHING = new Uint8Array(0);
  /** Where native code puts what it read and wrote. */
  const counts = new primordials.Uint32Array(2);

  class TextEncoder {
    // What makes it one.
    readonly #encoding = 'utf-8';

    get encoding(): string {
      return this.#encoding;
    }

    encode(input: unknown = ''): Uint8Array {
      void this.#encoding;
      const text = `${input as string}`;
      const bytes = new Uint8Array(host.utf8Length(text));
      host.utf8Write(text, bytes, 0);
      return bytes;
    }

    encodeInto(source: unknown, destination: unknown): { read: number; written: number } {
      void this.#encoding;
      const text = `${source as string}`;
      host.utf8WriteInto(text, destination, counts);
      return { read: counts[0]!, written: counts[1]! };
    }
  }

  defineInterface(primordials, 'TextDecoder', TextDecoder);
  defineInterface(primordials, 'TextEncoder', TextEncoder);
  return { TextDecoder, TextEncoder };
};

export default makeEncoding;
