/** CPU time, results, timers, messages, depth, and code that does not stop by itself. Each in a process of its own. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bad, ends, run, survives } from './limit-cases.js';

test('ends a Slice that computes for longer than its CPU time', () =>
  ends(
    bad('for (;;);'),
    {
      code: 'ECPULIMIT',
      name: 'CpuLimitError',
      message: /^the Slice used more than 0\.2 s of CPU time$/,
    },
    { limits: { cpuTimeoutMs: 200 } },
  ));

test('counts the CPU time of all turns of a Slice', () =>
  ends(
    bad(`return (async () => {
      for (;;) {
        const end = Date.now() + 5;
        while (Date.now() < end);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();`),
    {
      code: 'ECPULIMIT',
      name: 'CpuLimitError',
      message: /^the Slice used more than 0\.2 s of CPU time$/,
    },
    { limits: { cpuTimeoutMs: 200 } },
  ));

test('counts no time in which a Slice waits', async () => {
  const work = bad(
    'return new Promise((resolve) => setTimeout(resolve, 500)).then(() => x); // nothing to compute\n',
  );
  const { values, failures } = await run(work, { limits: { cpuTimeoutMs: 200 } });
  assert.deepEqual([values, failures], [{ 1: 'ok', 2: 'bad', 3: 'ok', 4: 'ok' }, {}]);
});

/** Results of more than 1 MiB, the limit. */
const results: readonly (readonly [name: string, statement: string, path: string])[] = [
  ['a typed array', 'return { list: [new Uint8Array(2 ** 21)] };', 'value'],
  ['many typed arrays', 'return Array.from({ length: 300 }, () => new Uint8Array(8192));', 'value'],
  ['text that is too large in UTF-8 alone', `return { text: 'é'.repeat(600_000) };`, 'value.text'],
  ['a string', `return { text: 'x'.repeat(2 ** 28) };`, 'value.text'],
  ['many strings', `return Array.from({ length: 1000 }, (_, i) => String(i).repeat(5000));`, 'value[61]'],
  ['many small values', 'return Array.from({ length: 2e5 }, (_, i) => i + 0.5);', 'value'],
];
for (const [name, statement, path] of results) {
  test(`refuses a result that is too large: ${name}`, () =>
    survives(
      bad(statement),
      {
        code: 'ERESULTSIZE',
        name: 'OversizeError',
        message: new RegExp(
          `^${path.replace(/[[\].]/g, '\\$&').replace('61', '\\d+')}: encoded it is larger than the 1048576 bytes allowed$`,
        ),
      },
      { sandbox: { resultMiB: 1 } },
    ));
}

test('a result that there is no memory to encode is too large, and is told what it lacks', async () => {
  const work = bad(`return Array(40).fill('é'.repeat(1e6));`);
  const { failures } = await run(work, { sandbox: { resultMiB: 1024, bufferMiB: 64 } });
  const { code, message } = Object.values(failures)[0] as { code: string; message: string };
  assert.equal(code, 'ERESULTSIZE');
  assert.match(message, /there is not the memory to encode it, .* of its bufferMiB$/);
});

for (const call of ['setTimeout(() => {}, 1e6)', 'setInterval(() => {}, 1e6)', 'setImmediate(() => {})']) {
  test(`refuses endless timers: ${call}`, () =>
    survives(bad(`for (;;) ${call};`), {
      code: 'ETIMERLIMIT',
      name: 'RangeError',
      message: 'a Slice may have no more than 10000 timers pending at once',
    }));
}

test('lets a Slice catch that it has too many timers', async () => {
  const work = bad('try { for (;;) setTimeout(() => {}, 1e6); } catch {}');
  const { values, failures } = await run(work);
  assert.deepEqual([values, failures], [{ 1: 'ok', 2: 'bad', 3: 'ok', 4: 'ok' }, {}]);
});

const TOO_SLOW = {
  code: 'ESLICETOOSLOW',
  name: 'SliceTooSlowError',
  message: /^the Slice ran longer than 0\.3 s$/,
};
const endless: readonly (readonly [name: string, statement: string])[] = [
  ['matches a catastrophic regular expression', `/^(a+)+$/.test('a'.repeat(40) + 'b');`],
  [
    'loops in WebAssembly',
    `new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.of(0,97,115,109,1,0,0,0, 1,4,1,0x60,0,0, 3,2,1,0,
       7,5,1,1,102,0,0, 10,9,1,7,0,3,0x40,0x0c,0,0x0b,0x0b))).exports.f();`,
  ],
  ['loops in a comparator', `[...'abcdef'].sort(() => { for (;;); });`],
  ['loops in a getter of its result', 'return { get x() { for (;;); } };'],
  ['loops in a trap of its result', 'return new Proxy({}, { ownKeys() { for (;;); } });'],
  [
    'has promise jobs that make more of them',
    'return new Promise(() => { (function f() { Promise.resolve().then(f); })(); });',
  ],
  ['prints for ever', `for (;;) console.log('x');`],
  ['emits for ever', `for (;;) work.emit('x', new Uint8Array(1e6));`],
  ['reports progress for ever', 'for (;;) progress();'],
  // None of them long enough to count as a builtin that does not look up, on a busy machine.
  ['parses deep arrays for ever', `for (;;) try { JSON.parse('['.repeat(2e5) + '{'); } catch {}`],
];
for (const [name, statement] of endless) {
  test(`ends a Slice that ${name}`, () =>
    ends(bad(statement), TOO_SLOW, { limits: { sliceTimeoutMs: 300 }, sandbox: { heapMiB: 256 } }));
}

/** What V8 refuses itself, as an error that the Work Function can catch. */
const thrown: readonly (readonly [name: string, statement: string, error: string, message: RegExp])[] = [
  ['strings of 512 MiB', `'x'.repeat(2 ** 29);`, 'RangeError', /^Invalid string length$/],
  ['BigInts of 1 Gbit', '2n ** (2n ** 40n);', 'RangeError', /^Maximum BigInt size exceeded$/],
  ['arrays of 1e10 elements', 'Array.from({ length: 1e10 });', 'RangeError', /^Invalid array length$/],
  [
    'Atomics.wait',
    'Atomics.wait(new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer), 0, 0);',
    'TypeError',
    /^Atomics\.wait cannot be called in this context$/,
  ],
  [
    'functions of endless depth',
    `new Function('return ' + '('.repeat(1e6) + '1' + ')'.repeat(1e6))();`,
    'RangeError',
    /^Maximum call stack size exceeded$/,
  ],
  [
    'regular expressions of endless depth',
    `new RegExp('('.repeat(1e6) + ')'.repeat(1e6));`,
    'SyntaxError',
    /^Invalid regular expression: /,
  ],
];
for (const [name, statement, error, message] of thrown) {
  test(`leaves to V8 to refuse ${name}`, () =>
    survives(bad(statement), { code: 'EUNCAUGHT', name: error, message }));
}

const deep: readonly (readonly [name: string, statement: string])[] = [
  ['a result nested a million deep', 'let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return a;'],
  [
    'a result whose getters make ever more of it',
    'const make = () => ({ get x() { return make(); } }); return make();',
  ],
  [
    'a Proxy without end',
    `const handler = { get: (t, key) => key === 'then' ? undefined : new Proxy({}, handler), ownKeys: () => ['a'],
       getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) };
     return new Proxy({}, handler);`,
  ],
];
for (const [name, statement] of deep) {
  test(`refuses ${name}`, () =>
    survives(bad(statement), {
      code: 'ERESULT',
      name: 'EncodingError',
      message: /: the value is nested deeper than \d+ levels, which is the limit$/,
    }));
}
