/** What the Jobs of the soak do: honest work, and each way into each limit of docs/LIMITS.md. */
import type { JobLimits, JobRequirements } from '#src/model/index.js';

export interface Kind {
  /** Source text of the Work Function; its datum is the Slice's number. */
  readonly work: string;
  readonly slices: number;
  /** The result of a Slice; undefined: it must fail. */
  readonly expect: (n: number) => unknown;
  /** What a Slice that must fail fails with. */
  readonly code: string | null;
  readonly limits?: Partial<JobLimits>;
  readonly requirements?: JobRequirements;
  /** Each bad Slice ends its process: nobody is to wonder at that. */
  readonly crashes?: true;
}

/** Small, so that they are reached soon. */
export const SANDBOX_LIMITS = Object.freeze({ heapMiB: 64, bufferMiB: 64, resultMiB: 1 });

type More = Pick<Kind, 'limits' | 'requirements' | 'crashes'> & { readonly slices?: number };

const honest = (work: string, slices: number, expect: (n: number) => unknown, more: More = {}): Kind => ({
  work,
  slices,
  expect,
  code: null,
  ...more,
});

/** One bad Slice in seven, among good ones. */
const bad = (what: string, code: string, more: More = {}): Kind => ({
  work: `(n) => { if (n % 7 === 0) { ${what} } return n * 3; }`,
  slices: 21,
  expect: (n) => (n % 7 === 0 ? undefined : n * 3),
  code,
  ...more,
});

/** Long enough for a good Slice on a busy machine. */
const SILENT: More = { slices: 14, limits: { progressTimeoutMs: 1500 } };
const SHARED: More = { requirements: { environment: { sharedArrayBuffer: true } } };

const HEADER = '0,97,115,109,1,0,0,0';
/** `f(n)`: 1 + 2 + … + n. */
const SUM = `Uint8Array.of(${HEADER}, 1,6,1,0x60,1,0x7f,1,0x7f, 3,2,1,0, 7,5,1,1,102,0,0, 10,27,1,25, 1,1,0x7f, 3,0x40,
  0x20,1,0x20,0,0x6a,0x21,1, 0x20,0,0x41,1,0x6b,0x22,0,0x0d,0, 0x0b, 0x20,1,0x0b)`;
/** `f()` loops for ever. */
const LOOP = `Uint8Array.of(${HEADER}, 1,4,1,0x60,0,0, 3,2,1,0, 7,5,1,1,102,0,0, 10,9,1,7,0,3,0x40,0x0c,0,0x0b,0x0b)`;
/** `f()` grows a memory that only the module knows by 4 MiB. */
const GROW = `Uint8Array.of(${HEADER}, 1,4,1,0x60,0,0, 3,2,1,0, 5,3,1,0,1, 7,5,1,1,102,0,0,
  10,10,1,8,0, 0x41,0xc0,0,0x40,0,0x1a,0x0b)`;
/** Its memory begins with 512 MiB. */
const LARGE = `Uint8Array.of(${HEADER}, 5,4,1,0,0x80,0x40)`;
const instance = (bytes: string): string =>
  `new WebAssembly.Instance(new WebAssembly.Module(${bytes})).exports`;

