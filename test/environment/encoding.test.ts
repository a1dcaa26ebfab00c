/** TextEncoder and TextDecoder, from https://encoding.spec.whatwg.org/#api. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { decodeChunks, WINDOWS_1252_C1 } from './encoding-reference.js';
import { agrees, answers, inSandbox } from './oracle.js';
import { sandboxes } from './support.js';

const { run, runMany } = sandboxes();

/** Bytes on which decoders differ: leads, continuations and the edges of their ranges, marks, surrogates, ASCII. */
const trickyBytes = fc.oneof(
  fc.constantFrom(0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1),
  fc.constantFrom(
    0xec,
    0xed,
    0xee,
    0xef,
    0xbb,
    0xf0,
    0xf1,
    0xf3,
    0xf4,
    0xf5,
    0xfe,
    0xff,
    0xd7,
    0xd8,
    0xdb,
    0xdc,
  ),
  fc.integer({ min: 0, max: 255 }),
);

/** A text now and then, so that long valid stretches occur too. */
const bytes = fc.oneof(
  fc.array(trickyBytes, { maxLength: 24 }),
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => [...Buffer.from(text)]),
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => [...Buffer.from(text, 'utf16le')]),
  fc.array(trickyBytes, { maxLength: 6 }).map((tail) => [0xef, 0xbb, 0xbf, ...tail]),
  fc.array(trickyBytes, { maxLength: 6 }).map((tail) => [0xff, 0xfe, ...tail]),
  fc.array(trickyBytes, { maxLength: 6 }).map((tail) => [0xfe, 0xff, ...tail]),
);

const decoding = fc.record({
  encoding: fc.constantFrom('utf-8' as const, 'utf-16le' as const, 'utf-16be' as const),
  chunks: fc.array(bytes, { minLength: 1, maxLength: 4 }),
  options: fc.record({ fatal: fc.boolean(), ignoreBOM: fc.boolean() }),
});

test('whatever the bytes and however they are cut, they are decoded as the standard says', async () => {
  const cases = fc.sample(decoding, { numRuns: 6000, seed: 20_261_124 });
  // Every cut of sequences of each length, whole and broken.
  const sequences = [
    '41',
    'c3a9',
    'e282ac',
    'f09f9880',
    'e28241',
    'f09f41',
    'f09f9841',
    'eda080',
    'f4908080',
    'c080',
  ];
  for (const sequence of sequences) {
    const whole = [...Buffer.from(`41${sequence}42`, 'hex')];
    for (let first = 0; first <= whole.length; first++) {
      for (let second = first; second <= whole.length; second++) {
        for (const fatal of [false, true]) {
          const chunks = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
          cases.push({ encoding: 'utf-8', chunks, options: { fatal, ignoreBOM: false } });
        }
      }
    }
  }
  const decoded = await runMany(({ encoding, chunks, options }: (typeof cases)[number]) => {
    const decoder = new TextDecoder(encoding, options);
    const texts: (string | null)[] = [];
    for (let index = 0; index < chunks.length; index++) {
      const chunk = new Uint8Array(chunks[index]!);
      try {
        texts.push(decoder.decode(chunk, { stream: index < chunks.length - 1 }));
      } catch (error) {
        if ((error as Error).constructor !== TypeError) throw error;
        texts.push(null);
        break;
      }
    }
    return texts;
  }, cases);
  let refused = 0;
  cases.forEach((given, index) => {
    const expected = decodeChunks(given.encoding, given.chunks, given.options);
    if (expected.includes(null)) refused++;
    assert.deepEqual(decoded[index], expected, JSON.stringify(given));
  });
  assert.ok(refused > 500 && refused < cases.length / 2, `${refused} of ${cases.length} were to be refused`);
});

test('the text of large inputs is that of small ones', async () => {
  // Past the sizes at which V8 and we change ways, with a character across each cut.
  const text = `${'x'.repeat(70_000)}é${'€'.repeat(9)}\u{1f600}`.repeat(3);
  const decoded = await run((given: string) => {
    const all = new TextEncoder().encode(given);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let joined = '';
    for (let at = 0; at < all.length; at += 4099)
      joined += decoder.decode(all.subarray(at, at + 4099), { stream: true });
    return [joined + decoder.decode() === given, new TextDecoder().decode(all) === given];
  }, text);
  assert.deepEqual(decoded, [true, true]);
});

