/** AbortController and AbortSignal, from the text of https://dom.spec.whatwg.org/#aborting-ongoing-activities. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf } from '../evaluator/support.js';
import { runAll } from '../evaluator/tested.js';
import { agrees, answers, inSandbox } from './oracle.js';

test('abort: state, reason, event, once', async (t) => {
  await agrees(t, () => {
    const controller = new AbortController();
    const { signal } = controller;
    const log: unknown[] = [signal === controller.signal, signal.aborted, signal.reason];
    signal.addEventListener('abort', (event) => {
      log.push(event.type, event.isTrusted, event.target === signal, signal.aborted, event.bubbles);
    });
    signal.onabort = function (event) {
      log.push('onabort', this === signal, event.type);
    };
    controller.abort();
    controller.abort('again');
    const { reason } = signal as { reason: DOMException };
    log.push(reason.name, reason.code, reason instanceof DOMException);
    return log;
  }, [
    ...[true, false, undefined, 'abort', true, true, true, false, 'onabort', true, 'abort'],
    ...['AbortError', 20, true],
  ]);
});

test('any reason is kept as it is; throwIfAborted throws it', async (t) => {
  await agrees(t, () => {
    const reasons = [null, 0, 'text', { a: 1 }].map((reason): unknown => {
      const controller = new AbortController();
      controller.signal.throwIfAborted();
      controller.abort(reason);
      try {
        controller.signal.throwIfAborted();
        return 'nothing thrown';
      } catch (thrown) {
        return [thrown === controller.signal.reason, thrown];
      }
    });
    const made = AbortSignal.abort('now');
    const plain = AbortSignal.abort() as { reason: Error };
    return [reasons, made.aborted, made.reason as unknown, plain.reason.name];
  }, [
    [
      [true, null],
      [true, 0],
      [true, 'text'],
      [true, { a: 1 }],
    ],
    true,
    'now',
    'AbortError',
  ]);
});

test('signals are not made with new, and their members check what they are called on', async (t) => {
  await agrees(
    t,
    () =>
      [
        () => new (AbortSignal as never as new () => void)(),
        () => (AbortController as never as () => void)(),
        () => Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')!.get!.call({}) as unknown,
        () => Reflect.apply(AbortController.prototype.abort, {}, []),
        () => (AbortSignal.timeout as never as () => void)(),
        () => AbortSignal.timeout(-1),
        () => (AbortSignal.any as never as () => void)(),
        () => AbortSignal.any(5 as never),
        () => AbortSignal.any([{}] as never),
      ].map((attempt) => {
        try {
          attempt();
          return 'fine';
        } catch (error) {
          // Node has RangeErrors of its own where Web IDL has TypeErrors.
          return error instanceof TypeError || error instanceof RangeError;
        }
      }),
    new Array<boolean>(9).fill(true),
  );
  const names = await inSandbox(t, () =>
    [-1, NaN, Infinity, 2 ** 53].map((ms) => {
      try {
        return String(AbortSignal.timeout(ms).aborted);
      } catch (error) {
        return (error as Error).name;
      }
    }),
  );
  assert.deepEqual(names, ['TypeError', 'TypeError', 'TypeError', 'TypeError']);
});

test('a listener with a signal goes when it aborts, and does not come when it has', async (t) => {
  await agrees(
    t,
    () => {
      const target = new EventTarget();
      const controller = new AbortController();
      let count = 0;
      target.addEventListener('x', () => count++, { signal: controller.signal });
      target.dispatchEvent(new Event('x'));
      controller.abort();
      target.dispatchEvent(new Event('x'));
      target.addEventListener('x', () => count++, { signal: controller.signal });
      target.dispatchEvent(new Event('x'));
      return count;
    },
    1,
  );
});

test('any aborts with the first of its signals, before listeners are told of either', async (t) => {
  await answers(t, () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const both = AbortSignal.any([a.signal, b.signal]);
    const nested = AbortSignal.any([both, AbortSignal.any([])]);
    const log: unknown[] = [both.aborted];
    both.addEventListener('abort', () => log.push('both'));
    nested.addEventListener('abort', () => log.push('nested'));
    b.signal.addEventListener('abort', () => log.push('b', both.aborted, nested.aborted));
    b.abort('why');
    a.abort('too late');
    log.push(both.reason, nested.reason, AbortSignal.any([a.signal, b.signal]).reason);
    return log;
  }, [false, 'b', true, true, 'both', 'nested', 'why', 'why', 'too late']);
});

test('a timeout aborts with a TimeoutError', async (t) => {
  const [waited, name, code, trusted] = await inSandbox(
    t,
    async (): Promise<[number, string, number, boolean]> => {
      const start = Date.now();
      const signal = AbortSignal.timeout(20);
      const event = await new Promise<Event>((resolve) => (signal.onabort = resolve));
      const { reason } = signal as { reason: DOMException };
      return [Date.now() - start, reason.name, reason.code, event.isTrusted];
    },
  );
  assert.ok(waited >= 19, `${waited} ms`);
  assert.deepEqual([name, code, trusted], ['TimeoutError', 23, true]);
});

test('a timeout that nobody listens to keeps no Slice alive; one that somebody listens to does', async (t) => {
  const work = `async (how) => {
    const signal = AbortSignal.timeout(how === 'unheard' ? 1e9 : 30);
    if (how === 'heard') await new Promise((resolve) => signal.addEventListener('abort', resolve));
    if (how === 'by a dependent') await new Promise((resolve) => { AbortSignal.any([signal]).onabort = resolve; });
    if (how === 'no more') {
      const listener = () => {};
      signal.addEventListener('abort', listener);
      AbortSignal.any([signal]).onabort = listener;
      signal.removeEventListener('abort', listener);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (how === 'unheard' || how === 'a timer') {
      await new Promise((resolve) => { if (how === 'a timer') setTimeout(resolve, 40); });
    }
    return signal.aborted;
  }`;
  const seen = await runAll(t, work, ['heard', 'by a dependent', 'unheard', 'a timer', 'no more']);
  assert.equal(seen.failures.get(3)?.code, 'ENOPROGRESS');
  assert.match(seen.failures.get(3)!.message, /cannot settle any more/);
  assert.deepEqual(
    [1, 2, 4, 5].map((slice) => seen.values.get(slice)),
    [true, true, true, false],
  );
});

test('a timeout that nobody listens to is no timer and is not kept: of any number each says when it has passed', async (t) => {
  const work = `async () => {
    for (let i = 0; i < 10_001; i++) AbortSignal.timeout(1e6).big = new Array(2000).fill(0);
    const [signal, other] = [AbortSignal.timeout(10), AbortSignal.timeout(10)];
    const dependent = AbortSignal.any([AbortSignal.any([other]), AbortSignal.timeout(1e6)]);
    const before = [signal.aborted, signal.reason, dependent.aborted];
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const log = [];
    try { signal.throwIfAborted(); } catch (error) { log.push(error.name, error === signal.reason); }
    log.push(dependent.aborted, dependent.reason === other.reason, AbortSignal.any([signal]).aborted);
    // Passed, and nobody has looked yet: whoever listens is told.
    const late = AbortSignal.timeout(0);
    for (const start = performance.now(); performance.now() - start < 2; );
    await new Promise((resolve) => { late.onabort = resolve; });
    return [...before, ...log, late.aborted];
  }`;
  // 10,001 signals of 16 KB each would need 160 MB.
  assert.deepEqual(valuesOf(await runAll(t, work, [0], { sandbox: { heapMiB: 48 } })), [
    [false, undefined, false, 'TimeoutError', true, true, true, true, true],
  ]);
});

test('the end of a Slice ends timeouts that nobody listens to, too', async (t) => {
  const work = `async (x) => {
    if (x === 1) { globalThis.old = AbortSignal.timeout(5); return; }
    await new Promise((resolve) => setTimeout(resolve, 20));
    old.onabort = () => {};
    return [old.aborted, AbortSignal.any([old]).aborted];
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [1, 2])), [undefined, [false, false]]);
});

test('the end of a Slice ends timeouts', async (t) => {
  const work = `async (x) => {
    if (x === 1) { globalThis.old = AbortSignal.timeout(10); old.onabort = () => { globalThis.fired = true; }; return; }
    await new Promise((resolve) => setTimeout(resolve, 40));
    return [old.aborted, globalThis.fired];
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [1, 2])), [undefined, [false, undefined]]);
});

test('a signal that lives long does not keep what any() made of it and nobody knows any more', async (t) => {
  const work = `async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 200; i++) {
      for (let k = 0; k < 100; k++) AbortSignal.any([signal]).big = new Array(2000).fill(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return 'done';
  }`;
  // 20,000 signals of 16 KB each would need 320 MB.
  assert.deepEqual(valuesOf(await runAll(t, work, [0], { sandbox: { heapMiB: 48 } })), ['done']);
});

test('a dependent signal that somebody listens to is not collected', async (t) => {
  const work = `async () => {
    const controller = new AbortController();
    let fired = 0;
    for (let i = 0; i < 100; i++) AbortSignal.any([controller.signal]).addEventListener('abort', () => fired++);
    for (let i = 0; i < 30; i++) { new Array(1e5).fill({}); await new Promise((resolve) => setImmediate(resolve)); }
    controller.abort();
    return fired;
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0], { sandbox: { heapMiB: 32 } })), [100]);
});
