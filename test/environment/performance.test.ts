/**
 * performance: https://w3c.github.io/hr-time/, https://w3c.github.io/performance-timeline/,
 * https://w3c.github.io/user-timing/. Node's is the oracle where it conforms.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { compute } from '#src/index.js';
import { valuesOf } from '../evaluator/support.js';
import { runAll } from '../evaluator/tested.js';
import { agrees, answers, inSandbox } from './oracle.js';

test('now() is monotonic, counts from timeOrigin, and goes on while a Slice waits', async (t) => {
  const [origin, first, second, wall, busy] = await inSandbox(
    t,
    async (): Promise<[number, number, number, number, boolean]> => {
      const a = performance.now();
      const wallNow = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 20));
      const b = performance.now();
      let last = b;
      let monotonic = true;
      for (let i = 0; i < 100_000; i++) {
        const now = performance.now();
        if (now < last) monotonic = false;
        last = now;
      }
      return [performance.timeOrigin, a, b, wallNow, monotonic];
    },
  );
  assert.ok(first >= 0 && second - first >= 19);
  assert.ok(Math.abs(origin + first - wall) < 50, `${origin} + ${first} is not ${wall}`);
  assert.equal(busy, true);
});

test('steps are 100 µs, and 5 µs when the Job requires a fine clock', async (t) => {
  const work = `() => {
    const steps = new Set();
    let last = performance.now();
    for (let seen = 0; seen < 300; ) {
      const now = performance.now();
      if (now !== last) {
        steps.add(Math.round((now - last) * 1000));
        seen++;
      }
      last = now;
    }
    return [Math.min(...steps), [...steps].every((step) => step % 100 === 0), [...steps].every((step) => step % 5 === 0)];
  }`;
  const [coarse] = valuesOf(await runAll(t, work, [0]));
  assert.deepEqual(coarse, [100, true, true]);
  const job = { requirements: { environment: { fineClock: true } } };
  const [smallest, hundreds, fives] = valuesOf(await runAll(t, work, [0], { job }))[0] as [
    number,
    boolean,
    boolean,
  ];
  assert.ok(smallest < 100 && !hundreds && fives, `smallest step ${smallest} µs`);
  const required = compute.for(1, 1, () => {
    const seen = new Set<number>();
    while (seen.size < 1000) seen.add(performance.now());
    return [...seen].every((time) => Number.isInteger(Math.round(time * 1e6) / 1e5));
  });
  required.requirements = { environment: { fineClock: true } };
  assert.deepEqual([...(await required.localExec(1))], [false]);
});

test('with a fixed Date, timeOrigin is that', async (t) => {
  const determinism = { date: 86_400_000, randomSeed: null };
  const work = `() => [performance.timeOrigin, performance.now() >= 0]`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0], { job: { determinism } })), [[86_400_000, true]]);
});

test('marks and measures, by name, by type, in order of their start', async (t) => {
  await agrees(t, () => {
    performance.clearMarks();
    performance.clearMeasures();
    const late = performance.mark('late', { startTime: 50, detail: { a: [1] } });
    performance.mark('early', { startTime: 10 });
    const between = performance.measure('between', 'early', 'late');
    const whole = performance.measure('whole', { start: 5, duration: 20, detail: 'd' });
    const back = performance.measure('back', { end: 'late', duration: 45 });
    const shown = performance
      .getEntries()
      .map((entry) => [entry.name, entry.entryType, entry.startTime, entry.duration]);
    return [
      shown,
      [late.detail, whole.detail, between.detail, back.startTime],
      performance.getEntriesByType('mark').map(({ name }) => name),
      performance.getEntriesByName('between').length,
      performance.getEntriesByName('between', 'mark').length,
      [
        late instanceof PerformanceMark,
        late instanceof PerformanceEntry,
        whole instanceof PerformanceMeasure,
      ],
      JSON.stringify(whole),
    ];
  }, [
    [
      ['whole', 'measure', 5, 20],
      ['back', 'measure', 5, 45],
      ['early', 'mark', 10, 0],
      ['between', 'measure', 10, 40],
      ['late', 'mark', 50, 0],
    ],
    [{ a: [1] }, 'd', null, 5],
    ['early', 'late'],
    1,
    0,
    [true, true, true],
    '{"name":"whole","entryType":"measure","startTime":5,"duration":20,"detail":"d"}',
  ]);
});

test('the latest mark of a name counts; measures without an end end now, without a start begin at 0', async (t) => {
  await answers(t, () => {
    performance.mark('m', { startTime: 1 });
    performance.mark('m', { startTime: 3 });
    const sinceMark = performance.measure('a', 'm');
    const sinceOrigin = performance.measure('b');
    const toMark = performance.measure('c', undefined, 'm');
    const now = performance.now();
    return [
      sinceMark.startTime,
      sinceMark.startTime + sinceMark.duration <= now,
      sinceOrigin.startTime,
      [toMark.startTime, toMark.duration],
    ];
  }, [3, true, 0, [0, 3]]);
});

test('many marks, out of order, and measures from the first of them are made within the time of a Slice', async (t) => {
  const work = `() => {
    const count = 40_000;
    performance.mark('first', { startTime: 1 });
    for (let i = 0; i < count; i++) performance.mark('mark ' + i % 1000, { startTime: 2 * count - i });
    for (let i = 0; i < count; i++) performance.measure('measure', 'first', 'mark 0');
    const marks = performance.getEntriesByType('mark');
    return [
      marks.length,
      marks.every((mark, i) => i === 0 || marks[i - 1].startTime < mark.startTime),
      performance.getEntriesByType('measure').every(({ startTime, duration }) => startTime === 1 && duration === 2 * count - 1),
    ];
  }`;
  const seen = await runAll(t, work, [0], { limits: { sliceTimeoutMs: 6000 } });
  assert.deepEqual(valuesOf(seen), [[40_001, true, true]]);
});

test('entries that start together stay in the order in which they came, whenever they are read', async (t) => {
  await answers(t, () => {
    const made = (startTime: number, detail: number): void =>
      void performance.mark('m', { startTime, detail });
    const details = (): unknown[] =>
      performance
        .getEntriesByType('mark')
        .map((mark) => (mark as unknown as { readonly detail: unknown }).detail);
    made(9, 1);
    made(3, 2);
    made(9, 3);
    const before = details();
    made(3, 4);
    made(0, 5);
    performance.measure('latest', 'm');
    performance.mark('other', { startTime: 1, detail: 6 });
    const { startTime } = performance.getEntriesByName('latest')[0]!;
    performance.clearMarks('other');
    let code = '';
    try {
      performance.measure('none', 'other');
    } catch (error) {
      code = (error as Error).name;
    }
    performance.clearMarks();
    made(2, 7);
    performance.measure('after', 'm');
    return [before, startTime, code, details(), performance.getEntriesByName('after')[0]!.startTime];
  }, [[2, 1, 3], 9, 'SyntaxError', [7], 2]);
});

test('clearMarks and clearMeasures take one name or all', async (t) => {
  await agrees(t, () => {
    performance.clearMarks();
    performance.clearMeasures();
    for (const name of ['a', 'b', 'a']) performance.mark(name);
    performance.measure('a');
    performance.clearMarks('a');
    const one = performance.getEntries().map(({ name, entryType }) => `${entryType} ${name}`);
    performance.clearMarks();
    const two = performance.getEntries().map(({ name, entryType }) => `${entryType} ${name}`);
    performance.clearMeasures();
    return [one.sort(), two, performance.getEntries().length];
  }, [['mark b', 'measure a'], ['measure a'], 0]);
});

test('what does not fit is refused', async (t) => {
  await answers(
    t,
    (thrownBy) =>
      [
        () => performance.measure('x', 'no such mark'),
        () => performance.measure('x', undefined, 'no such mark'),
        () => performance.measure('x', { start: 1, end: 2, duration: 1 }),
        () => performance.measure('x', { detail: 1 }),
        () => performance.measure('x', { start: 1 } as never, 'end'),
        () => performance.measure('x', { start: -1 }),
        () => performance.mark('x', { startTime: -1 }),
        () => performance.mark('x', { startTime: NaN }),
        () => performance.mark('x', { detail: () => 1 }),
        () => (performance.mark as never as () => void)(),
        () => new (PerformanceEntry as never as new () => void)(),
        () => new (PerformanceMeasure as never as new () => void)(),
        () => Reflect.construct((performance as object).constructor as new () => void, []) as unknown,
        () => Reflect.apply(performance.now, {}, []),
      ].map(thrownBy),
    [
      'SyntaxError',
      'SyntaxError',
      ...new Array<string>(6).fill('TypeError'),
      'DataCloneError',
      ...new Array<string>(5).fill('TypeError'),
    ],
  );
});

test('it is an EventTarget, tells its origin as JSON, and looks as Web IDL has it', async (t) => {
  await answers(
    t,
    () => [
      performance instanceof EventTarget,
      Object.keys(performance.toJSON() as object),
      Object.prototype.toString.call(performance),
      Object.prototype.toString.call(performance.mark('m')),
      performance.now.length,
      performance.measure.length,
      Object.keys(Object.getPrototypeOf(performance) as object).sort(),
    ],
    [
      true,
      ['timeOrigin'],
      '[object Performance]',
      '[object PerformanceMark]',
      0,
      1,
      [
        ...[
          'clearMarks',
          'clearMeasures',
          'getEntries',
          'getEntriesByName',
          'getEntriesByType',
          'mark',
          'measure',
        ],
        ...['now', 'timeOrigin', 'toJSON'],
      ],
    ],
  );
});

test('the end of a Slice clears the timeline', async (t) => {
  const work = `() => { performance.mark('m'); performance.measure('x', 'm'); return performance.getEntries().length; }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0, 0])), [2, 2]);
});

test('a mark that is made and cleared again and again leaves nothing in memory', async (t) => {
  const work = `() => {
    for (let i = 0; i < 300_000; i++) { performance.mark('a'); performance.clearMarks('a'); }
    return performance.getEntries().length;
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0], { sandbox: { heapMiB: 16 } })), [0]);
});

test('a detail is a structured clone', async (t) => {
  await agrees(t, () => {
    const detail = { map: new Map([[1, /x/g]]), blob: new Blob(['abc']), self: null as unknown };
    detail.self = detail;
    const mark = performance.mark('x', { detail }).detail as typeof detail;
    const measure = performance.measure('y', { start: 0, detail }).detail as typeof detail;
    detail.map.clear();
    return [mark, measure].map((copy) => [
      copy !== detail && copy.self === copy,
      String(copy.map.get(1)),
      copy.blob.size,
    ]);
  }, [
    [true, '/x/g', 3],
    [true, '/x/g', 3],
  ]);
});
