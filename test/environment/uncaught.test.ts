/** What nobody catches: HTML, "report an exception" and "notify about rejected promises". */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf, type Recorder } from '../evaluator/support.js';
import { runAll } from '../evaluator/tested.js';

/** Slice, level and first line of each console message. */
const printed = (seen: Recorder): [number, string, string][] =>
  seen.messages.map((message) =>
    message.type === 'console'
      ? [message.slice, message.level, message.message.split('\n')[0]!]
      : [message.slice, 'custom', message.name],
  );

test('reportError, queueMicrotask and timers print what nobody caught, and the Slice goes on', async (t) => {
  const work = `() => new Promise((resolve) => {
    queueMicrotask(() => { throw new RangeError('in a microtask'); });
    setTimeout(() => { throw 'a string'; }, 1);
    reportError(new TypeError('reported'));
    reportError(undefined);
    try { reportError(); } catch (error) { console.log(error.message); }
    setTimeout(() => resolve('went on'), 10);
  })`;
  const seen = await runAll(t, work, [0]);
  assert.deepEqual(printed(seen), [
    [1, 'error', 'Uncaught TypeError: reported'],
    [1, 'error', 'Uncaught undefined'],
    [1, 'log', 'reportError: 1 argument required, but only 0 present'],
    [1, 'error', 'Uncaught RangeError: in a microtask'],
    [1, 'error', 'Uncaught a string'],
  ]);
  assert.deepEqual(valuesOf(seen), ['went on']);
});

test('a rejected promise that nobody handles is printed once the promise jobs have run', async (t) => {
  const work = `async () => {
    Promise.reject(new Error('nobody'));
    const later = Promise.reject(new Error('handled by a promise job'));
    queueMicrotask(() => later.catch(() => {}));
    Promise.reject(1).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    console.log('after');
  }`;
  const seen = await runAll(t, work, [0]);
  assert.deepEqual(printed(seen), [
    [1, 'error', 'Uncaught (in promise) Error: nobody'],
    [1, 'log', 'after'],
  ]);
});

test('a Slice that ends at once has its rejections reported before its result, under its number', async (t) => {
  const work = `(x) => {
    const failing = (async () => { await null; if (x === 3) await null; throw new Error('of Slice ' + x); })();
    if (x === 2) failing.catch(() => {});
    Promise.reject(new Error('at once ' + x));
    return x;
  }`;
  const seen = await runAll(t, work, [1, 2, 3]);
  assert.deepEqual(printed(seen), [
    [1, 'error', 'Uncaught (in promise) Error: at once 1'],
    [1, 'error', 'Uncaught (in promise) Error: of Slice 1'],
    [2, 'error', 'Uncaught (in promise) Error: at once 2'],
    [3, 'error', 'Uncaught (in promise) Error: at once 3'],
    [3, 'error', 'Uncaught (in promise) Error: of Slice 3'],
  ]);
  assert.deepEqual(valuesOf(seen), [1, 2, 3]);
});

test('what listeners reject while they are told of rejections at the end of their Slice stays theirs', async (t) => {
  const work = `(x) => {
    if (x === 1) {
      let left = 3;
      addEventListener('unhandledrejection', (event) => {
        if (left-- > 0) Promise.reject(event.reason + '+');
        if (left === 0) queueMicrotask(() => Promise.reject('of a promise job'));
      });
      Promise.reject('A');
      return x;
    }
    globalThis.got ??= [];
    addEventListener('unhandledrejection', (event) => { got.push(event.reason); event.preventDefault(); });
    return got;
  }`;
  const seen = await runAll(t, work, [1, 2, 3]);
  assert.deepEqual(valuesOf(seen), [1, [], []]);
  assert.deepEqual(
    printed(seen),
    ['A', 'A+', 'A++', 'A+++', 'of a promise job'].map((text) => [
      1,
      'error',
      `Uncaught (in promise) ${text}`,
    ]),
  );
});

test('a listener that rejects whenever it is told is heard a few times, and its Slice ends', async (t) => {
  const work = `(x) => {
    let told = 0;
    if (x === 1) addEventListener('unhandledrejection', () => Promise.reject(++told));
    else addEventListener('unhandledrejection', (event) => { globalThis.got = event.reason; });
    if (x === 1) Promise.reject(0);
    return globalThis.got;
  }`;
  const seen = await runAll(t, work, [1, 2, 3]);
  assert.deepEqual(valuesOf(seen), [undefined, undefined, undefined]);
  assert.deepEqual(
    printed(seen),
    Array.from({ length: 9 }, (_, told) => [1, 'error', `Uncaught (in promise) ${told}`]),
  );
});

