/** The memory account: heap, ArrayBuffers of all sorts, WebAssembly. Each in a process of its own. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bad, ends, run, survives } from './limit-cases.js';

const SANDBOX = { heapMiB: 64, bufferMiB: 16 };

/** A module with a memory of its own (limits as given) and a function `f` that grows it by 1 MiB for ever. */
const growing = (...limits: number[]): string =>
  `Uint8Array.of(0,97,115,109,1,0,0,0, 1,4,1,0x60,0,0, 3,2,1,0, 5,${limits.length + 1},1,${limits.join()},
    7,9,2, 1,102,0,0, 1,109,2,0, 10,14,1,12,0, 3,0x40,0x41,16,0x40,0,0x1a,0x0c,0,0x0b,0x0b)`;

/** Declares `module(i)`: another module for each i, of 1 MiB in a section that means nothing. */
const LARGE_MODULES = `const module = (i) => {
  const bytes = new Uint8Array(12 + (1 << 20));
  bytes.set([0,97,115,109,1,0,0,0, 0,0x80,0x80,0x40, 1,65]);
  new DataView(bytes.buffer).setUint32(16, i);
  return new WebAssembly.Module(bytes);
};`;

/** Expression for the bytes of a module of 100,000 functions that do nothing: 600 KB. */
const MANY_FUNCTIONS = `new Uint8Array([
  [0,97,115,109,1,0,0,0, 1,4,1,0x60,0,0, 3,0xa3,0x8d,6,0xa0,0x8d,6], new Array(100000).fill(0),
  [10,0xe3,0xa7,18,0xa0,0x8d,6], new Array(100000).fill([2,0,0x0b]).flat()].flat())`;

