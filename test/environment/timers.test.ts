/** Timers and microtasks, from the text of HTML: https://html.spec.whatwg.org/#timers and "microtask queuing". */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Control, type Host } from '#src/sandbox/host.js';
import { Timers } from '#src/sandbox/timers.js';
import { slices, start, valuesOf } from '../evaluator/support.js';
import { openEvaluator, runAll } from '../evaluator/tested.js';

test('promise jobs run between two timers that are due together', async (t) => {
  const work = `() => new Promise((resolve) => {
    const log = [];
    for (const name of ['a', 'b', 'c']) setTimeout(() => {
      log.push(name);
      queueMicrotask(() => { log.push(name + ' microtask'); Promise.resolve().then(() => log.push(name + ' then')); });
      (async () => { await null; log.push(name + ' await'); })();
    }, 1);
    const end = Date.now() + 5;
    while (Date.now() < end);
    setTimeout(() => resolve(log), 1);
  })`;
  const expected = ['a', 'b', 'c'].flatMap((name) => [
    name,
    `${name} microtask`,
    `${name} await`,
    `${name} then`,
  ]);
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [expected]);
});

test('a timer that a promise job clears between two due timers does not fire', async (t) => {
  const work = `() => new Promise((resolve) => {
    const log = [];
    let second;
    setTimeout(() => { log.push('first'); Promise.resolve().then(() => clearTimeout(second)); }, 1);
    second = setTimeout(() => log.push('second'), 1);
    setTimeout(() => resolve(log), 2);
    const end = Date.now() + 5;
    while (Date.now() < end);
  })`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [['first']]);
});

test('arguments are passed on, `this` is the global object, and ids are numbers above 0', async (t) => {
  const work = `() => new Promise((resolve) => {
    const id = setTimeout(function () {
      'use strict';
      resolve([[...arguments], this === globalThis, Number.isInteger(id) && id > 0]);
    }, 0, 'a', undefined, 3);
  })`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [[['a', undefined, 3], true, true]]);
});

test('delays are converted to a long: no delay, fractions, text, objects, overflow', async (t) => {
  const work = `() => new Promise((resolve) => {
    const log = [];
    const at = (name, ...delay) => setTimeout(() => log.push(name), ...delay);
    // So far apart that a machine that is busy meanwhile does not change their order.
    at('90', 90);
    at('text 30', '30');
    at('object 5', { valueOf: () => 5.9 });
    at('none'); at('NaN', NaN); at('negative', -7); at('overflow', 2 ** 31); at('wraps to 60', 2 ** 32 + 60);
    setTimeout(() => resolve(log), 150);
  })`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [
    ['none', 'NaN', 'negative', 'overflow', 'object 5', 'text 30', 'wraps to 60', '90'],
  ]);
});

test('names and lengths are those of the web', async (t) => {
  const work = `() => [setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask, reportError]
    .map((f) => [f.name, f.length])`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [
    [
      ['setTimeout', 1],
      ['setInterval', 1],
      ['clearTimeout', 0],
      ['clearInterval', 0],
      ['queueMicrotask', 1],
      ['reportError', 1],
    ],
  ]);
});

test('source text and what else is no function is refused', async (t) => {
  const work = `(name) => {
    const messages = [];
    for (const bad of ['globalThis.ran = true', undefined, null, {}]) {
      try { globalThis[name](bad, 0); } catch (error) { messages.push(error.name + ': ' + error.message); }
    }
    return messages;
  }`;
  const expected = (name: string): string[] => [
    `TypeError: ${name}: source text is not taken, pass a function`,
    `TypeError: ${name}: undefined is not a function`,
    `TypeError: ${name}: null is not a function`,
    `TypeError: ${name}: object is not a function`,
  ];
  const names = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];
  assert.deepEqual(valuesOf(await runAll(t, work, names)), names.map(expected));
});