test('work.reject in a timer or a forgotten promise rejects the Slice and is no error of anybody', async (t) => {
  const work = `async (how) => {
    for (const type of ['error', 'unhandledrejection']) addEventListener(type, () => console.log('heard ' + type));
    if (how === 'timer') setTimeout(() => work.reject('in a timer'), 1);
    if (how === 'promise') (async () => { await null; work.reject('in a promise'); })();
    await new Promise((resolve) => setTimeout(resolve, 5));
    return 'not seen';
  }`;
  const seen = await runAll(t, work, ['timer', 'promise']);
  assert.deepEqual(
    seen.rejections.map(({ slice, reason }) => [slice, reason]),
    [
      [1, 'in a timer'],
      [2, 'in a promise'],
    ],
  );
  assert.deepEqual(printed(seen), []);
});

test('the rejection that a Slice itself ends with is its error alone', async (t) => {
  const seen = await runAll(t, `async (x) => { if (x === 2) await null; throw new Error('mine'); }`, [1, 2]);
  assert.deepEqual(seen.messages, []);
  assert.deepEqual([seen.failures.get(1)?.code, seen.failures.get(2)?.code], ['EUNCAUGHT', 'EUNCAUGHT']);
});

test('Promise.race and allSettled leave nothing unhandled', async (t) => {
  const work = `async () => {
    const fail = (ms) => new Promise((_, reject) => setTimeout(reject, ms, new Error('late')));
    await Promise.race([1, fail(1), fail(2)]);
    await Promise.allSettled([fail(1), fail(2)]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }`;
  assert.deepEqual((await runAll(t, work, [0])).messages, []);
});

test('a million rejections cost no memory to speak of, and the first thousand are known', async (t) => {
  const work = `() => { for (let i = 0; i < 1e6; i++) Promise.reject(i); return 'done'; }`;
  const seen = await runAll(t, work, [0], { sandbox: { heapMiB: 64 } });
  assert.deepEqual(valuesOf(seen), ['done']);
  assert.equal(seen.messages.length, 1000);
  assert.deepEqual(printed(seen)[0], [1, 'error', 'Uncaught (in promise) 0']);
});

test('promise jobs without end in a timer end the Sandbox in time, and blame the Slice', async (t) => {
  const work = `() => new Promise((resolve) => {
    setTimeout(() => { const again = () => Promise.resolve().then(again); again(); }, 1);
  })`;
  const seen = await runAll(t, work, [0], { limits: { sliceTimeoutMs: 300 } });
  assert.equal(seen.failures.get(1)?.code, 'ESLICETOOSLOW');
});

test('promise jobs without end of a Slice that left a rejection end the Sandbox in time', async (t) => {
  const work = `() => {
    const again = () => Promise.resolve().then(again);
    again();
    Promise.reject(1);
  }`;
  const seen = await runAll(t, work, [0], { limits: { sliceTimeoutMs: 300 } });
  assert.equal(seen.failures.get(1)?.code, 'ESLICETOOSLOW');
});

test('what the callback of a FinalizationRegistry throws is reported like all else', async (t) => {
  const work = `async (x) => {
    const told = [];
    addEventListener('error', (event) => {
      told.push(event.message);
      if (x === 'prevent') event.preventDefault();
    });
    const registry = new FinalizationRegistry((name) => { throw new Error(name); });
    (() => { registry.register({}, 'of an object of ' + x); })();
    // What has lived for a while is garbage that all of the heap is looked through for.
    for (let garbage = []; told.length === 0; garbage = garbage.length < 20 ? garbage : []) {
      garbage.push(new Array(1e5).fill(0));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return told;
  }`;
  const seen = await runAll(t, work, ['tell', 'prevent']);
  assert.deepEqual(valuesOf(seen), [
    ['Uncaught Error: of an object of tell'],
    ['Uncaught Error: of an object of prevent'],
  ]);
  assert.deepEqual(printed(seen), [[1, 'error', 'Uncaught Error: of an object of tell']]);
});

test('the global object is an EventTarget: error events come to listeners and onerror, who may prevent the message', async (t) => {
  const work = `async (x) => {
    const log = [];
    addEventListener('error', (event) => {
      log.push([event.constructor === ErrorEvent, event.target === globalThis, event.isTrusted, event.cancelable,
        event.message, event.filename, event.lineno > 0, event.colno > 0, event.error.name]);
      if (x === 'prevent') event.preventDefault();
    });
    if (x === 'onerror') onerror = (...args) => { log.push(args.map((arg) => typeof arg)); return true; };
    setTimeout(() => { throw new RangeError('thrown in ' + x); }, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    onerror = null;
    return log;
  }`;
  const seen = await runAll(t, work, ['tell', 'prevent', 'onerror']);
  const event = (x: string): unknown[] => [
    ...[
      true,
      true,
      true,
      true,
      `Uncaught RangeError: thrown in ${x}`,
      'work-function.js',
      true,
      true,
      'RangeError',
    ],
  ];
  assert.deepEqual(valuesOf(seen), [
    [event('tell')],
    [event('prevent')],
    [['string', 'string', 'number', 'number', 'object'], event('onerror')],
  ]);
  assert.deepEqual(printed(seen), [[1, 'error', 'Uncaught RangeError: thrown in tell']]);
});

