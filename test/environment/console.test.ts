/** console, from the text of https://console.spec.whatwg.org/. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { format } from 'node:util';
import { valuesOf } from '../evaluator/support.js';
import { runAll } from '../evaluator/tested.js';
import { inSandbox } from './oracle.js';

/** What statements print: level and text. */
async function printed(t: TestContext, statements: string): Promise<string[]> {
  const seen = await runAll(t, `async () => { ${statements} }`, [0]);
  assert.equal(seen.failures.get(1), undefined);
  return seen.messages.map((m) => (m.type === 'console' ? `${m.level} ${m.message}` : ''));
}

test('methods log at the levels the standard groups them under', async (t) => {
  const lines = await printed(
    t,
    `console.log(1); console.debug(2); console.info(3); console.warn(4); console.error(5);
     console.dir(6); console.dirxml(7); console.count(8); console.assert(false, 9); console.time('t'); console.time('t');`,
  );
  assert.deepEqual(lines, [
    ...['log 1', 'debug 2', 'info 3', 'warn 4', 'error 5', 'log 6', 'log 7', 'info 8: 1'],
    ...['error Assertion failed 9', "warn Timer 't' already exists"],
  ]);
});

test('format specifiers', async (t) => {
  // Calls, and what the standard says they print.
  const cases: [string, string][] = [
    [`'plain'`, 'plain'],
    [`'100%', 'x'`, '100% x'],
    [`'%s'`, '%s'],
    [`'%s|%s|%s', 'a', 5, null`, 'a|5|null'],
    [`'%s', Symbol('s')`, 'Symbol(s)'],
    [`'%s', { toString: () => 'mine' }`, 'mine'],
    [`'%d %i', 42.9, '7 apples'`, '42 7'],
    [`'%d!', Symbol('s')`, 'NaN!'],
    [`'%d', 'no number'`, 'NaN'],
    [`'%s', undefined`, 'undefined'],
    [`'%i', 12345678901234567890n`, '12345678901234567000'],
    [`'%f', '1.5e3x'`, '1500'],
    [`'%f', Symbol('s')`, 'NaN'],
    [`'%cred%c', 'color: red', ''`, 'red'],
    [`'%o and %O', [1], { a: 1 }`, '[1] and { a: 1 }'],
    [`'%o', 'text'`, "'text'"],
    [`'50%% of %s', 'x'`, '50% of x'],
    [`'50%%'`, '50%%'],
    [`'%s', '%s', 'rest'`, '%s rest'],
    [`'%s left', 1, 2, { b: 'c' }`, "1 left 2 { b: 'c' }"],
    [`'%j', 1`, '%j 1'],
    [`5, '%s', 'x'`, '5 %s x'],
    [`undefined, null, true, -0, 5n, Symbol('y')`, 'undefined null true -0 5n Symbol(y)'],
    [`''`, ''],
  ];
  const lines = await printed(t, cases.map(([args]) => `console.log(${args});`).join('\n'));
  assert.deepEqual(
    lines,
    cases.map(([, text]) => `log ${text}`),
  );
});

test('values that Node formats by the standard, too, look the same', async (t) => {
  const calls = [
    `'%s %s', 'a', 5`,
    `'%i', '12px'`,
    `'%f', '2.50'`,
    `'%c%s', 'css', 'x'`,
    `'a', 'b', 3`,
    `[1, 'x']`,
  ];
  const lines = await printed(t, calls.map((args) => `console.log(${args});`).join(' '));
  const formatted = calls.map((args) =>
    (new Function('format', `return format(${args})`) as (f: typeof format) => string)(format),
  );
  assert.deepEqual(
    lines.slice(0, 5),
    formatted.slice(0, 5).map((text) => `log ${text}`),
  );
  assert.equal(lines[5], `log [1, 'x']`);
});

test('console.log() prints nothing', async (t) => {
  assert.deepEqual(await printed(t, `console.log(); console.error(); console.log('something');`), [
    'log something',
  ]);
});

