/**
 * MessageChannel, MessagePort and MessageEvent, from the text of https://html.spec.whatwg.org/#channel-messaging and
 * #the-messageevent-interface. Node's are the oracle where they conform.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf } from '../evaluator/support.js';
import { runAll } from '../evaluator/tested.js';
import { agrees, answers } from './oracle.js';

/** As HTML has them: the types that come with Node are of Node's own. */
type Handler = ((this: MessagePort, event: MessageEvent) => unknown) | null;
declare class MessagePort extends EventTarget {
  onclose: Handler;
  onmessage: Handler;
  onmessageerror: Handler;
  private constructor();
  postMessage(message: unknown, transfer?: readonly object[] | { transfer?: readonly object[] }): void;
  start(): void;
  close(): void;
}
declare class MessageChannel {
  readonly port1: MessagePort;
  readonly port2: MessagePort;
}
interface MessageEventInit {
  data?: unknown;
  lastEventId?: string;
  source?: MessagePort | null;
  ports?: Iterable<MessagePort>;
}
declare class MessageEvent extends Event {
  constructor(type: string, init?: MessageEventInit);
  readonly data: unknown;
  readonly origin: string;
  readonly lastEventId: string;
  readonly source: MessagePort | null;
  readonly ports: readonly MessagePort[];
  initMessageEvent(
    type: string,
    bubbles?: boolean,
    cancelable?: boolean,
    data?: unknown,
    origin?: string,
    lastEventId?: string,
    source?: MessagePort | null,
    ports?: Iterable<MessagePort>,
  ): void;
}

test('interfaces look as Web IDL has them', async (t) => {
  await answers(t, () => {
    const shape = (type: abstract new (...args: never[]) => object): unknown[] => {
      const prototype = type.prototype as object;
      const members = Object.entries(Object.getOwnPropertyDescriptors(prototype))
        .filter(([name]) => name !== 'constructor')
        .map(([name, { value, get, set, enumerable, configurable }]) => {
          const kind = get ? (set ? 'attribute' : 'readonly attribute') : typeof value;
          const { length } = (value ?? get) as { length: number };
          return `${kind} ${name} ${length} ${String(enumerable)} ${String(configurable)}`;
        });
      return [
        type.name,
        type.length,
        Object.prototype.toString.call(prototype),
        (Object.getPrototypeOf(type) as { name: string }).name,
        members.sort(),
      ];
    };
    return [MessageChannel, MessagePort, MessageEvent].map((type) => shape(type as never));
  }, [
    [
      'MessageChannel',
      0,
      '[object MessageChannel]',
      '',
      ['readonly attribute port1 0 true true', 'readonly attribute port2 0 true true'],
    ],
    [
      'MessagePort',
      0,
      '[object MessagePort]',
      'EventTarget',
      [
        'attribute onclose 0 true true',
        'attribute onmessage 0 true true',
        'attribute onmessageerror 0 true true',
        'function close 0 true true',
        'function postMessage 1 true true',
        'function start 0 true true',
      ],
    ],
    [
      'MessageEvent',
      1,
      '[object MessageEvent]',
      'Event',
      [
        'function initMessageEvent 1 true true',
        'readonly attribute data 0 true true',
        'readonly attribute lastEventId 0 true true',
        'readonly attribute origin 0 true true',
        'readonly attribute ports 0 true true',
        'readonly attribute source 0 true true',
      ],
    ],
  ]);
});

test('a channel has two ports, always the same, and nobody else makes one', async (t) => {
  await agrees(
    t,
    (thrownBy) => {
      const channel = new MessageChannel();
      return [
        channel.port1 === channel.port1,
        channel.port2 === channel.port2,
        channel.port1 !== channel.port2,
        channel.port1 instanceof MessagePort && channel.port1 instanceof EventTarget,
        thrownBy(() => new (MessagePort as never as new () => MessagePort)()),
        thrownBy(() => (MessageChannel as never as () => MessageChannel)()),
        thrownBy(() => {
          (channel.port1.postMessage as () => void)();
        }),
      ];
    },
    [true, true, true, true, 'TypeError', 'TypeError', 'TypeError'],
  );
});