const refusals: readonly (readonly [name: string, statement: string, message: RegExp])[] = [
  [
    'WebAssembly memories',
    'const list = []; for (;;) list.push(new WebAssembly.Memory({ initial: 16 }));',
    /^WebAssembly\.Memory: 1 MiB asked for, 0\.\d+ MiB left of the Sandbox's 16 MiB$/,
  ],
  [
    'a WebAssembly memory that JavaScript grows',
    'const memory = new WebAssembly.Memory({ initial: 1 }); for (;;) memory.grow(16);',
    /^WebAssembly\.Memory\.prototype\.grow: 1 MiB asked for, 0\.\d+ MiB left of the Sandbox's 16 MiB$/,
  ],
  [
    'a memory that a module exports, grown by JavaScript',
    `const { m } = new WebAssembly.Instance(new WebAssembly.Module(${growing(0, 1)})).exports; for (;;) m.grow(16);`,
    /^WebAssembly\.Memory\.prototype\.grow: 1 MiB asked for, 0\.\d+ MiB left of the Sandbox's 16 MiB$/,
  ],
  [
    'a module whose memory starts larger',
    `new WebAssembly.Module(${growing(0, 0x80, 4)});`,
    /^WebAssembly\.Module: a memory of 512 pages is more than the 256 the Sandbox may have$/,
  ],
  [
    'a module compiled in the background whose memory starts larger',
    `return WebAssembly.instantiate(${growing(0, 0x80, 4)});`,
    /^WebAssembly\.instantiate: a memory of 512 pages is more than the 256 the Sandbox may have$/,
  ],
  [
    'a module that defines a shared memory',
    `new WebAssembly.Module(${growing(3, 1, 2)});`,
    /^WebAssembly\.Module: a module cannot define a shared memory here; it can import one$/,
  ],
  [
    'compiled WebAssembly',
    `${LARGE_MODULES} const list = []; for (let i = 0; ; i++) list.push(module(i));`,
    /^WebAssembly\.Module: 1\.01 MiB asked for, 0\.\d+ MiB left of the Sandbox's 16 MiB$/,
  ],
  [
    'small modules, each of which costs V8 much',
    `const list = []; for (let i = 0; ; i++) list.push(new WebAssembly.Module(
       Uint8Array.of(0,97,115,109,1,0,0,0, 0,5,1, i & 127, (i >> 7) & 127, i >> 14, 65)));`,
    /^WebAssembly\.Module: 0\.01 MiB asked for, 0(\.\d+)? MiB left of the Sandbox's 16 MiB$/,
  ],
  [
    'a module that is small until it is compiled',
    `return WebAssembly.compile(${MANY_FUNCTIONS});`,
    /^WebAssembly\.compile: 3\d\.\d+ MiB asked for, 1\d\.\d+ MiB left of the Sandbox's 16 MiB$/,
  ],
  [
    'shared WebAssembly memories',
    'const list = []; for (;;) list.push(new WebAssembly.Memory({ initial: 16, maximum: 32, shared: true }));',
    /^WebAssembly\.Memory: 1 MiB asked for, 0\.\d+ MiB left of the Sandbox's 16 MiB$/,
  ],
  [
    'resizable ArrayBuffers',
    'const list = []; for (;;) list.push(new ArrayBuffer(1 << 20, { maxByteLength: 2 << 20 }));',
    /^ArrayBuffer: 1 MiB asked for, 0\.\d+ MiB left of the Sandbox's 16 MiB$/,
  ],
  [
    'ArrayBuffers that are resized',
    `const list = Array.from({ length: 8 }, () => new ArrayBuffer(0, { maxByteLength: 8 << 20 }));
     for (const buffer of list) buffer.resize(8 << 20);`,
    /^ArrayBuffer\.prototype\.resize: 8 MiB asked for, \d+\.\d+ MiB left of the Sandbox's 16 MiB$/,
  ],
  [
    'an ArrayBuffer that may grow beyond the account',
    'new ArrayBuffer(0, { maxByteLength: 2 ** 33 });',
    /^ArrayBuffer: a maxByteLength of 8192 MiB is more than the Sandbox's 16 MiB$/,
  ],
  [
    'ArrayBuffers by a constructor that is reached from an instance',
    `class Mine extends new Uint8Array(1).buffer.constructor {} new Mine(0, { maxByteLength: 2 ** 33 });`,
    /^ArrayBuffer: a maxByteLength of 8192 MiB is more than the Sandbox's 16 MiB$/,
  ],
  [
    'growable shared memory',
    `const { constructor } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
     const list = []; for (;;) list.push(new constructor(1 << 20, { maxByteLength: 2 << 20 }));`,
    /^SharedArrayBuffer: 1 MiB asked for, 0\.\d+ MiB left of the Sandbox's 16 MiB$/,
  ],
];
for (const [name, statement, message] of refusals) {
  test(`refuses what the account does not hold: ${name}`, () =>
    survives(bad(statement), { code: 'EUNCAUGHT', name: 'RangeError', message }, { sandbox: SANDBOX }));
}

const OVER_ACCOUNT = {
  code: 'EMEMORYLIMIT',
  name: 'MemoryLimitError',
  message: /^buffers and WebAssembly reached their limit of 16 MiB$/,
};

/** A module with a memory of its own, and a function `f` that grows it by 4 MiB. */
const GROWS_ONCE =
  'Uint8Array.of(0,97,115,109,1,0,0,0, 1,4,1,0x60,0,0, 3,2,1,0, 5,3,1,0,1, 7,5,1,1,102,0,0, ' +
  '10,10,1,8,0, 0x41,0xc0,0,0x40,0,0x1a,0x0b)';

test('ends a Slice whose WebAssembly code grows its memories', () =>
  ends(
    bad(`const module = new WebAssembly.Module(${GROWS_ONCE}); const list = [];
         for (;;) { const instance = new WebAssembly.Instance(module); instance.exports.f(); list.push(instance); }`),
    OVER_ACCOUNT,
    { sandbox: SANDBOX },
  ));

