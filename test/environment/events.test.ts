/** Event and EventTarget, from the text of https://dom.spec.whatwg.org/#events. Node's are the oracle where they conform. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf } from '../evaluator/support.js';
import { runAll } from '../evaluator/tested.js';
import { agrees, answers } from './oracle.js';

test('an event as it is made', async (t) => {
  await agrees(t, () => {
    const plain = new Event('plain');
    const all = new Event('all', { bubbles: true, cancelable: true, composed: true });
    return [plain, all].map((e) => [
      ...[e.type, e.bubbles, e.cancelable, e.composed, e.defaultPrevented, e.isTrusted, e.eventPhase],
      ...[e.target, e.currentTarget, e.srcElement, e.returnValue, e.cancelBubble, e.composedPath().length],
      e.timeStamp >= 0 && e.timeStamp <= performance.now(),
    ]);
  }, [
    ['plain', false, false, false, false, false, 0, null, null, null, true, false, 0, true],
    ['all', true, true, true, false, false, 0, null, null, null, true, false, 0, true],
  ]);
});

test('interfaces look as Web IDL has them', async (t) => {
  await answers(t, () => {
    const constants = ['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'] as const;
    const trusted = Object.getOwnPropertyDescriptor(new Event('x'), 'isTrusted')!;
    return [
      constants.map((name) => [Event, Event.prototype].map((place) => Reflect.get(place, name) as number)),
      [typeof trusted.get, trusted.set, trusted.enumerable, trusted.configurable],
      [Event, EventTarget, CustomEvent, AbortController, AbortSignal].map((type) => [
        type.name,
        type.length,
        (type.prototype as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag],
      ]),
      Object.keys(EventTarget.prototype).sort(),
      EventTarget.prototype.addEventListener.length,
      Object.getPrototypeOf(CustomEvent) === Event,
    ];
  }, [
    [
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ],
    ['function', undefined, true, false],
    [
      ['Event', 1, 'Event'],
      ['EventTarget', 0, 'EventTarget'],
      ['CustomEvent', 1, 'CustomEvent'],
      ['AbortController', 0, 'AbortController'],
      ['AbortSignal', 0, 'AbortSignal'],
    ],
    ['addEventListener', 'dispatchEvent', 'removeEventListener'],
    2,
    true,
  ]);
});

test('bad arguments and bad receivers throw TypeError', async (t) => {
  await agrees(
    t,
    (thrownBy) => {
      const target = new EventTarget();
      const attempts: (() => unknown)[] = [
        () => new (Event as never as new () => Event)(),
        () => new Event(Symbol('s') as never),
        () => new Event('x', 5 as never),
        () => (Event as never as (type: string) => Event)('x'),
        () => (target.addEventListener as (type: string) => void)('x'),
        () => {
          target.addEventListener('x', 'text' as never);
        },
        () => {
          target.addEventListener('x', null as never, { signal: null as never });
        },
        () => target.dispatchEvent({ type: 'x' } as never),
        () => target.dispatchEvent(null as never),
        () => Reflect.apply(EventTarget.prototype.dispatchEvent, {}, [new Event('x')]),
        () => Object.getOwnPropertyDescriptor(Event.prototype, 'type')!.get!.call({}) as unknown,
        () => new (CustomEvent as never as new () => Event)(),
      ];
      return attempts.map(thrownBy);
    },
    new Array<string>(12).fill('TypeError'),
  );
});

test('listeners are called in order, each once however often it was added; capture tells two apart', async (t) => {
  const expected = ['capture', 'a', 'b', 'object true', 'capture', 'b', 'object true'];
  await answers(
    t,
    () => {
      const log: string[] = [];
      const target = new EventTarget();
      const a = (): void => void log.push('a');
      const b = (): void => void log.push('b');
      const object = {
        handleEvent(this: unknown, event: Event) {
          log.push(`object ${this === object && event.currentTarget === target}`);
        },
      };
      target.addEventListener('x', a);
      target.addEventListener('x', a, { capture: false, once: true });
      target.addEventListener('x', b);
      target.addEventListener('x', object);
      target.addEventListener('x', null as never);
      target.addEventListener('x', () => log.push('capture'), true);
      target.dispatchEvent(new Event('x'));
      target.removeEventListener('x', a, true);
      target.removeEventListener('x', a);
      target.dispatchEvent(new Event('x'));
      target.dispatchEvent(new Event('y'));
      return log;
    },
    expected,
  );
});

test('once, and listeners that come and go while an event is dispatched', async (t) => {
  await answers(t, () => {
    const log: string[] = [];
    const target = new EventTarget();
    const late = (): void => void log.push('late');
    const gone = (): void => void log.push('gone');
    target.addEventListener(
      'x',
      () => {
        log.push('once');
        target.addEventListener('x', late);
        target.removeEventListener('x', gone);
        target.dispatchEvent(new Event('x'));
        log.push('end of once');
      },
      { once: true },
    );
    target.addEventListener('x', gone);
    target.dispatchEvent(new Event('x'));
    return log;
  }, ['once', 'late', 'end of once']);
});

test('a listener that a capturing one adds is called in the same dispatch, where it does not capture', async (t) => {
  await answers(t, () => {
    const log: string[] = [];
    const target = new EventTarget();
    target.addEventListener(
      'x',
      () => {
        log.push('capture');
        target.addEventListener('x', () => void log.push('added'));
        target.addEventListener('x', () => void log.push('too late'), true);
      },
      { capture: true, once: true },
    );
    target.dispatchEvent(new Event('x'));
    return log;
  }, ['capture', 'added']);
});

test('many listeners are added, called once and removed within the time of a Slice', async (t) => {
  const work = `() => {
    const target = new EventTarget();
    const listeners = Array.from({ length: 100_000 }, (_, i) => () => order.push(i));
    let order = [];
    for (const listener of listeners) target.addEventListener('once', listener, { once: true });
    for (const listener of listeners) target.addEventListener('x', listener);
    for (const listener of listeners) target.addEventListener('x', listener);
    target.dispatchEvent(new Event('once'));
    target.dispatchEvent(new Event('once'));
    const once = [order.length, order.every((i, at) => i === at)];
    for (const [i, listener] of listeners.entries()) if (i % 10_000 !== 5) target.removeEventListener('x', listener);
    order = [];
    target.dispatchEvent(new Event('x'));
    return [...once, order];
  }`;
  const seen = await runAll(t, work, [0], { limits: { sliceTimeoutMs: 12_000 } });
  const kept = Array.from({ length: 10 }, (_, i) => 10_000 * i + 5);
  assert.deepEqual(valuesOf(seen), [[100_000, true, kept]]);
});

test('listeners come and go in a long list while an event is dispatched as in a short one', async (t) => {
  await answers(t, () => {
    const controller = new AbortController();
    return [3, 100].map((count) => {
      const log: (number | string)[] = [];
      const target = new EventTarget();
      const listeners = Array.from({ length: count }, (_, i) => () => void log.push(i));
      const first = (): void => {
        for (const [i, listener] of listeners.entries()) {
          if (i !== 1) target.removeEventListener('x', listener);
        }
        // Removed and added again it comes last, and not in this round.
        target.addEventListener('x', listeners[0]!);
        target.addEventListener('x', listeners[0]!);
        target.addEventListener('y', listeners[2]!, { signal: controller.signal });
      };
      target.addEventListener('x', first, { once: true });
      for (const listener of listeners) target.addEventListener('x', listener);
      target.dispatchEvent(new Event('x'));
      log.push('again');
      target.dispatchEvent(new Event('x'));
      // One that was a duplicate takes nothing with it when its signal aborts.
      target.addEventListener('y', listeners[2]!, { signal: controller.signal });
      target.addEventListener('y', listeners[1]!);
      controller.abort();
      target.dispatchEvent(new Event('y'));
      return log;
    });
  }, [
    [1, 'again', 1, 0, 1],
    [1, 'again', 1, 0, 1],
  ]);
});

test('target, phase and path are there while an event is dispatched', async (t) => {
  await agrees(t, () => {
    const target = new EventTarget();
    const event = new Event('x');
    const during: unknown[] = [];
    target.addEventListener('x', function (this: unknown, e) {
      during.push(e.target === target, e.currentTarget === target, this === target, e.eventPhase);
      during.push(e.composedPath().length, e.composedPath()[0] === target, e === event);
    });
    const result = target.dispatchEvent(event);
    return [
      ...during,
      result,
      event.target === target,
      event.currentTarget,
      event.eventPhase,
      event.composedPath(),
    ];
  }, [true, true, true, 2, 1, true, true, true, true, null, 0, []]);
});

test('preventDefault needs a cancelable event and an active listener', async (t) => {
  await answers(t, () => {
    const fire = (cancelable: boolean, options: object, how: (event: Event) => void): unknown[] => {
      const target = new EventTarget();
      const event = new Event('x', { cancelable });
      target.addEventListener('x', how, options);
      return [target.dispatchEvent(event), event.defaultPrevented, event.returnValue];
    };
    const prevent = (event: Event): void => {
      event.preventDefault();
    };
    return [
      fire(true, {}, prevent),
      fire(false, {}, prevent),
      fire(true, {}, (event) => void Object.assign(event, { returnValue: false })),
    ];
  }, [
    [false, true, false],
    [true, false, true],
    [false, true, false],
  ]);
  await answers(
    t,
    () => {
      const target = new EventTarget();
      target.addEventListener('x', (event) => event.preventDefault(), { passive: true });
      return target.dispatchEvent(new Event('x', { cancelable: true }));
    },
    true,
  );
});

test('stopImmediatePropagation ends the round, stopPropagation what follows capture; both for one dispatch', async (t) => {
  await answers(t, () => {
    const run = (stop: 'stopPropagation' | 'stopImmediatePropagation', capture: boolean): string[] => {
      const log: string[] = [];
      const target = new EventTarget();
      const event = new Event('x');
      target.addEventListener(
        'x',
        (e) => {
          log.push('first');
          e[stop]();
        },
        capture,
      );
      target.addEventListener('x', () => log.push('second'), capture);
      target.addEventListener('x', () => log.push('third'));
      target.dispatchEvent(event);
      target.addEventListener('y', () => log.push('again'));
      log.push(String(event.cancelBubble));
      return log;
    };
    return [
      run('stopPropagation', false),
      run('stopImmediatePropagation', false),
      run('stopPropagation', true),
      run('stopImmediatePropagation', true),
    ];
  }, [
    ['first', 'second', 'third', 'false'],
    ['first', 'false'],
    ['first', 'second', 'false'],
    ['first', 'false'],
  ]);
});

test('an event cannot be dispatched while it is, and can be again', async (t) => {
  await answers(t, () => {
    const target = new EventTarget();
    const event = new Event('x');
    const thrown: unknown[] = [];
    target.addEventListener('x', () => {
      try {
        target.dispatchEvent(event);
      } catch (error) {
        thrown.push((error as Error).name, error instanceof DOMException);
      }
    });
    target.dispatchEvent(event);
    target.dispatchEvent(event);
    return thrown;
  }, ['InvalidStateError', true, 'InvalidStateError', true]);
});

test('CustomEvent has a detail; initEvent and initCustomEvent make an event anew', async (t) => {
  await answers(t, () => {
    const custom = new CustomEvent('x', { detail: [1], cancelable: true });
    const before = [custom.type, custom.detail, custom.cancelable, new CustomEvent('y').detail];
    (custom as never as { initCustomEvent: (...args: unknown[]) => void }).initCustomEvent(
      'z',
      true,
      false,
      'new',
    );
    const event = new Event('a', { cancelable: true });
    event.preventDefault();
    event.initEvent('b', true);
    return [
      before,
      [custom.type, custom.bubbles, custom.cancelable, custom.detail],
      [event.type, event.bubbles, event.cancelable, event.defaultPrevented],
    ];
  }, [
    ['x', [1], true, null],
    ['z', true, false, 'new'],
    ['b', true, false, false],
  ]);
});

test('dictionaries are read member by member, in order, before anything else happens', async (t) => {
  await answers(t, () => {
    const log: string[] = [];
    const spy = (names: string[]): object =>
      Object.defineProperties(
        {},
        Object.fromEntries(names.map((name) => [name, { get: () => void log.push(name) }])),
      );
    new CustomEvent('x', spy(['detail', 'composed', 'cancelable', 'bubbles']));
    new EventTarget().addEventListener('x', () => {}, spy(['signal', 'passive', 'once', 'capture']));
    return log;
  }, ['bubbles', 'cancelable', 'composed', 'detail', 'capture', 'once', 'passive', 'signal']);
});

test('what a listener throws is reported, and the next listener is called', async (t) => {
  const seen = await runAll(
    t,
    `() => {
      const target = new EventTarget();
      target.addEventListener('x', () => { throw new RangeError('thrown by a listener'); });
      target.addEventListener('x', { handleEvent: 5 });
      target.addEventListener('x', () => console.log('next'));
      target.dispatchEvent(new Event('x'));
    }`,
    [0],
  );
  const lines = seen.messages.map((m) => (m.type === 'console' ? m.message.split('\n')[0] : ''));
  assert.deepEqual(lines, [
    'Uncaught RangeError: thrown by a listener',
    'Uncaught TypeError: EventListener.handleEvent is not a function',
    'next',
  ]);
});

test('classes can be derived from EventTarget and Event', async (t) => {
  await agrees(t, () => {
    class Source extends EventTarget {
      value = 3;
    }
    class Change extends Event {
      constructor(readonly value: number) {
        super('change');
      }
    }
    const source = new Source();
    let got = 0;
    source.addEventListener('change', (event) => (got = (event as Change).value));
    source.dispatchEvent(new Change(source.value));
    return [got, Object.prototype.toString.call(source), source instanceof EventTarget];
  }, [3, '[object EventTarget]', true]);
});

test('a patched Array, Map or Set of the Work Function leaves events alone', async (t) => {
  await answers(
    t,
    () => {
      const fail = (): never => {
        throw new Error('patched');
      };
      Array.prototype.push = Array.prototype.filter = Array.prototype.indexOf = fail as never;
      Map.prototype.get = Map.prototype.set = fail as never;
      let count = 0;
      const target = new EventTarget();
      target.addEventListener('x', () => count++);
      target.dispatchEvent(new Event('x'));
      return count;
    },
    1,
  );
});
