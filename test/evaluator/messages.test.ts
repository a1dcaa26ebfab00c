/** What a Slice says besides its result. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { decode } from '#src/codec/index.js';
import { valuesOf, type Recorder } from './support.js';
import { runAll } from './tested.js';

const printed = (seen: Recorder): string[] =>
  seen.messages.map((message) => (message.type === 'console' ? `${message.level} ${message.message}` : ''));

test('console messages come with level and Slice, before the result', async (t) => {
  const seen = await runAll(
    t,
    `(x) => { console.log('x is %d', x, { a: [1, 'b'] }); console.warn(new Map([[1, x]])); console.error(''); return x; }`,
    [5, 6],
  );
  assert.deepEqual(printed(seen), [
    "log x is 5 { a: [1, 'b'] }",
    'warn Map(1) { 1 => 5 }',
    'error ',
    "log x is 6 { a: [1, 'b'] }",
    'warn Map(1) { 1 => 6 }',
    'error ',
  ]);
  assert.deepEqual(
    seen.messages.map(({ slice }) => slice),
    [1, 1, 1, 2, 2, 2],
  );
});

test('work.emit carries values, with their bytes', async (t) => {
  const work = `(x) => { work.emit('found', { x, big: new Float64Array(10000).fill(x) }); work.emit('nothing'); return 0; }`;
  const seen = await runAll(t, work, [3]);
  const [found, nothing] = seen.messages;
  assert.ok(found?.type === 'custom' && nothing?.type === 'custom');
  assert.equal(found.name, 'found');
  const value = decode(found.value) as { x: number; big: Float64Array };
  assert.equal(value.x, 3);
  assert.deepEqual(value.big, new Float64Array(10000).fill(3));
  assert.equal(nothing.name, 'nothing');
  assert.equal(decode(nothing.value), undefined);
});

test('a byte order mark in front of a text stays there', async (t) => {
  const work = `() => { console.log('\\ufeffhi'); work.emit('\\ufeffname', 1); work.reject('\\ufeffwhy'); }`;
  const seen = await runAll(t, work, [1]);
  const texts = seen.messages.map((message) => (message.type === 'console' ? message.message : message.name));
  assert.deepEqual(texts, ['\ufeffhi', '\ufeffname']);
  assert.equal(seen.rejections[0]!.reason, '\ufeffwhy');
});

test('work.emit refuses what cannot be carried, and bad names', async (t) => {
  const work = `(x) => { work.emit(x === 1 ? 'f' : 7, { f() {} }); }`;
  const seen = await runAll(t, work, [1, 2]);
  assert.equal(seen.failures.get(1)?.code, 'EUNCAUGHT');
  assert.match(seen.failures.get(1)!.message, /^value\.f: /);
  assert.match(seen.failures.get(2)!.message, /^work\.emit: name must be a non-empty string, got number$/);
});

test('progress is throttled, and reads fractions and percentages', async (t) => {
  const work = `async (x) => {
    for (let i = 0; i < 1000; i++) progress(x);
    await new Promise((resolve) => setTimeout(resolve, 120));
    return true;
  }`;
  const seen = await runAll(t, work, [0.25, '50%', undefined, 2]);
  assert.deepEqual(seen.progress, [
    { slice: 1, fraction: 0.25 },
    { slice: 2, fraction: 0.5 },
    { slice: 3, fraction: null },
  ]);
  assert.deepEqual(valuesOf(seen).slice(0, 3), [true, true, true]);
  assert.match(seen.failures.get(4)!.message, /^progress: expected 0 to 1, .*; got 2$/);
});

test('a flood of messages is capped and summed up, Slice by Slice', async (t) => {
  const work = `(n) => { for (let i = 0; i < n; i++) console.log(i); return n; }`;
  const seen = await runAll(t, work, [50_000, 3]);
  assert.deepEqual(valuesOf(seen), [50_000, 3]);
  const lines = printed(seen);
  assert.equal(lines.length, 1000 + 1 + 3);
  assert.equal(lines[999], 'log 999');
  assert.equal(lines[1000], 'warn 49000 more messages of this Slice were dropped');
  assert.equal(seen.messages[1000]!.slice, 1);
  assert.equal(lines[1001], 'log 0');
});

test('a few huge messages are a flood, too', async (t) => {
  const work = `() => { const text = 'x'.repeat((1 << 19) - 2); for (let i = 10; i < 110; i++) console.log(i + text); return 1; }`;
  const lines = printed(await runAll(t, work, [0]));
  assert.deepEqual(
    lines.map((line) => line.length),
    [524292, 524292, lines.at(-1)!.length],
  );
  assert.equal(lines.at(-1), 'warn 98 more messages of this Slice were dropped');
});

test('equal messages in a row are told once, with how often they came again', async (t) => {
  const work = `(x) => {
    for (let i = 0; i < 5000; i++) console.log('same');
    console.warn('same');
    console.warn('same');
    work.emit('between');
    console.warn('same');
    if (x === 2) console.warn('same');
  }`;
  const seen = await runAll(t, work, [1, 2]);
  const of = (slice: number): string[] =>
    seen.messages
      .filter((message) => message.slice === slice)
      .map((message) => (message.type === 'console' ? `${message.level} ${message.message}` : message.name));
  const first = [
    'log same',
    'log (the last message was repeated 4999 times)',
    'warn same',
    'warn (the last message was repeated once)',
    'between',
    'warn same',
  ];
  assert.deepEqual(of(1), first);
  assert.deepEqual(of(2), [...first, 'warn (the last message was repeated once)']);
});

test('many Slices that say little are a flood together; all of it is counted', async (t) => {
  const work = `(x) => { console.log('Slice ' + x); return x; }`;
  const count = 40_000;
  const seen = await runAll(
    t,
    work,
    Array.from({ length: count }, (_, i) => i),
  );
  let told = 0;
  let dropped = 0;
  for (const line of printed(seen)) {
    if (line.startsWith('log ')) told++;
    else
      dropped += Number(/^warn (\d+) more messages of (this Slice|\d+ Slices) were dropped$/.exec(line)?.[1]);
  }
  assert.equal(told + dropped, count);
  assert.ok(told >= 10_000, `${told} came through`);
});