test('a message is a copy, in an event of its own', async (t) => {
  await answers(t, async () => {
    const { port1, port2 } = new MessageChannel();
    const sent = { text: 'hello', list: [1, { deep: new Date(5) }], map: new Map([[1, new Set([2])]]) };
    const event = await new Promise<MessageEvent>((resolve) => {
      port2.onmessage = resolve;
      port1.postMessage(sent);
      sent.text = 'changed';
    });
    const { data } = event as unknown as { data: typeof sent };
    return [
      data,
      event instanceof MessageEvent,
      [event.type, event.isTrusted, event.bubbles, event.cancelable, event.target === port2],
      [event.origin, event.lastEventId, event.source, event.ports.length, Object.isFrozen(event.ports)],
      event.ports === event.ports,
    ];
  }, [
    { text: 'hello', list: [1, { deep: new Date(5) }], map: new Map([[1, new Set([2])]]) },
    true,
    ['message', true, false, false, true],
    ['', '', null, 0, true],
    true,
  ]);
});

test('messages wait until the port is started; a listener alone does not start it, a handler does', async (t) => {
  await answers(t, async () => {
    const log: string[] = [];
    const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
    const { port1, port2 } = new MessageChannel();
    port2.addEventListener('message', (event) =>
      log.push(`listener ${String((event as MessageEvent).data)}`),
    );
    port1.postMessage('a');
    port1.postMessage('b');
    await turn();
    log.push('start');
    port2.start();
    log.push('started');
    await turn();
    port1.onmessage = null;
    port2.postMessage('lost');
    await turn();
    const seen: string[] = [];
    port1.onmessage = (event) => void seen.push(event.data as string);
    port2.postMessage('c');
    port2.start();
    await turn();
    return [log, seen];
  }, [['start', 'started', 'listener a', 'listener b'], ['c']]);
});

test('each message is a task, in one order with timers, and promise jobs run between two', async (t) => {
  await answers(
    t,
    () =>
      new Promise<string[]>((resolve) => {
        const log: string[] = [];
        const { port1, port2 } = new MessageChannel();
        const other = new MessageChannel();
        port2.onmessage = ({ data }) => {
          log.push(data as string);
          queueMicrotask(() => log.push(`${String(data)} microtask`));
          if (data === 'b') {
            port1.postMessage('c');
            setTimeout(() => {
              resolve(log);
            }, 5);
          }
        };
        other.port2.onmessage = ({ data }) => log.push(data as string);
        setTimeout(() => log.push('timer set before'));
        port1.postMessage('a');
        other.port1.postMessage('other');
        port1.postMessage('b');
        setTimeout(() => log.push('timer set after'));
        queueMicrotask(() => log.push('microtask'));
        log.push('sync');
      }),
    [
      'sync',
      'microtask',
      'timer set before',
      'a',
      'a microtask',
      'other',
      'b',
      'b microtask',
      'timer set after',
      'c',
      'c microtask',
    ],
  );
});

test('what a listener throws is reported, and the next message comes', async (t) => {
  const seen = await runAll(
    t,
    () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port2.onmessage = ({ data }) => {
          if (data === 'bad') throw new Error('from a listener');
          resolve(data);
        };
        port1.postMessage('bad');
        port1.postMessage('good');
      }),
    [0],
  );
  assert.deepEqual(valuesOf(seen), ['good']);
  const [message] = seen.messages;
  assert.match(JSON.stringify(message), /Uncaught Error: from a listener/);
});

test('an ArrayBuffer is transferred, by either form of the argument', async (t) => {
  await agrees(t, async () => {
    const { port1, port2 } = new MessageChannel();
    const received: unknown[] = [];
    const buffers = [
      new Uint8Array([1, 2, 3]).buffer,
      new Uint8Array([4]).buffer,
      new Uint8Array([5]).buffer,
    ];
    const done = new Promise<void>((resolve) => {
      port2.onmessage = ({ data }) => {
        received.push([...new Uint8Array(data as ArrayBuffer)]);
        if (received.length === 3) resolve();
      };
    });
    port1.postMessage(buffers[0], [buffers[0]!]);
    port1.postMessage(buffers[1], { transfer: [buffers[1]!] });
    port1.postMessage(buffers[2], {});
    const lengths = buffers.map((buffer) => buffer.byteLength);
    await done;
    port1.close();
    port2.close();
    return [lengths, received];
  }, [
    [0, 0, 1],
    [[1, 2, 3], [4], [5]],
  ]);
});