test('compiles the very bytes that it has looked at: a getter cannot slip a memory in', async () => {
  // Until V8 is about to read it, it is a custom section.
  const work = bad(`
    const bytes = Uint8Array.of(0,97,115,109,1,0,0,0, 1,6,1,0x60,1,127,1,127, 3,2,1,0, 0,6,1,1,1,0x80,0x80,4,
      7,5,1,1,103,0,0, 10,8,1,6,0,0x20,0,0x40,0,0x0b);
    let reads = 0;
    const get = (_, key) => { if (++reads === 2) bytes[20] = 5; return WebAssembly.Module.prototype; };
    const target = new Proxy(function () {}, { get });
    const make = () => Reflect.construct(WebAssembly.Module, [bytes], target);
    try { make(); } catch (error) { if (!(error instanceof WebAssembly.CompileError)) throw error; }
    const { g } = new WebAssembly.Instance(make()).exports;
    if (bytes[20] !== 5 || g(256) !== -1 || g(128) !== 1) throw new Error('it grows');`);
  const { values, failures } = await run(work, { sandbox: SANDBOX });
  assert.deepEqual([values, failures], [{ 1: 'ok', 2: 'bad', 3: 'ok', 4: 'ok' }, {}]);
});

test('ends a Slice whose instances have memory that nobody sees', () =>
  ends(
    bad(`const module = new WebAssembly.Module(${growing(0, 32)}); const list = [];
         for (;;) list.push(new WebAssembly.Instance(module));`),
    OVER_ACCOUNT,
    { sandbox: SANDBOX },
  ));

test('ends a Slice that asks for the buffers of small arrays when nothing is left: V8 would end the process', () =>
  ends(
    bad(`const small = Array.from({ length: 1000 }, () => new Uint8Array(64)); const list = [];
         for (let size = 1 << 23; size > 64; size >>= 1) try { list.push(new ArrayBuffer(size)); } catch {}
         for (const array of small) list.push(array.buffer);
         for (;;) list.push(new Uint8Array(64).buffer);`),
    OVER_ACCOUNT,
    { sandbox: SANDBOX },
  ));

test('counts no garbage', async () => {
  const work = bad(`
    ${LARGE_MODULES}
    for (let i = 0; i < 300; i++) {
      module(i);
      new WebAssembly.Memory({ initial: 64 });
      new ArrayBuffer(4 << 20, { maxByteLength: 8 << 20 });
    }`);
  const { values, failures } = await run(work, { sandbox: SANDBOX });
  assert.deepEqual([values, failures], [{ 1: 'ok', 2: 'bad', 3: 'ok', 4: 'ok' }, {}]);
});

test('counts once what WebAssembly code grows, however often', async () => {
  // V8 11.3 counts it twice, and forgets one of the two when the memory is freed.
  const work = bad(`
    const module = new WebAssembly.Module(${GROWS_ONCE});
    for (let i = 0; i < 100; i++) new WebAssembly.Instance(module).exports.f();`);
  const { values, failures } = await run(work, { sandbox: SANDBOX });
  assert.deepEqual([values, failures], [{ 1: 'ok', 2: 'bad', 3: 'ok', 4: 'ok' }, {}]);
});

const OVER_HEAP = {
  code: 'EMEMORYLIMIT',
  name: 'MemoryLimitError',
  message: /^the heap reached its limit of 64 MiB$/,
};

/** More than the heap's limit at once: V8 would abort the process if the limit were all there is. */
const heaps: readonly (readonly [name: string, statement: string])[] = [
  [
    'flattens strings of 256 MiB',
    `let s = 'x'.repeat(2 ** 28); for (const l = []; ; l.push(s)) { s = s.slice(1) + 'y'; s.charCodeAt(5); }`,
  ],
  ['fills an array of 256 MiB', 'new Array(2 ** 25).fill(1.5).map((x) => ({ x }));'],
  [
    'makes tables of WebAssembly',
    `const list = []; for (;;) list.push(new WebAssembly.Table({ initial: 1e6, element: 'anyfunc' }));`,
  ],
  [
    'keeps endless stacks',
    'Error.stackTraceLimit = Infinity; const list = []; const f = () => { list.push(new Error()); f(); }; f();',
  ],
  [
    'resolves promises without end',
    'return new Promise(() => { for (;;) Promise.resolve().then(() => {}); });',
  ],
];
for (const [name, statement] of heaps) {
  test(`ends a Slice that ${name}`, () =>
    ends(bad(statement), OVER_HEAP, { sandbox: { heapMiB: 64, bufferMiB: 64 } }));
}