test('latin1 and ascii mean windows-1252', async () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const text =
    String.fromCharCode(...all.subarray(0, 0x80)) +
    WINDOWS_1252_C1 +
    String.fromCharCode(...all.subarray(0xa0));
  const decoded = await run((bytes: Uint8Array) => {
    const decoder = new TextDecoder('latin1', { fatal: true });
    return [decoder.encoding, decoder.decode(bytes), decoder.decode(bytes.subarray(0xa0, 0xa4))];
  }, all);
  assert.deepEqual(decoded, ['windows-1252', text, '\u00a0¡¢£']);
});

test('labels are found whatever their case and the blanks around them', async (t) => {
  await agrees(
    t,
    () =>
      [
        'unicode-1-1-utf-8',
        'UTF8',
        '\t\n\f\r utf-8 ',
        'x-unicode20utf8',
        'ucs-2',
        'unicode',
        'UTF-16',
        'utf-16be',
      ]
        .concat([
          'unicodefffe',
          'ascii',
          'iso-8859-1',
          'iso_8859-1:1987',
          'l1',
          'us-ascii',
          'cp1252',
          'x-cp1252',
        ])
        .map((label) => new TextDecoder(label).encoding),
    [
      ...['utf-8', 'utf-8', 'utf-8', 'utf-8', 'utf-16le', 'utf-16le', 'utf-16le', 'utf-16be', 'utf-16be'],
      ...Array.from({ length: 7 }, () => 'windows-1252'),
    ],
  );
});

test('unknown labels, and those of other legacy encodings, are RangeErrors that name them', async (t) => {
  await answers(
    t,
    () =>
      [
        '',
        'utf-7',
        'utf-8\u00a0',
        'utf-8\v',
        'ｕtf-8',
        'shift_jis',
        'koi8-r',
        'replacement',
        '__proto__',
        'toString',
      ].map((label) => {
        try {
          return new TextDecoder(label).encoding;
        } catch (error) {
          const { constructor, message } = error as Error;
          return constructor === RangeError && message.includes(`"${label}"`);
        }
      }),
    Array.from({ length: 10 }, () => true),
  );
});

test('a decoder starts afresh after the end of a stream, and after what it has refused', async (t) => {
  await agrees(t, () => {
    const decoder = new TextDecoder();
    const bom = new Uint8Array([0xef, 0xbb, 0xbf, 0x61]);
    const half = new Uint8Array([0xe2, 0x82]);
    const texts = [
      decoder.decode(bom, { stream: true }),
      decoder.decode(bom, { stream: true }),
      decoder.decode(half, { stream: true }),
      decoder.decode(),
      decoder.decode(bom),
      decoder.decode(bom),
    ];
    const strict = new TextDecoder('utf-8', { fatal: true });
    for (const wrong of [half, new Uint8Array([0xff])]) {
      try {
        texts.push(strict.decode(wrong));
      } catch (error) {
        texts.push((error as Error).name);
      }
      texts.push(strict.decode(new Uint8Array([0x62])));
    }
    return texts;
  }, ['a', '\ufeffa', '', '\ufffd', 'a', 'a', 'TypeError', 'b', 'TypeError', 'b']);
});

test('every BufferSource is taken, as far as it reaches, and nothing else', async (t) => {
  await agrees(t, () => {
    const { buffer } = new TextEncoder().encode('..hello..');
    const Resizable = ArrayBuffer as unknown as new (
      size: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize(size: number): void };
    const shrunk = new Resizable(4, { maxByteLength: 8 });
    // What a view shows may be gone.
    const lost = new Uint8Array(shrunk, 2, 2);
    shrunk.resize(1);
    const decoder = new TextDecoder();
    return [
      decoder.decode(buffer),
      decoder.decode(new DataView(buffer, 2, 5)),
      decoder.decode(new Uint8Array(buffer, 2, 5)),
      decoder.decode(new Uint16Array(buffer, 2, 2)),
      decoder.decode(lost),
      decoder.decode(undefined),
      decoder.decode(),
    ];
  }, ['..hello..', 'hello', 'hello', 'hell', '', '', '']);
  await answers(
    t,
    () =>
      [null, 'text', 1, {}, [104, 105], Symbol.iterator].map((input) => {
        try {
          return new TextDecoder().decode(input as never);
        } catch (error) {
          return (error as Error).constructor === TypeError;
        }
      }),
    [true, true, true, true, true, true],
  );
});

test('text beyond the longest string is a RangeError', async () => {
  const names = await runMany(
    (encoding: string) => {
      // Never touched, so they cost no memory.
      const bytes = new Uint8Array(2 ** 30 + 2 ** 20);
      try {
        return new TextDecoder(encoding).decode(bytes).length;
      } catch (error) {
        return (error as Error).name;
      }
    },
    ['utf-8', 'utf-16le', 'latin1'],
    { sandbox: { bufferMiB: 4096 } },
  );
  assert.deepEqual(names, ['RangeError', 'RangeError', 'RangeError']);
});

