/**
 * A Work Function that breaks a rule: each ends in a documented code, with message and stack, on that Slice; the other Slices are delivered
 * or named as unfinished; other Sandboxes go on. Each in a process of its own.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bad, ends, run, survives } from './limit-cases.js';
import { underAsan } from './support.js';

test('throws an Error', () =>
  survives(bad(`throw new TypeError('no good')`), {
    code: 'EUNCAUGHT',
    name: 'TypeError',
    message: 'no good',
    frames: /^TypeError: no good\n {4}at work-function\.js:2:28$/,
  }));

test('throws in a named function, asynchronously', () =>
  survives(
    `async function work(x) {\n  await null;\n  if (x === 'bad') check(x);\n  return x;\n  function check() { throw new RangeError('too much'); }\n}`,
    {
      code: 'EUNCAUGHT',
      name: 'RangeError',
      message: 'too much',
      frames:
        /^RangeError: too much\n {4}at check \(work-function\.js:5:28\)\n {4}at work \(work-function\.js:3:20\)$/,
    },
  ));

test('throws on its first line', () =>
  survives(`(x) => { if (x === 'bad') nothing(); return x; }`, {
    code: 'EUNCAUGHT',
    name: 'ReferenceError',
    message: 'nothing is not defined',
    frames: /^ReferenceError: nothing is not defined\n {4}at work-function\.js:1:27$/,
  }));

test('throws no Error', () =>
  survives(bad(`throw 'a string'`), {
    code: 'EUNCAUGHT',
    name: 'Error',
    message: 'not an Error but: a string',
  }));

test('rejects with no Error', () =>
  survives(bad('return Promise.reject({ a: 1 })'), {
    code: 'EUNCAUGHT',
    name: 'Error',
    message: 'not an Error but: { a: 1 }',
  }));

test('throws an array of what has no text', () =>
  survives(bad(`throw [{ a: 'b' }, 1]`), {
    code: 'EUNCAUGHT',
    name: 'Error',
    message: "not an Error but: [{ a: 'b' }, 1]",
  }));

test('throws an Error with a cause and more', () =>
  survives(
    bad(
      `const fails = (why) => Object.assign(new TypeError('too much', { cause: why }), { code: 'EMUCH' });
      throw fails(new RangeError('of 7'));`,
    ),
    {
      code: 'EUNCAUGHT',
      name: 'TypeError',
      message: 'too much',
      frames:
        /^TypeError: too much\n {4}at fails [^]* \{\n {2}\[cause\]: RangeError: of 7\n {6}at work-function[^]*,\n {2}code: 'EMUCH'[^]*\n\}$/,
    },
  ));

test('rejects because all did', () =>
  survives(bad(`return Promise.any([Promise.reject(new Error('one')), Promise.reject({ two: 2 })])`), {
    code: 'EUNCAUGHT',
    name: 'AggregateError',
    message: 'All promises were rejected',
    frames:
      /^AggregateError: All promises were rejected \{\n {2}\[errors\]: \[\n {4}Error: one\n {8}at [^]*,\n {4}\{ two: 2 \}\n {2}\]\n\}$/,
  }));

test('throws an Error that is its own cause, and one whose properties cannot be read', async () => {
  await survives(bad(`const error = new Error('round'); error.cause = error; throw error;`), {
    code: 'EUNCAUGHT',
    name: 'Error',
    message: 'round',
    frames: / \{\n {2}cause: \[Circular\]\n\}$/,
  });
  await survives(
    bad(`throw Object.defineProperty(new Error('own'), 'more', { enumerable: true, get() { throw 2; } })`),
    {
      code: 'EUNCAUGHT',
      name: 'Error',
      message: 'own',
      frames: / \{\n {2}more: \[Getter\]\n\}$/,
    },
  );
});

test('throws what cannot be shown', () =>
  survives(bad(`throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } })`), {
    code: 'EUNCAUGHT',
    name: 'Error',
    message: /an error that cannot be shown/,
  }));

test('loops for ever', () =>
  ends(
    bad('for (;;);'),
    { code: 'ESLICETOOSLOW', name: 'SliceTooSlowError', message: /^the Slice ran longer than 0\.2 s$/ },
    { limits: { sliceTimeoutMs: 200 } },
  ));

test('loops for ever in promise jobs', () =>
  ends(
    bad('return (async () => { for (;;) await null; })();'),
    { code: 'ESLICETOOSLOW', name: 'SliceTooSlowError', message: /^the Slice ran longer than 0\.2 s$/ },
    { limits: { sliceTimeoutMs: 200 } },
  ));

test('loops for ever in a timer', () =>
  ends(
    bad('return new Promise(() => { setTimeout(() => { for (;;); }, 1); });'),
    { code: 'ESLICETOOSLOW', name: 'SliceTooSlowError', message: /^the Slice ran longer than 0\.2 s$/ },
    { limits: { sliceTimeoutMs: 200 } },
  ));

test('catches all, for ever', () =>
  ends(
    bad('for (;;) try { for (;;); } catch {} finally { continue; }'),
    { code: 'ESLICETOOSLOW', name: 'SliceTooSlowError', message: /^the Slice ran longer than 0\.2 s$/ },
    { limits: { sliceTimeoutMs: 200 } },
  ));

test('waits for a timer for longer than it may be silent', () =>
  ends(
    bad('return new Promise((resolve) => { setTimeout(resolve, 60000); });'),
    { code: 'ENOPROGRESS', name: 'NoProgressError', message: /^no progress\(\) for 0\.2 s$/ },
    { limits: { progressTimeoutMs: 200 } },
  ));

test('computes for longer than it may be silent', () =>
  ends(
    bad('for (;;);'),
    { code: 'ENOPROGRESS', name: 'NoProgressError', message: /^no progress\(\) for 0\.2 s$/ },
    { limits: { progressTimeoutMs: 200 } },
  ));

test('calls progress() again and again', async () => {
  const work = bad(
    'const end = Date.now() + 600; let next = 0; while (Date.now() < end) if (Date.now() > next) { progress(); next = Date.now() + 20; }',
  );
  const { values, failures, end } = await run(work, { limits: { progressTimeoutMs: 300 } });
  assert.deepEqual([values, failures, end], [{ 1: 'ok', 2: 'bad', 3: 'ok', 4: 'ok' }, {}, null]);
});

test('returns a promise that cannot settle any more', () =>
  survives(bad('return new Promise(() => {});'), {
    code: 'ENOPROGRESS',
    name: 'Error',
    message:
      'the promise of the Work Function cannot settle any more: no timer is set and nothing else is pending',
  }));

test('allocates up to the heap limit', () =>
  ends(
    bad('const list = []; for (;;) list.push({ a: list.length, b: [1.5] });'),
    { code: 'EMEMORYLIMIT', name: 'MemoryLimitError', message: /^the heap reached its limit of 32 MiB$/ },
    { sandbox: { heapMiB: 32 } },
  ));

test('builds strings up to the heap limit', () =>
  ends(
    bad(`const list = []; for (let i = 0; ; i++) list.push(String(i).padStart(100000, 'x').split(''));`),
    { code: 'EMEMORYLIMIT', name: 'MemoryLimitError', message: /^the heap reached its limit of 32 MiB$/ },
    { sandbox: { heapMiB: 32 } },
  ));

test('allocates buffers up to their limit', () =>
  survives(
    bad('const list = []; for (;;) list.push(new Uint8Array(1 << 20));'),
    { code: 'EUNCAUGHT', name: 'RangeError', message: 'Array buffer allocation failed' },
    { sandbox: { bufferMiB: 16 } },
  ));

test('returns what cannot be encoded', () =>
  survives(bad('return { list: [1, { f: () => 1 }] };'), {
    code: 'ERESULT',
    name: 'EncodingError',
    message: /^value\.list\[1\]\.f: /,
  }));

test('recurses without end', { skip: underAsan && 'frames are larger under AddressSanitizer' }, () =>
  survives(`function work(x) {\n  if (x === 'bad') return work(x) + 1;\n  return x;\n}`, {
    code: 'EUNCAUGHT',
    name: 'RangeError',
    message: 'Maximum call stack size exceeded',
    frames:
      /^RangeError: Maximum call stack size exceeded(\n {4}at work \(work-function\.js:\d+:\d+\)){9,10}$/,
  }),
);

test('breaks the intrinsics', async () => {
  const work = bad(`
    Array.prototype.push = Array.prototype.slice = () => { throw new Error('mine'); };
    Promise.prototype.then = null; Object.defineProperty = null; Map.prototype.set = null; JSON.parse = null;
    Uint8Array.prototype.set = Uint8Array.prototype.subarray = null; delete globalThis.Error; Date.now = null;`);
  const { values, failures, end } = await run(work);
  const named = [...Object.keys(values), ...Object.keys(failures), ...(end?.unfinished ?? [])].map(Number);
  assert.deepEqual(named.sort(), [1, 2, 3, 4], 'it may spoil its own results, but none goes missing');
});

test('is no JavaScript', async () => {
  const { refused } = await run('(x) => {\n  return x +* 2;\n}');
  assert.equal(refused?.name, 'WorkFunctionError');
  assert.equal(refused.code, 'EWORKFUNCTION');
  assert.equal(refused.message, "work-function.js:2:13: SyntaxError: Unexpected token '*'");
});

test('is no function', async () => {
  const { refused } = await run('41 + 1');
  assert.equal(refused?.code, 'EWORKFUNCTION');
  assert.equal(refused.message, "the Work Function's source is not a function but number");
});

test('throws while it is compiled', async () => {
  const { refused } = await run(`(() => { throw new TypeError('early'); })()`);
  assert.equal(refused?.code, 'EWORKFUNCTION');
  assert.match(
    refused.message,
    /^TypeError: early\n {4}at work-function\.js:1:16\n {4}at work-function\.js:1:42$/,
  );
});
