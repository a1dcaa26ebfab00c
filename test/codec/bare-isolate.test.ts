import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createContext, runInContext, type Context } from 'node:vm';
import { buildSync } from 'esbuild';
import * as node from '#src/codec/index.js';

/** Runs in the bare context, where `codec` is; the payload in and out is data of both realms. */
const PROGRAM = `({ head, segments }) => codec.encode(codec.decode({ head: new Uint8Array(head), segments: segments.map((s) => new Uint8Array(s)) }))`;

const VALUES: unknown[] = [
  1,
  -0,
  2n ** 100n,
  'x',
  'é'.repeat(300),
  '😀€é\u0000x'.repeat(100),
  '\ufeff' + 'y'.repeat(1000),
  '\ud800'.repeat(300),
  'z'.repeat(100_000),
  { id: 7, name: 'x', score: 1.5 },
  { ['é'.repeat(200)]: ['é'.repeat(70), '\ufeff' + 'x'.repeat(80)] },
  new Map<unknown, unknown>([[{}, new Set([new Date(5)])]]),
  /a/g,
  new Uint8Array(100).fill(9),
  new Float64Array(1000).fill(1.5),
];

let source: string;

function bareContext(): Context {
  const context = createContext({});
  runInContext(source, context);
  for (const name of [
    'Buffer',
    'TextEncoder',
    'TextDecoder',
    'structuredClone',
    'process',
    'require',
    'performance',
  ]) {
    assert.equal(runInContext(`typeof ${name}`, context), 'undefined');
  }
  return context;
}

before(() => {
  const { outputFiles } = buildSync({
    entryPoints: [new URL(import.meta.resolve('#src/codec/index.js')).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'codec',
    platform: 'neutral',
    conditions: ['browser'],
  });
  source = outputFiles[0]!.text;
});

function thereAndBack(context: Context, value: unknown): unknown {
  const payload = node.encode(value);
  const passOn = runInContext(PROGRAM, context) as (payload: unknown) => ReturnType<typeof node.encode>;
  const { head, segments } = passOn({ head: payload.head, segments: payload.segments });
  return node.decode({
    head: new Uint8Array(head),
    segments: [...segments].map((segment) => new Uint8Array(segment)),
  });
}

test('runs as one classic script where there is nothing but ECMAScript', () => {
  const context = bareContext();
  for (const value of VALUES) assert.deepStrictEqual(thereAndBack(context, value), value);
});

test('uses the text primitives it is given for long strings', () => {
  const context = bareContext();
  const calls = { decode: 0, encodeInto: 0 };
  const codec = runInContext('codec', context) as typeof node;
  codec.setTextPrimitives({
    decode(bytes, start, end) {
      calls.decode++;
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', start, end);
    },
    encodeInto(string, bytes, at) {
      calls.encodeInto++;
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).write(string, at);
    },
  });
  for (const value of VALUES) assert.deepStrictEqual(thereAndBack(context, value), value);
  assert.ok(calls.decode >= 4 && calls.encodeInto >= 4, JSON.stringify(calls));
  const before = { ...calls };
  thereAndBack(context, { short: 'é'.repeat(10), lone: '\ud800'.repeat(1000) });
  assert.deepEqual(calls, before);
});

test('writes the same bytes as in Node, given text primitives', () => {
  const context = bareContext();
  const codec = runInContext('codec', context) as typeof node;
  const encoder = new TextEncoder();
  codec.setTextPrimitives({
    decode: (bytes, start, end) => Buffer.from(bytes.slice(start, end)).toString(),
    encodeInto: (string, bytes, at) =>
      encoder.encodeInto(string, new Uint8Array(bytes.buffer, bytes.byteOffset + at)).written,
  });
  for (const value of VALUES)
    assert.deepEqual(Buffer.from(codec.encode(value).head), Buffer.from(node.encode(value).head));
});

test('reads malformed UTF-8 in long strings as replacement characters', (t) => {
  const bytes = [...'x'.repeat(300)].map(() => 0x78);
  const malformed = [
    0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf5, 0x80, 0xe2, 0x82, 0x78, 0xf0, 0x9f, 0x98, 0x80, 0xe2,
  ];
  const head = Uint8Array.from([0x93, 0xc1, 4, 0xc5, 0x01, 0x3c, ...bytes, ...malformed]);
  const withDecoder = node.decode({ head, segments: [] }) as string;
  t.after(() => assert.equal(node.decode({ head, segments: [] }), withDecoder));
  const codec = runInContext('codec', bareContext()) as typeof node;
  const withLoop = codec.decode({ head, segments: [] }) as string;
  for (const string of [withDecoder, withLoop]) {
    assert.ok(string.startsWith('x'.repeat(300) + '\ufffd'));
    assert.ok(string.includes('x😀\ufffd'), JSON.stringify(string.slice(300)));
    assert.ok(!/\p{Surrogate}/u.test(string));
  }
});