test('unhandledrejection and rejectionhandled', async (t) => {
  const work = `async (x) => {
    const log = [];
    addEventListener('unhandledrejection', (event) => {
      log.push([event.type, event.promise === promise, event.reason, event.cancelable, event instanceof PromiseRejectionEvent]);
      if (x === 2) event.preventDefault();
    });
    addEventListener('rejectionhandled', (event) => log.push([event.type, event.promise === promise, event.reason]));
    if (x === 3) onunhandledrejection = () => false;
    const promise = Promise.reject('reason ' + x);
    await new Promise((resolve) => setTimeout(resolve, 2));
    promise.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 2));
    onunhandledrejection = null;
    return log;
  }`;
  const seen = await runAll(t, work, [1, 2, 3]);
  assert.deepEqual(
    valuesOf(seen),
    [1, 2, 3].map((x) => [
      ['unhandledrejection', true, `reason ${x}`, true, true],
      ['rejectionhandled', true, `reason ${x}`],
    ]),
  );
  assert.deepEqual(printed(seen), [[1, 'error', 'Uncaught (in promise) reason 1']]);
});

test('a listener that throws while it is told of an error is printed, and told nothing more of that', async (t) => {
  const work = `() => {
    addEventListener('error', (event) => { throw new Error('again'); });
    reportError('first');
  }`;
  assert.deepEqual(printed(await runAll(t, work, [0])), [
    [1, 'error', 'Uncaught Error: again'],
    [1, 'error', 'Uncaught first'],
  ]);
});

test('a handler that throws is reported, and listeners are called all the same', async (t) => {
  const work = `async () => {
    const told = [];
    onerror = onunhandledrejection = () => { throw new Error('of the handler'); };
    for (const type of ['error', 'unhandledrejection']) addEventListener(type, (event) => {
      told.push(event.type);
      event.preventDefault();
    });
    reportError('first');
    Promise.reject('second');
    await new Promise((resolve) => setTimeout(resolve, 2));
    return told;
  }`;
  const seen = await runAll(t, work, [0]);
  assert.deepEqual(valuesOf(seen), [['error', 'unhandledrejection']]);
  assert.deepEqual(printed(seen), [
    [1, 'error', 'Uncaught Error: of the handler'],
    [1, 'error', 'Uncaught Error: of the handler'],
  ]);
});

test('an error whose message has many empty lines is read at once', async (t) => {
  const work = `() => {
    const error = new Error('x' + '\\n'.repeat(60_000));
    addEventListener('error', (event) => event.preventDefault());
    const start = performance.now();
    reportError(error);
    return performance.now() - start;
  }`;
  const [ms] = valuesOf(await runAll(t, work, [0])) as [number];
  assert.ok(ms < 500, `${ms} ms`);
});

test('listeners of the global object go when their Slice ends; handlers are variables like any other', async (t) => {
  const work = `(x) => {
    if (x === 1) {
      addEventListener('error', (event) => { console.log('heard'); });
      onerror = () => { console.log('onerror'); };
    }
    reportError('of Slice ' + x);
  }`;
  assert.deepEqual(printed(await runAll(t, work, [1, 2])), [
    [1, 'log', 'onerror'],
    [1, 'log', 'heard'],
    [1, 'error', 'Uncaught of Slice 1'],
    [2, 'log', 'onerror'],
    [2, 'error', 'Uncaught of Slice 2'],
  ]);
});

test('events of any name can be dispatched at the global object', async (t) => {
  const work = `() => {
    const log = [];
    const listener = function (event) { log.push(event.type, this === globalThis, event.currentTarget === self); };
    addEventListener('mine', listener);
    const result = dispatchEvent(new CustomEvent('mine'));
    removeEventListener('mine', listener);
    self.dispatchEvent(new CustomEvent('mine'));
    return [...log, result];
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [['mine', true, true, true]]);
});

test('a promise job may handle a rejection, also in Slices that run in one themselves', async (t) => {
  const work = `(n) => {
    if (n === 1) return Promise.resolve(n);
    const handledLater = Promise.reject(new Error('handled a promise job later'));
    Promise.resolve().then(() => handledLater.catch(() => {}));
    if (n === 3) Promise.reject(new Error('nobody'));
    if (n === 4) throw new RangeError('of its own');
    return n;
  }`;
  const seen = await runAll(t, work, [1, 2, 3, 4, 5]);
  assert.deepEqual(printed(seen), [[3, 'error', 'Uncaught (in promise) Error: nobody']]);
  assert.deepEqual([...seen.values.values()], [1, 2, 3, 5]);
  assert.equal(seen.failures.get(4)?.message, 'of its own');
  assert.deepEqual(seen.order, [1, 2, 3, 4, 5]);
});