test('clearTimeout and clearInterval end either kind, take ids as numbers or text, and ignore the rest', async (t) => {
  const work = `() => new Promise((resolve) => {
    const log = [];
    clearInterval(setTimeout(() => log.push('timeout'), 1));
    clearTimeout(setInterval(() => log.push('interval'), 1));
    clearTimeout(String(setTimeout(() => log.push('text'), 1)));
    for (const id of [undefined, null, NaN, -1, 0, 1e9, {}, 'x']) clearTimeout(id);
    setTimeout(() => resolve(log), 10);
  })`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [[]]);
});

test('a timeout nested more than five deep waits for 4 ms at least', async (t) => {
  const work = `() => new Promise((resolve) => {
    const at = [];
    const start = performanceNow();
    const next = () => {
      at.push(performanceNow() - start);
      if (at.length === 9) resolve(at); else setTimeout(next, 0);
    };
    setTimeout(next, 0);
    function performanceNow() { return Date.now(); }
  })`;
  const [at] = valuesOf(await runAll(t, work, [0])) as [number[]];
  // The first five nested ones need not wait; the sixth and later do. Date.now() rounds.
  const late = [6, 7, 8].map((index) => at[index]! - at[index - 1]!);
  assert.ok(
    late.every((ms) => ms >= 3),
    `gaps after level 5: ${String(late)}`,
  );
  assert.ok(at[8]! >= 11, `nine took ${at[8]} ms`);
});

test('nesting is counted through promise jobs, and not through what else happens', async (t) => {
  // The awaited timer goes on in a promise job of the timer's task, so levels add up.
  const nested = `async () => {
    const start = Date.now();
    for (let i = 0; i < 25; i++) await new Promise((resolve) => setTimeout(resolve, 0));
    return Date.now() - start;
  }`;
  const [deep] = valuesOf(await runAll(t, nested, [0])) as number[];
  assert.ok(deep! >= 4 * 18, `25 nested timeouts took ${deep} ms`);
  // A Slice starts at level 0, even when the one before it ended in a deep timer.
  const [, , flat] = valuesOf(await runAll(t, nested.replace('25', '5'), [0, 0, 0])) as number[];
  assert.ok(flat! < 60, `5 timeouts of a third Slice took ${flat} ms`);
});

test('a Slice that begins in a promise job of a timer has a level of its own', async (t) => {
  const work = `async () => {
    const start = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 0));
    return Date.now() - start;
  }`;
  const took = valuesOf(await runAll(t, work, new Array(200).fill(0))) as number[];
  // Nested, a third of them would wait for 4 ms.
  const late = took.filter((ms) => ms >= 4).length;
  assert.ok(late < 40, `${late} of 200 waited`);
});

test('timers that are set and cleared where the stack ends are there in full, or not at all', async (t) => {
  const work = `async (clear) => {
    const fired = new Map();
    const pending = [];
    const cleared = new Set();
    const set = (ms) => {
      let id = 0;
      id = setTimeout(() => fired.set(id, (fired.get(id) ?? 0) + 1), ms);
      pending.push(id);
    };
    for (let i = 0; i < (clear ? 3000 : 20); i++) set(i % 7 + 20);
    // What has not run takes more of the stack: it is to be compiled.
    for (const id of pending.slice(0, 10)) { clearTimeout(id); cleared.add(id); }
    let next = 0;
    for (let round = 0; round < 40; round++) {
      const pad = Array(round % 50).fill(0);
      let left = 300;
      const deep = (...rest) => {
        try { deep(...pad); } catch {}
        if (left-- <= 0) return;
        const id = pending[(next += 7) % 3000] ?? 0;
        try { if (clear) { clearTimeout(id); cleared.add(id); } else set(1); } catch {}
      };
      deep();
    }
    const start = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 60));
    return [
      Date.now() - start < 5000,
      [...fired.values()].every((times) => times === 1),
      [...fired.keys()].some((id) => cleared.has(id)),
    ];
  }`;
  const { sandbox, seen } = await start(await openEvaluator(t), work, { limits: { sliceTimeoutMs: 20_000 } });
  sandbox.run(slices([false, true]));
  await seen.until(() => seen.drained > 0 || seen.end !== null);
  assert.deepEqual(valuesOf(seen), [
    [true, true, false],
    [true, true, false],
  ]);
});