test('values as data: nested, circular, large, without calling getters', async (t) => {
  const lines = await printed(
    t,
    `const circle = { name: 'c' }; circle.self = circle;
     console.log(circle);
     console.log({ get trap() { throw new Error('called'); }, f() {}, 'odd key': 1 });
     console.log(Object.defineProperty([1], 1, { get() { throw new Error('called'); } }));
     console.log(Object.fromEntries(Array.from({ length: 103 }, (_, i) => ['k' + i, i])));
     console.log(Array.from({ length: 103 }, (_, i) => i).length, Array(103).fill(7));
     console.log(new Map([['k', new Set([1])]]), new Float32Array([1.5, 2]), new ArrayBuffer(8), new Date(0), /x/g);
     console.log({ a: { b: { c: { d: { e: { f: 1 } } } } } });
     console.log(new Proxy({}, { getPrototypeOf() { throw new Error('trap'); } }));
     class Point { constructor() { this.x = 1; } }
     console.log(new Point(), Object.create(null), Promise.resolve(1));`,
  );
  assert.deepEqual(
    lines,
    [
      "log { name: 'c', self: [Circular] }",
      "log { trap: [Getter], f: [Function: f], 'odd key': 1 }",
      'log [1, [Getter]]',
      `log { ${Array.from({ length: 100 }, (_, i) => `k${i}: ${i}`).join(', ')}, … 3 more }`,
      `log 103 [${new Array(100).fill(7).join(', ')}, … 3 more]`,
      "log Map(1) { 'k' => Set(1) { 1 } } Float32Array(2) [1.5, 2] ArrayBuffer { byteLength: 8 } 1970-01-01T00:00:00.000Z /x/g",
      'log { a: { b: { c: { d: { e: [Object] } } } } }',
      'log [a value that cannot be shown]',
      'log Point { x: 1 } [Object: null prototype]{} Promise {}',
    ].map((line) => line.replace(' [Object: null prototype]{}', ' [Object: null prototype] {}')),
  );
});

test('objects of the web and boxed values show what they are, holes and other keys of arrays are told', async (t) => {
  const values: [string, string][] = [
    [`new URL('http://a/?x=1')`, `URL { href: 'http://a/?x=1' }`],
    [`new URLSearchParams('a=1&b')`, `URLSearchParams { 'a=1&b=' }`],
    [`new Blob(['xyz'], { type: 'text/plain' })`, `Blob { size: 3, type: 'text/plain' }`],
    [`AbortSignal.abort()`, 'AbortSignal { aborted: true }'],
    [`new AbortController()`, 'AbortController { signal: AbortSignal { aborted: false } }'],
    [
      `new CustomEvent('x', { detail: [1] })`,
      `CustomEvent { type: 'x', defaultPrevented: false, cancelable: false, timeStamp: N, detail: [1], isTrusted: [Getter] }`,
    ],
    [
      `performance.mark('m', { startTime: 5 })`,
      `PerformanceMark { name: 'm', entryType: 'mark', startTime: N, duration: N, detail: null }`,
    ],
    [
      `Object(5), Object('s'), Object(true), Object(2n), Object(Symbol('y'))`,
      "[Number: N] [String: 's'] [Boolean: true] [BigInt: 2n] [Symbol: Symbol(y)]",
    ],
    [`Object.create(Number.prototype), Object.create(URL.prototype)`, 'Number {} URL {}'],
    [`{ [Symbol('k')]: 1, a: 2 }`, '{ a: 2, [Symbol(k)]: 1 }'],
    [`[, 1, , , undefined]`, '[<1 empty item>, 1, <2 empty items>, undefined]'],
    [`Object.assign([1], { 'of': 2, [Symbol.iterator]: 3 })`, '[1, of: 2, [Symbol(Symbol.iterator)]: 3]'],
    [`Object.assign(function f() {}, { a: 1 })`, '[Function: f] { a: 1 }'],
    [`new Array(4e9)`, '[… 4000000000 more]'],
  ];
  const numbers = (text: string): string =>
    text.replace(/(?<=(startTime|timeStamp|duration|Number): )[\d.]+/g, 'N');
  const lines = await printed(
    t,
    `Object.defineProperty(URL.prototype, 'href', { get() { throw new Error('called'); } });
     URLSearchParams.prototype.toString = () => { throw new Error('called'); };
     ${values.map(([value]) => `console.log(${value});`).join('\n')}`,
  );
  assert.deepEqual(
    lines.map(numbers),
    values.map(([, text]) => `log ${text}`),
  );
});