test('what cannot be cloned or transferred is a DataCloneError, and nothing is sent', async (t) => {
  await answers(
    t,
    async (thrownBy) => {
      const { port1, port2 } = new MessageChannel();
      const other = new MessageChannel();
      const closed = new MessageChannel().port1;
      closed.close();
      const buffer = new ArrayBuffer(8);
      const detached = new ArrayBuffer(8);
      structuredClone(detached, { transfer: [detached] });
      const received: unknown[] = [];
      port2.onmessage = ({ data }) => void received.push(data);
      const attempts: (() => void)[] = [
        () => port1.postMessage(() => 1),
        () => port1.postMessage(Symbol('s')),
        () => port1.postMessage(other.port1),
        () => port1.postMessage(0, [{}] as never),
        () => port1.postMessage(0, [buffer, buffer]),
        () => port1.postMessage(0, [detached]),
        () => port1.postMessage(0, [port1]),
        () => port1.postMessage(0, [closed]),
        () => port1.postMessage(0, [other.port1, other.port1]),
        () => port1.postMessage(() => 1, [buffer]),
        () => port1.postMessage(0, [1] as never),
        () => port1.postMessage(0, 1 as never),
        () => port1.postMessage(0, { transfer: 1 } as never),
        () => port1.postMessage(0, { transfer: null } as never),
      ];
      const names = attempts.map(thrownBy);
      await new Promise((resolve) => setTimeout(resolve, 5));
      // Transferred by none of them.
      return [names, received, buffer.byteLength];
    },
    [[...new Array<string>(10).fill('DataCloneError'), ...new Array<string>(4).fill('TypeError')], [], 8],
  );
});

test('a port is transferred with what waits in it, and starts again disabled', async (t) => {
  await answers(t, async () => {
    const log: unknown[] = [];
    const { port1, port2 } = new MessageChannel();
    const carrier = new MessageChannel();
    port2.onmessage = () => void log.push('the old port');
    port1.postMessage('before');
    const moved = await new Promise<MessagePort>((resolve) => {
      carrier.port2.onmessage = (event) => {
        const { port } = event.data as { port: MessagePort };
        const { ports } = event;
        log.push(ports.length, ports[0] === port, port !== port2, port instanceof MessagePort);
        resolve(port);
      };
      carrier.port1.postMessage({ port: port2 }, [port2]);
      port1.postMessage('meanwhile');
    });
    port1.postMessage('after');
    await new Promise((resolve) => setTimeout(resolve, 5));
    log.push('not started');
    const received = new Promise<void>((resolve) => {
      moved.onmessage = ({ data, target }) => {
        log.push(data, target === moved);
        if (data === 'after') resolve();
      };
    });
    await received;
    const answered = new Promise((resolve) => {
      port1.onmessage = ({ data }) => {
        resolve(data);
      };
    });
    // The old object is none any more.
    port2.postMessage('from the old one');
    moved.postMessage('back');
    log.push(await answered);
    try {
      carrier.port1.postMessage(0, [port2]);
    } catch (error) {
      log.push((error as Error).name);
    }
    return log;
  }, [
    ...[1, true, true, true, 'not started'],
    ...['before', true, 'meanwhile', true, 'after', true],
    ...['back', 'DataCloneError'],
  ]);
});

test('structuredClone transfers a port, too', async (t) => {
  await agrees(t, async () => {
    const { port1, port2 } = new MessageChannel();
    const moved = structuredClone({ port: port2 }, { transfer: [port2 as never] }).port;
    const answer = await new Promise((resolve) => {
      moved.onmessage = ({ data }) => {
        resolve(data);
      };
      port1.postMessage('through');
    });
    port1.close();
    moved.close();
    return [answer, moved !== port2];
  }, ['through', true]);
});