test('text is encoded as Node encodes it, lone surrogates as U+FFFD', async () => {
  const unit = fc.oneof(
    fc.integer({ min: 0xd7f0, max: 0xe010 }),
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0x20, max: 0x7f }),
  );
  const texts = fc.sample(fc.array(unit, { maxLength: 30 }), { numRuns: 1500, seed: 7 });
  // Strings with lone surrogates do not cross the codec: they are put together where they are encoded.
  const given = texts.map((units, index) => ({ units, room: index % 50 }));
  const encode = ({ units, room }: (typeof given)[number]): (number | number[])[] => {
    const text = String.fromCharCode(...units);
    const encoder = new TextEncoder();
    const destination = new Uint8Array(room).fill(0xaa);
    const { read, written } = encoder.encodeInto(text, destination);
    return [[...encoder.encode(text)], [...destination], read, written];
  };
  assert.deepEqual(await runMany(encode, given), given.map(encode));
});

test('what is encoded is a Uint8Array of its own on a buffer of its size', async (t) => {
  await agrees(t, () => {
    const encoder = new TextEncoder();
    const bytes = encoder.encode('né');
    const shown = (value: Uint8Array): unknown[] => [
      value.constructor === Uint8Array,
      [...value],
      value.byteOffset,
    ];
    return [
      shown(bytes),
      shown(encoder.encode()),
      shown(encoder.encode(undefined)),
      shown(encoder.encode(null as never)),
      encoder.encode('a') === encoder.encode('a'),
      Object.keys(encoder.encodeInto('', bytes)),
    ];
  }, [
    [true, [0x6e, 0xc3, 0xa9], 0],
    [true, [], 0],
    [true, [], 0],
    [true, [0x6e, 0x75, 0x6c, 0x6c], 0],
    false,
    ['read', 'written'],
  ]);
});

test('the interfaces look as WebIDL says', async (t) => {
  await agrees(
    t,
    () =>
      [TextDecoder, TextEncoder].map((type) => {
        const members = Object.entries(Object.getOwnPropertyDescriptors(type.prototype));
        return [
          type.name,
          type.length,
          Object.prototype.toString.call(new type()),
          Object.keys(type.prototype).sort(),
          members
            .filter(([, { value }]) => typeof value === 'function')
            .map(([name, { value }]) => `${name}/${(value as { length: number }).length}`)
            .sort(),
          Object.getOwnPropertyDescriptor(type, 'prototype')?.writable,
        ];
      }),
    [
      [
        'TextDecoder',
        0,
        '[object TextDecoder]',
        ['decode', 'encoding', 'fatal', 'ignoreBOM'],
        ['constructor/0', 'decode/0'],
        false,
      ],
      [
        'TextEncoder',
        0,
        '[object TextEncoder]',
        ['encode', 'encodeInto', 'encoding'],
        ['constructor/0', 'encode/0', 'encodeInto/2'],
        false,
      ],
    ],
  );
});

test('arguments and receivers that do not fit are TypeErrors', async (t) => {
  const attempts = await inSandbox(t, () => {
    const call = (type: unknown): unknown => (type as () => unknown)();
    const { decode } = TextDecoder.prototype;
    const { encode, encodeInto } = TextEncoder.prototype;
    const attempts: Record<string, () => unknown> = {
      'TextDecoder without new': () => call(TextDecoder),
      'TextEncoder without new': () => call(TextEncoder),
      'a label that is a Symbol': () => new TextDecoder(Symbol('utf-8') as never),
      'options that are no object': () => new TextDecoder('utf-8', 1 as never),
      'decode options that are no object': () => new TextDecoder().decode(new Uint8Array(0), 'x' as never),
      'decode of another object': () => decode.call({} as never),
      'encode of another object': () => encode.call({} as never),
      'encodeInto of another object': () => encodeInto.call({} as never, '', new Uint8Array(0)),
      'encode of a Symbol': () => new TextEncoder().encode(Symbol('x') as never),
      'encodeInto into nothing': () => new TextEncoder().encodeInto('a', undefined as never),
      'encodeInto into another array': () => new TextEncoder().encodeInto('a', new Int8Array(1) as never),
      'encoding of another object': () => Reflect.get(TextDecoder.prototype, 'encoding', {}),
    };
    return Object.entries(attempts)
      .filter(([, attempt]) => {
        try {
          attempt();
          return true;
        } catch (error) {
          return (error as Error).constructor !== TypeError;
        }
      })
      .map(([name]) => name);
  });
  assert.deepEqual(attempts, []);
});