test('an interval of 0 is clamped, too; setImmediate never', async (t) => {
  const interval = `() => new Promise((resolve) => {
    let left = 20; const start = Date.now();
    const id = setInterval(() => { if (--left === 0) { clearInterval(id); resolve(Date.now() - start); } }, 0);
  })`;
  const [slow] = valuesOf(await runAll(t, interval, [0])) as number[];
  assert.ok(slow! >= 4 * 12, `20 ticks took ${slow} ms`);
  const immediate = `async () => {
    const start = Date.now();
    for (let i = 0; i < 1000; i++) await new Promise((resolve) => setImmediate(resolve));
    return Date.now() - start;
  }`;
  const [fast] = valuesOf(await runAll(t, immediate, [0])) as number[];
  assert.ok(fast! < 1000, `1000 immediates took ${fast} ms`);
});

test('an interval that is late skips what it missed', async (t) => {
  const work = `() => new Promise((resolve) => {
    let ticks = 0;
    const id = setInterval(() => {
      if (++ticks > 1) return;
      const end = Date.now() + 60;
      while (Date.now() < end);
      setTimeout(() => { clearInterval(id); resolve(ticks); }, 1);
    }, 10);
  })`;
  const [ticks] = valuesOf(await runAll(t, work, [0])) as number[];
  assert.ok(ticks! <= 3, `${ticks} ticks`);
});

test('10,000 timers: those not cleared fire once each, none before one set earlier with no longer a delay', async (t) => {
  const work = `async (count) => {
    const fired = []; const ids = []; const delays = []; const cleared = new Set();
    let seed = 1;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    for (let i = 0; i < count; i++) {
      delays.push(Math.floor(random() * 50));
      ids.push(setTimeout(() => fired.push(i), delays[i]));
    }
    for (let i = 0; i < count / 3; i++) {
      const gone = Math.floor(random() * count);
      clearTimeout(ids[gone]);
      cleared.add(gone);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    let wrong = 0;
    for (let at = 0; at < fired.length; at++) {
      for (let next = at + 1; next < Math.min(at + 100, fired.length); next++) {
        if (fired[next] < fired[at] && delays[fired[next]] <= delays[fired[at]]) wrong++;
      }
    }
    const each = new Set(fired);
    return [fired.length === count - cleared.size, each.size === fired.length, fired.some((i) => cleared.has(i)), wrong];
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [10_000])), [[true, true, false, 0]]);
});

test('a patched Map, Array or Math of the Work Function leaves timers alone', async (t) => {
  const work = `() => new Promise((resolve) => {
    Map.prototype.get = Map.prototype.set = Array.prototype.push = Math.max = () => { throw new Error('patched'); };
    Array.prototype[Symbol.iterator] = Promise.prototype.then = () => { throw new Error('patched'); };
    let count = 0;
    const id = setInterval(() => { if (++count === 3) { clearInterval(id); queueMicrotask(() => resolve(count)); } }, 1);
  })`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [3]);
});

test('a Promise of its own in place of the global one leaves queueMicrotask and promises alone', async (t) => {
  const work = `async () => {
    globalThis.Promise = class { static resolve() { return new this(); } };
    const log = [];
    queueMicrotask(() => log.push('microtask'));
    await null;
    await null;
    return log;
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0, 0])), [['microtask'], ['microtask']]);
});

test('ids begin again at 1 after the largest long', () => {
  const control = new Float64Array(Object.keys(Control).length);
  const host = { control, now: () => 0, requireStack: () => undefined } as unknown as Host;
  const timers = new Timers(host, assert.ifError, 2 ** 31 - 2);
  const nothing = (): void => undefined;
  const ids = [timers.setTimeout(nothing), timers.setInterval(nothing), timers.setImmediate(nothing)];
  assert.deepEqual(ids, [2 ** 31 - 1, 1, 2]);
  for (const id of ids) timers.clearTimeout(id);
  assert.equal(control[Control.awaitedTimers], 0);
});