test('a port sent through its own channel is lost, and so is the message', async (t) => {
  await answers(t, async () => {
    const { port1, port2 } = new MessageChannel();
    const received: unknown[] = [];
    port2.onmessage = ({ data }) => void received.push(data);
    port1.postMessage('doomed', [port2]);
    port1.postMessage('later');
    await new Promise((resolve) => setTimeout(resolve, 5));
    return received;
  }, []);
});

test('a closed port sends and gets nothing; what is under way arrives, then the other one hears of it', async (t) => {
  await answers(t, async () => {
    const log: unknown[] = [];
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => void log.push(`port1 ${String(data)}`);
    port1.onclose = () => void log.push('port1 close');
    port2.onmessage = ({ data }) => void log.push(`port2 ${String(data)}`);
    port2.onclose = (event) => void log.push(`port2 ${event.type} ${event.isTrusted}`);
    port1.postMessage('under way');
    port2.postMessage('under way');
    port1.close();
    log.push('closed');
    port1.close();
    port1.postMessage('too late');
    port2.postMessage('too late');
    const buffer = new ArrayBuffer(8);
    port1.postMessage(0, [buffer]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return [log, buffer.byteLength];
  }, [['closed', 'port2 under way', 'port1 under way', 'port2 close true'], 0]);
});

test('handlers are attributes as HTML has them', async (t) => {
  await answers(t, async () => {
    const { port1, port2 } = new MessageChannel();
    const log: unknown[] = [];
    const object = {};
    port2.onmessage = object as never;
    log.push(port2.onmessage === (object as never));
    port2.onmessage = 'text' as never;
    log.push(port2.onmessage, port2.onmessageerror, port2.onclose);
    port2.onmessage = () => log.push('replaced');
    port2.addEventListener('message', () => log.push('listener'));
    // It keeps the place of the one before.
    port2.onmessage = function (this: unknown) {
      log.push(this === port2);
    };
    port1.postMessage(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    port2.onmessage = null;
    port1.postMessage(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return log;
  }, [true, null, null, null, true, 'listener', 'listener']);
});

test('a MessageEvent as it is made', async (t) => {
  await answers(
    t,
    (thrownBy) => {
      const { port1, port2 } = new MessageChannel();
      const order: string[] = [];
      const init = Object.fromEntries(
        ['source', 'ports', 'origin', 'lastEventId', 'data', 'composed', 'cancelable', 'bubbles'].map(
          (key) => [key, 0],
        ),
      );
      const values: Record<string, unknown> = {
        ...{ source: port1, ports: new Set([port2]), origin: 'lone \ud800', lastEventId: 7, data: undefined },
        ...{ composed: 0, cancelable: 1, bubbles: 'yes' },
      };
      for (const key of Object.keys(init)) {
        Object.defineProperty(init, key, {
          get: () => {
            order.push(key);
            return values[key];
          },
        });
      }
      const plain = new MessageEvent('plain');
      const full = new MessageEvent('full', init);
      const attempts: (() => unknown)[] = [
        () => new (MessageEvent as never as new () => MessageEvent)(),
        () => new MessageEvent('x', { source: {} as never }),
        () => new MessageEvent('x', { ports: [{}] as never }),
        () => new MessageEvent('x', { ports: null as never }),
        () => Reflect.apply(MessageEvent.prototype.initMessageEvent, new Event('x'), ['y']),
      ];
      const names = attempts.map(thrownBy);
      return [
        [plain.data, plain.origin, plain.lastEventId, plain.source, plain.ports.length, plain.isTrusted],
        [
          full.data,
          full.origin,
          full.lastEventId,
          full.source === port1,
          full.ports[0] === port2,
          full.cancelable,
        ],
        order,
        names,
      ];
    },
    [
      [null, '', '', null, 0, false],
      [null, 'lone \ufffd', '7', true, true, true],
      ['bubbles', 'cancelable', 'composed', 'data', 'lastEventId', 'origin', 'ports', 'source'],
      new Array<string>(5).fill('TypeError'),
    ],
  );
});

test('initMessageEvent initializes an event that is not on its way', async (t) => {
  await answers(t, () => {
    const event = new MessageEvent('one', { data: 1, lastEventId: 'a' });
    const { port1 } = new MessageChannel();
    event.initMessageEvent('two', true, false, 2, 'origin', 'b', port1, [port1]);
    const after = [
      event.type,
      event.bubbles,
      event.data,
      event.origin,
      event.lastEventId,
      event.ports.length,
    ];
    const target = new EventTarget();
    target.addEventListener('two', () => {
      event.initMessageEvent('three', false, false, 3);
    });
    target.dispatchEvent(event);
    const during = [event.type, event.data];
    event.initMessageEvent('four');
    return [after, during, [event.type, event.data, event.source, event.ports.length]];
  }, [
    ['two', true, 2, 'origin', 'b', 1],
    ['two', 2],
    ['four', null, null, 0],
  ]);
});

test('a Slice waits for messages, and for nothing else of a channel', async (t) => {
  const work = `(datum) => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    if (datum === 'none') port2.onmessage = resolve;
    else if (datum === 'not started') port1.postMessage(0);
    else {
      // Back and forth, with nothing but messages pending.
      port2.onmessage = ({ data }) => { if (data === 1000) resolve(data); else port2.postMessage(data + 1); };
      port1.onmessage = ({ data }) => port1.postMessage(data);
      port1.postMessage(0);
    }
  })`;
  const seen = await runAll(t, work, ['pending', 'none', 'not started', 'pending']);
  assert.deepEqual([seen.values.get(1), seen.values.get(4)], [1000, 1000]);
  for (const slice of [2, 3]) assert.equal(seen.failures.get(slice)?.code, 'ENOPROGRESS');
});

test('messages end with their Slice, ports and their listeners do not', async (t) => {
  const work = `async (datum) => {
    globalThis.log ??= [];
    if (datum === 0) {
      globalThis.channel = new MessageChannel();
      globalThis.waiting = new MessageChannel();
      channel.port2.onmessage = ({ data }) => log.push(data);
      channel.port1.postMessage('of the first, pending');
      waiting.port1.postMessage('of the first, not started');
      return 'first';
    }
    channel.port1.postMessage('of the second');
    waiting.port1.postMessage('of the second, too');
    waiting.port2.onmessage = ({ data }) => log.push(data);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return log;
  }`;
  const seen = await runAll(t, work, [0, 1]);
  assert.deepEqual(valuesOf(seen), ['first', ['of the second', 'of the second, too']]);
});

test('many messages count as no timers', async (t) => {
  const work = `() => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    let count = 0;
    port2.onmessage = () => { if (++count === 30000) resolve(count); };
    for (let index = 0; index < 30000; index++) port1.postMessage(index);
  })`;
  assert.deepEqual(valuesOf(await runAll(t, work, [0])), [30_000]);
});

test('ports that nobody has any more are garbage', async (t) => {
  const work = `async () => {
    for (let turn = 0; turn < 40; turn++) {
      for (let index = 0; index < 50; index++) {
        const { port1, port2 } = new MessageChannel();
        port2.onmessage = () => port1;
        // Entangled, listening, and with a megabyte on its way or in its queue.
        (index % 2 ? port1 : port2).postMessage(new Uint8Array(1 << 20));
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
    return 'done';
  }`;
  const seen = await runAll(t, work, [0], { sandbox: { heapMiB: 64, bufferMiB: 256 } });
  assert.deepEqual(valuesOf(seen), ['done'], String(seen.end?.error));
});

test('what the Work Function has made of ordinary intrinsics does not matter', async (t) => {
  await answers(
    t,
    () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        const prototype = Array.prototype as unknown as Record<PropertyKey, unknown>;
        const spoiled = [Symbol.iterator, 'push', 'shift', 'map', 'filter', 'forEach', 'slice'] as const;
        const before = spoiled.map((key) => prototype[key]);
        for (let index = 0; index < spoiled.length; index++) {
          prototype[spoiled[index]!] = () => {
            throw new Error('called what the Work Function has spoiled');
          };
        }
        port2.onmessage = (event) => {
          const { length } = event.ports;
          for (let index = 0; index < spoiled.length; index++) prototype[spoiled[index]!] = before[index];
          resolve([event.data, length]);
        };
        port1.postMessage('fine');
      }),
    ['fine', 0],
  );
});