test('what is wide and deep at once is cut, and does not take for ever', async (t) => {
  const [line] = await printed(
    t,
    `const wide = (depth) => Array.from({ length: 100 }, () => depth === 0 ? 'xxxxxxxxxx' : wide(depth - 1));
     console.log(wide(2));`,
  );
  assert.ok(line!.length < 200_000, `${line!.length} characters`);
  assert.match(line!, /… \d+ more/);
});

test('groups indent, line by line, until they end', async (t) => {
  const lines = await printed(
    t,
    `console.group('outer %s', 'x'); console.log('a\\nb'); console.groupCollapsed('inner'); console.warn('c');
     console.groupEnd(); console.log('d'); console.groupEnd(); console.groupEnd(); console.log('e');
     console.group(); console.log('f'); console.clear(); console.log('g');`,
  );
  assert.deepEqual(lines, [
    ...['log outer x', 'log   a\n  b', 'log   inner', 'warn     c', 'log   d', 'log e', 'log   f', 'log g'],
  ]);
});

test('count and countReset', async (t) => {
  const lines = await printed(
    t,
    `console.count(); console.count(); console.count('a'); console.count(undefined); console.countReset();
     console.count(); console.countReset('b'); console.count({ toString: () => 'a' });`,
  );
  assert.deepEqual(lines, [
    ...['info default: 1', 'info default: 2', 'info a: 1', 'info default: 3', 'info default: 1'],
    ...["warn Count for 'b' does not exist", 'info a: 2'],
  ]);
});

test('time, timeLog and timeEnd', async (t) => {
  const lines = await printed(
    t,
    `console.time(); await new Promise((resolve) => setTimeout(resolve, 12)); console.timeLog('default', 'so far', { a: 1 });
     console.timeEnd(); console.timeEnd(); console.timeLog('x');`,
  );
  const [, ms] = /^log default: (\d+(?:\.\d+)?) ms so far \{ a: 1 \}$/.exec(lines[0]!) ?? [];
  assert.ok(Number(ms) >= 11 && Number(ms) < 500, lines[0]);
  assert.match(lines[1]!, /^info default: \d+(\.\d+)? ms$/);
  assert.deepEqual(lines.slice(2), ["warn Timer 'default' does not exist", "warn Timer 'x' does not exist"]);
});

test('assert', async (t) => {
  const lines = await printed(
    t,
    `console.assert(true, 'no'); console.assert(); console.assert(0, 'is %s', 'zero'); console.assert(null, { a: 1 });`,
  );
  assert.deepEqual(lines, [
    ...['error Assertion failed', 'error Assertion failed: is zero', 'error Assertion failed { a: 1 }'],
  ]);
});

test('table', async (t) => {
  const lines = await printed(
    t,
    `console.table([{ a: 1, b: 'x' }, { a: 2, c: true }]);
     console.table([{ a: 1, b: 2 }], ['b']);
     console.table(['p', 'q']);
     console.table(new Map([['k', { v: 1 }]]));
     console.table(5);`,
  );
  assert.deepEqual(lines, [
    `log
┌─────────┬───┬─────┬──────┐
│ (index) │ a │ b   │ c    │
├─────────┼───┼─────┼──────┤
│ 0       │ 1 │ 'x' │      │
│ 1       │ 2 │     │ true │
└─────────┴───┴─────┴──────┘`.replace('log\n', 'log '),
    `log
┌─────────┬───┐
│ (index) │ b │
├─────────┼───┤
│ 0       │ 2 │
└─────────┴───┘`.replace('log\n', 'log '),
    `log
┌─────────┬────────┐
│ (index) │ Values │
├─────────┼────────┤
│ 0       │ 'p'    │
│ 1       │ 'q'    │
└─────────┴────────┘`.replace('log\n', 'log '),
    `log
┌─────────┬───┐
│ (index) │ v │
├─────────┼───┤
│ 'k'     │ 1 │
└─────────┴───┘`.replace('log\n', 'log '),
    'log 5',
  ]);
});