/** For Sandboxes of `SANDBOX_LIMITS`. */
export const KINDS: Readonly<Record<string, Kind>> = {
  small: honest('(n) => n * 3', 2000, (n) => n * 3),
  async: honest('async (n) => { await null; return n * 3; }', 500, (n) => n * 3),
  timers: honest('(n) => new Promise((r) => setTimeout(r, n % 5, n * 3))', 100, (n) => n * 3),
  arrays: honest('(n) => new Float64Array(1e5).fill(n).reduce((a, b) => a + b, 0)', 40, (n) => n * 1e5),
  computesInWasm: honest(`(n) => ${instance(SUM)}.f(n * 100)`, 200, (n) => 50 * n * (100 * n + 1)),
  compilesWasmAside: honest(
    `async (n) => (await WebAssembly.instantiate(${SUM})).instance.exports.f(n * 100)`,
    100,
    (n) => 50 * n * (100 * n + 1),
  ),
  sharesMemory: honest(
    `(n) => { const all = new Int32Array(new SharedArrayBuffer(4096));
       for (let i = 0; i < 1000; i++) Atomics.add(all, i % 8, n); return all.reduce((a, b) => a + b, 0); }`,
    200,
    (n) => n * 1000,
    SHARED,
  ),

  throws: bad('throw new Error("by intent")', 'EUNCAUGHT', { slices: 300 }),
  throwsMuch: bad('throw new Error("x".repeat(1e6))', 'EUNCAUGHT', { slices: 70 }),
  prints: bad('for (let i = 0; i < 5000; i++) console.log(i); throw 1', 'EUNCAUGHT'),
  emits: bad('for (let i = 0; i < 5000; i++) work.emit("x", i); throw 1', 'EUNCAUGHT'),
  recurses: bad('const f = () => f() + 1; f();', 'EUNCAUGHT', { slices: 70 }),
  repeatsText: bad('"x".repeat(2 ** 29);', 'EUNCAUGHT'),
  rejects: bad('work.reject("by intent");', 'EWORKREJECT', { slices: 70 }),
  waits: bad('return new Promise(() => {});', 'ENOPROGRESS'),
  returnsDepth: bad('let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a;', 'ERESULT'),
  returnsMuch: bad('return new Uint8Array(2 ** 21);', 'ERESULTSIZE'),
  setsTimers: bad('for (;;) setTimeout(() => {}, 1e6);', 'ETIMERLIMIT'),

  loops: bad('for (;;);', 'ENOPROGRESS', SILENT),
  matches: bad('/^(a+)+$/.test("a".repeat(40) + "b");', 'ENOPROGRESS', SILENT),
  starves: bad(
    '(function f() { Promise.resolve().then(f); })(); return new Promise(() => {});',
    'ENOPROGRESS',
    SILENT,
  ),
  loopsInWasm: bad(`${instance(LOOP)}.f();`, 'ENOPROGRESS', SILENT),
  isStuck: bad('Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1);', 'ENOPROGRESS', {
    ...SILENT,
    slices: 7,
  }),
  reports: bad('for (;;) progress();', 'ESLICETOOSLOW', { slices: 14, limits: { sliceTimeoutMs: 1500 } }),
  computes: bad('for (;;) progress();', 'ECPULIMIT', { slices: 14, limits: { cpuTimeoutMs: 500 } }),

  hoards: bad('const all = []; for (;;) all.push(new Array(1000).fill(n));', 'EMEMORYLIMIT', { slices: 14 }),
  hoardsBuffers: bad('const all = []; for (;;) all.push(new ArrayBuffer(1 << 20));', 'EUNCAUGHT'),
  hoardsShared: bad(
    'const all = []; for (;;) all.push(new SharedArrayBuffer(1 << 20));',
    'EUNCAUGHT',
    SHARED,
  ),
  growsWasm: bad('const m = new WebAssembly.Memory({ initial: 1 }); for (;;) m.grow(16);', 'EUNCAUGHT'),
  growsWithinWasm: bad(
    `const module = new WebAssembly.Module(${GROW}), all = [];
     for (;;) { const made = new WebAssembly.Instance(module); made.exports.f(); all.push(made); }`,
    'EMEMORYLIMIT',
    { slices: 14 },
  ),
  startsLarge: bad(`new WebAssembly.Module(${LARGE});`, 'EUNCAUGHT'),
  waitsInAtomics: bad('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);', 'EUNCAUGHT', SHARED),

  isNoFunction: {
    work: '(() => { throw new Error("early"); })()',
    slices: 20,
    expect: () => undefined,
    code: 'EWORKFUNCTION',
  },
  aborts: bad('"x".repeat(2 ** 29 - 24).split("");', 'EEVALUATORCRASH', { slices: 7, crashes: true }),
};