test('a table of many rows looks at no more of them than it shows', async (t) => {
  const lines = await printed(
    t,
    `const looked = new Set();
     const key = () => {
       const proxy = new Proxy({}, { ownKeys() { looked.add(proxy); return []; } });
       return proxy;
     };
     console.table(Array.from({ length: 5000 }, () => 1));
     console.table(new Map(Array.from({ length: 1500 }, () => [key(), 1])));
     console.table(new Set(Array.from({ length: 1000 }, (_, i) => i)));
     console.log(looked.size);`,
  );
  assert.deepEqual(
    lines.map((line) => [line.split('\n').length, line.split('\n').at(-1)!.slice(0, 12)]),
    [
      [1005, '… 4000 more'],
      [1005, '… 500 more'],
      [1004, '└─────────┴─'],
      [1, 'log 1000'],
    ],
  );
});

test('trace shows where it was called', async (t) => {
  const [line] = await printed(t, `function here() { console.trace('why %s', 'not'); }\nhere();`);
  assert.match(
    line!,
    /^log Trace: why not\n {4}at here \(work-function\.js:1:\d+\)\n {4}at work-function\.js:2:1/,
  );
  assert.ok(!line!.includes('dcp:'), line);
});

test('counts, timers and groups go with their Slice', async (t) => {
  const work = `() => { console.count('c'); console.time('t'); console.group('g'); }`;
  const seen = await runAll(t, work, [0, 0]);
  assert.deepEqual(
    seen.messages.map((m) => (m.type === 'console' ? [m.slice, m.message] : [])),
    [
      [1, 'c: 1'],
      [1, 'g'],
      [2, 'c: 1'],
      [2, 'g'],
    ],
  );
});

test('a group that begins and ends again and again leaves nothing in memory', async (t) => {
  const work = `() => { for (let i = 0; i < 300_000; i++) { console.group(); console.groupEnd(); } return 'done'; }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0], { sandbox: { heapMiB: 16 } })), ['done']);
});

test('it is a namespace object', async (t) => {
  const seen = await inSandbox(
    t,
    `() => [
      Object.prototype.toString.call(console), Object.getPrototypeOf(Object.getPrototypeOf(console)) === Object.prototype,
      Object.keys(Object.getPrototypeOf(console)), Object.keys(console).sort(),
      Object.keys(console).every((name) => console[name].length === 0 && console[name].name === name),
      (({ log }) => { log('free'); return true; })(console), 'prototype' in console.log,
    ]`,
  );
  assert.deepEqual(seen, [
    '[object console]',
    true,
    [],
    [
      ...[
        'assert',
        'clear',
        'count',
        'countReset',
        'debug',
        'dir',
        'dirxml',
        'error',
        'group',
        'groupCollapsed',
      ],
      ...['groupEnd', 'info', 'log', 'table', 'time', 'timeEnd', 'timeLog', 'trace', 'warn'],
    ],
    true,
    true,
    false,
  ]);
});

test('a flood is not formatted: what will be dropped costs nothing', async (t) => {
  const work = `() => {
    let shown = 0;
    const value = { toString() { shown++; return 'x' + shown; } };
    for (let i = 0; i < 5000; i++) console.log('%s', value);
    return shown;
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [1000]);
});

test('what a toString throws comes to the caller', async (t) => {
  const [line] = await printed(
    t,
    `try { console.log('%s', { toString() { throw new Error('mine'); } }); } catch (error) { console.log(error.message); }`,
  );
  assert.equal(line, 'log mine');
});
