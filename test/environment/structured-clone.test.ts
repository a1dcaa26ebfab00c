/** structuredClone, from https://html.spec.whatwg.org/#safe-passing-of-structured-data. Node's is the oracle. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf } from '../evaluator/support.js';
import { runAll } from '../evaluator/tested.js';
import { agrees, answers, inSandbox } from './oracle.js';

/** TypeScript has it only with the whole DOM. */
interface Wasm {
  readonly Memory: new (type: object) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
}

test('values with internal slots are copied by these, whatever their properties say', async (t) => {
  await agrees(t, () => {
    const date = Object.assign(new Date(5), { extra: 1 });
    const expression = Object.assign(/a(?<n>b)/giu, { lastIndex: 3 });
    const { copiedDate, copiedExpression, boxes, map, set, nothing } = structuredClone({
      copiedDate: date,
      copiedExpression: expression,
      boxes: [Object(1), Object('s'), Object(false), Object(2n)] as object[],
      map: new Map<unknown, unknown>([[{ k: 1 }, new Set([1])]]),
      set: new Set([NaN, -0]),
      nothing: [undefined, null, -0, 10n],
    });
    return [
      [copiedDate instanceof Date, copiedDate.getTime(), 'extra' in copiedDate],
      [String(copiedExpression), copiedExpression.lastIndex],
      boxes.map((box) => [typeof box, typeof box.valueOf(), `${box.valueOf() as string}`]),
      [...map].map(([key, value]) => [JSON.stringify(key), (value as Set<number>).has(1)]),
      [...set].length,
      [nothing[0], nothing[1], Object.is(nothing[2], -0), typeof nothing[3]],
    ];
  }, [
    [true, 5, false],
    ['/a(?<n>b)/giu', 0],
    [
      ['object', 'number', '1'],
      ['object', 'string', 's'],
      ['object', 'boolean', 'false'],
      ['object', 'bigint', '2'],
    ],
    [['{"k":1}', true]],
    2,
    [undefined, null, true, 'bigint'],
  ]);
});

test('plain copies: own enumerable string keys, in order, no prototypes, no accessors; holes and extra keys of arrays', async (t) => {
  await agrees(t, () => {
    class Point {
      x = 1;
      get y(): number {
        return this.x + 1;
      }
    }
    const source = Object.defineProperty(
      {
        b: 1,
        a: 2,
        [Symbol('s')]: 3,
        get c() {
          return 4;
        },
      },
      'hidden',
      { value: 5 },
    );
    const copy = structuredClone(source);
    const array = Object.assign([1, , 3], { extra: 'e' });
    array.length = 5;
    const list = structuredClone(array) as unknown[] & { extra: string };
    const point = structuredClone(new Point());
    const odd = structuredClone(JSON.parse('{"__proto__":{"p":1},"constructor":2}') as object);
    return [
      Object.entries(copy),
      typeof Object.getOwnPropertyDescriptor(copy, 'c')!.value,
      [list.length, 1 in list, list.extra, Object.keys(list)],
      [Object.getPrototypeOf(point) === Object.prototype, Object.keys(point)],
      [Object.getPrototypeOf(odd) === Object.prototype, Object.keys(odd)],
      Object.getPrototypeOf(structuredClone(Object.create(null))) === Object.prototype,
    ];
  }, [
    [
      ['b', 1],
      ['a', 2],
      ['c', 4],
    ],
    'number',
    [5, false, 'e', ['0', '2', 'extra']],
    [true, ['x']],
    [true, ['__proto__', 'constructor']],
    true,
  ]);
});

test('the same object twice is the same object twice, and cycles stay cycles', async (t) => {
  await agrees(t, () => {
    const shared = { deep: 1 };
    const value: Record<string, unknown> = { one: shared, two: [shared], map: new Map() };
    value.self = value;
    (value.map as Map<unknown, unknown>).set(value.map, value);
    const copy = structuredClone(value) as Record<string, unknown[]> & {
      self: unknown;
      map: Map<unknown, unknown>;
    };
    return [
      copy.self === copy,
      copy.one === copy.two![0],
      (copy.one as unknown) !== shared,
      copy.map.get(copy.map) === copy,
    ];
  }, [true, true, true, true]);
});

test('errors keep name, message, stack and cause', async (t) => {
  await answers(t, () => {
    class Mine extends TypeError {}
    const error = new RangeError('why', { cause: { a: 1 } });
    Object.assign(error, { extra: 1 });
    const copy = structuredClone(error);
    const odd = new Error('x');
    odd.name = 'Odd';
    const silent = new SyntaxError();
    Object.defineProperty(silent, 'message', { get: () => 'got' });
    return [
      [copy instanceof RangeError, copy.message, copy.stack === error.stack, 'extra' in copy],
      [copy.cause, Object.keys(copy)],
      [structuredClone(new Mine('m')) instanceof TypeError, structuredClone(odd).name],
      [structuredClone(silent) instanceof SyntaxError, structuredClone(silent).message],
    ];
  }, [
    [true, 'why', true, false],
    [{ a: 1 }, []],
    [true, 'Error'],
    [true, ''],
  ]);
});

test('buffers are copied; views keep type, place and company', async (t) => {
  await agrees(t, () => {
    const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
    const source = [
      new Uint8Array(buffer, 1, 3),
      new DataView(buffer, 4),
      buffer,
      new BigInt64Array(1),
      new Float32Array(2),
    ];
    const copy = structuredClone(source) as [Uint8Array, DataView, ArrayBuffer, BigInt64Array, Float32Array];
    new Uint8Array(buffer).fill(0);
    return [
      [...copy[0]],
      [copy[1].byteOffset, copy[1].byteLength, copy[1].getUint8(0)],
      copy[0].buffer === copy[2] && copy[1].buffer === copy[2] && (copy[2] as object) !== buffer,
      [copy[3].constructor.name, copy[4].constructor.name],
    ];
  }, [[2, 3, 4], [4, 4, 5], true, ['BigInt64Array', 'Float32Array']]);
});

test('a resizable buffer stays resizable', async (t) => {
  await answers(t, () => {
    type Resizable = ArrayBuffer & { resize(bytes: number): void; maxByteLength: number };
    const Make = ArrayBuffer as unknown as new (bytes: number, options: object) => Resizable;
    const copy = structuredClone(new Make(4, { maxByteLength: 16 }));
    copy.resize(8);
    return [copy.byteLength, copy.maxByteLength];
  }, [8, 16]);
});

test('a view that is out of the bounds of its buffer is a DataCloneError', async (t) => {
  await agrees(
    t,
    (thrownBy) => {
      type Resizable = ArrayBuffer & { resize(bytes: number): void };
      const Make = ArrayBuffer as unknown as new (bytes: number, options: object) => Resizable;
      const buffer = new Make(16, { maxByteLength: 32 });
      const views = [
        ...[new Uint8Array(buffer, 8, 8), new BigInt64Array(buffer, 0, 1), new DataView(buffer, 8)],
        ...[new Uint8Array(buffer, 0, 0), new BigInt64Array(buffer, 0, 0), new DataView(buffer, 4)],
      ];
      buffer.resize(4);
      return views.map((view) => thrownBy(() => structuredClone(view)));
    },
    [...new Array<string>(3).fill('DataCloneError'), ...new Array<string>(3).fill('nothing')],
  );
});

test('a transferred buffer moves: its memory is the same, the source is detached, views follow', async (t) => {
  await agrees(t, () => {
    const buffer = new ArrayBuffer(16);
    const view = new Uint16Array(buffer, 2, 3);
    view[0] = 7;
    const map = new Map<unknown, unknown>([
      [view, buffer],
      ['after', 1],
    ]);
    const copy = structuredClone(
      { before: 1, view, map, set: new Set([buffer]), error: new Error('e', { cause: view }), buffer },
      { transfer: [buffer] },
    );
    const [[key, entry]] = [...copy.map] as [[Uint16Array, ArrayBuffer]];
    return [
      [buffer.byteLength, view.length],
      [...copy.view, copy.view.byteOffset, copy.buffer.byteLength],
      [copy.view.buffer === copy.buffer, key === copy.view, entry === copy.buffer, copy.set.has(copy.buffer)],
      (copy.error.cause as object) === copy.view,
      [Object.keys(copy), [...copy.map.keys()].length],
    ];
  }, [
    [0, 0],
    [7, 0, 0, 2, 16],
    [true, true, true, true],
    true,
    [['before', 'view', 'map', 'set', 'error', 'buffer'], 2],
  ]);
});

test('a transfer takes no memory: half of all there is can be transferred many times', async (t) => {
  assert.equal(
    await inSandbox(
      t,
      () => {
        let buffer = new ArrayBuffer(40 << 20);
        for (let turn = 0; turn < 200; turn++) {
          const next = structuredClone(buffer, { transfer: [buffer] });
          if (buffer.byteLength !== 0) throw new Error('not detached');
          buffer = next;
        }
        return buffer.byteLength;
      },
      { sandbox: { bufferMiB: 64 } },
    ),
    40 << 20,
  );
});

test('the datum itself can be transferred and returned', async (t) => {
  const work = `() => {
    const bytes = new Uint8Array(1 << 20).fill(3);
    return structuredClone(bytes, { transfer: [bytes.buffer] });
  }`;
  const bytes = await inSandbox<Uint8Array>(t, work);
  assert.deepEqual([bytes.length, bytes[5]], [1 << 20, 3]);
});

test('what cannot be cloned is a DataCloneError that says what, and detaches nothing', async (t) => {
  const messages = await inSandbox(t, () => {
    const detached = new ArrayBuffer(8);
    const orphan = new Uint8Array(detached);
    structuredClone(0, { transfer: [detached] });
    const values: unknown[] = [
      ...[
        function named() {},
        () => 1,
        Symbol('text'),
        Object(Symbol('boxed')) as unknown,
        new Proxy({}, {}),
      ],
      ...[Promise.resolve(), new WeakMap(), new WeakSet(), new WeakRef({}), (function* () {})(), [].values()],
      ...[new Map().keys(), new FinalizationRegistry(() => {}), detached, orphan, crypto],
      ...[new URL('a:b'), new Event('e'), new AbortController().signal, performance, new TextDecoder()],
      globalThis,
    ];
    const kept = new ArrayBuffer(4);
    return values.map((value) => {
      try {
        structuredClone({ deep: [value] }, { transfer: [kept] });
        return `cloned ${Object.prototype.toString.call(value)}`;
      } catch (error) {
        if (!(error instanceof DOMException) || error.name !== 'DataCloneError') return String(error);
        return kept.byteLength === 4 ? error.message : 'detached';
      }
    });
  });
  assert.deepEqual(messages, [
    ...[
      'function named could not be cloned.',
      'function  could not be cloned.',
      'Symbol(text) could not be cloned.',
    ],
    ...[
      '#<Symbol> could not be cloned.',
      '#<Object> could not be cloned.',
      '#<Promise> could not be cloned.',
    ],
    ...[
      '#<WeakMap> could not be cloned.',
      '#<WeakSet> could not be cloned.',
      '#<WeakRef> could not be cloned.',
    ],
    ...messages.slice(9, 12),
    '#<FinalizationRegistry> could not be cloned.',
    'An ArrayBuffer is detached and could not be cloned.',
    'An ArrayBuffer is detached and could not be cloned.',
    ...['#<Crypto> could not be cloned.', '#<URL> could not be cloned.', '#<Event> could not be cloned.'],
    ...[
      '#<AbortSignal> could not be cloned.',
      '#<Performance> could not be cloned.',
      '#<TextDecoder> could not be cloned.',
    ],
    '#<global> could not be cloned.',
  ]);
  for (const message of messages.slice(9, 12)) assert.match(message, /^#<.*> could not be cloned\.$/);
});

test('a transfer list takes ArrayBuffers, each once and attached', async (t) => {
  await answers(t, () => {
    const detached = new ArrayBuffer(1);
    structuredClone(0, { transfer: [detached] });
    const twice = new ArrayBuffer(1);
    const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Wasm };
    const { buffer } = new wasm.Memory({ initial: 1 });
    const lists: unknown[] = [
      [{}],
      [new Uint8Array(1)],
      [twice, twice],
      [detached],
      [buffer],
      [1],
      [null],
      5,
      'text',
      {},
    ];
    const names = lists.map((transfer) => {
      try {
        structuredClone(0, { transfer: transfer as never });
        return 'fine';
      } catch (error) {
        return (error as Error).name;
      }
    });
    return [names, twice.byteLength, buffer.byteLength];
  }, [
    [...new Array<string>(4).fill('DataCloneError'), ...new Array<string>(6).fill('TypeError')],
    1,
    65_536,
  ]);
});

test('getters run once, in order, and see nothing of the copy; what they throw is thrown', async (t) => {
  await answers(t, () => {
    const order: string[] = [];
    const value: Record<string, unknown> = {
      get a() {
        order.push('a');
        delete value.b;
        value.late = 1;
        return {
          get inner() {
            order.push('inner');
            return 1;
          },
        };
      },
      b: 2,
      get c() {
        order.push('c');
        return 3;
      },
    };
    const copy = structuredClone(value);
    let thrown: unknown;
    try {
      structuredClone({
        get x() {
          // eslint-disable-next-line @typescript-eslint/only-throw-error
          throw 'mine';
        },
      });
    } catch (error) {
      thrown = error;
    }
    const buffer = new ArrayBuffer(8);
    let name = '';
    try {
      structuredClone(
        {
          get x() {
            structuredClone(0, { transfer: [buffer] });
            return 1;
          },
        },
        { transfer: [buffer] },
      );
    } catch (error) {
      name = (error as Error).name;
    }
    return [order, copy, thrown, name];
  }, [['a', 'inner', 'c'], { a: { inner: 1 }, c: 3 }, 'mine', 'DataCloneError']);
});

test('too deep, and too large, are RangeErrors, and the Sandbox goes on', async (t) => {
  assert.deepEqual(
    await inSandbox(
      t,
      () => {
        let deep: unknown[] = [];
        for (let level = 0; level < 1e5; level++) deep = [deep];
        return [deep, new Uint8Array(40 << 20)]
          .map((value) => {
            try {
              structuredClone(value);
              return 'fine';
            } catch (error) {
              return (error as Error).name;
            }
          })
          .concat(String(structuredClone('fine')));
      },
      { sandbox: { bufferMiB: 64 } },
    ),
    ['RangeError', 'RangeError', 'fine'],
  );
});

test('a DOMException is serializable; what only has its prototype is a plain object', async (t) => {
  await answers(t, () => {
    const error = new DOMException('m', 'AbortError');
    class Mine extends DOMException {}
    const copy = structuredClone(error);
    const fake = structuredClone(Object.assign(Object.create(DOMException.prototype) as object, { own: 1 }));
    return [
      [
        copy instanceof DOMException,
        copy.name,
        copy.message,
        copy.code,
        copy.stack === error.stack,
        copy !== error,
      ],
      Object.getPrototypeOf(structuredClone(new Mine('x'))) === DOMException.prototype,
      [Object.getPrototypeOf(fake) === Object.prototype, Object.keys(fake)],
    ];
  }, [[true, 'AbortError', 'm', 20, true, true], true, [true, ['own']]]);
});

test('shared memory stays shared, a WebAssembly.Module is copied', async (t) => {
  const shared = { job: { requirements: { environment: { sharedArrayBuffer: true } } } };
  const work = (): unknown => {
    const memory = new SharedArrayBuffer(4);
    const copy = structuredClone(memory);
    new Uint8Array(memory)[1] = 9;
    const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Wasm };
    const module = new wasm.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    let name = '';
    try {
      structuredClone(0, { transfer: [memory as never] });
    } catch (error) {
      name = (error as Error).name;
    }
    return [copy !== memory, new Uint8Array(copy)[1], structuredClone(module) instanceof wasm.Module, name];
  };
  assert.deepEqual(await inSandbox(t, work, shared), [true, 9, true, 'DataCloneError']);
});

test('what the Work Function has made of prototypes does not reach a copy', async (t) => {
  await answers(t, () => {
    const proto = Object.prototype as Record<string, unknown>;
    Object.defineProperty(proto, 'x', {
      set: () => {
        throw new Error('reached');
      },
      configurable: true,
    });
    Object.defineProperty(Array.prototype, '0', {
      set: () => {
        throw new Error('reached');
      },
      configurable: true,
    });
    Map.prototype.set = Set.prototype.add = () => {
      throw new Error('reached');
    };
    try {
      const copy = structuredClone({ x: [1], set: new Set<number>(), map: new Map<number, number>() });
      return [Object.keys(copy), copy.x[0]];
    } finally {
      delete proto.x;
      Reflect.deleteProperty(Array.prototype, 0);
    }
  }, [['x', 'set', 'map'], 1]);
});

test('large Maps, Sets and arrays are copied within the time of a Slice', async (t) => {
  const work = `() => {
    const count = 300_000;
    const numbers = Array.from({ length: count }, (_, i) => i);
    const map = structuredClone(new Map(numbers.map((i) => [i, { i }])));
    const set = structuredClone(new Set(numbers.map((i) => ({ i }))));
    const array = structuredClone(numbers);
    return [map.size, map.get(count - 1).i, set.size, [...set][count - 1].i, array.length, array[count - 1]];
  }`;
  const seen = await runAll(t, work, [0], { limits: { sliceTimeoutMs: 12_000 } });
  assert.deepEqual(valuesOf(seen), [[300_000, 299_999, 300_000, 299_999, 300_000, 299_999]]);
});

test('Maps, Sets and arrays of plain values and objects mixed keep their order, also where prototypes have setters', async (t) => {
  await agrees(t, () => {
    const log: unknown[] = [];
    const key = { a: 1 };
    const map = new Map<unknown, unknown>([
      ['first', 1],
      [key, 2],
      ['third', key],
    ]);
    const set = new Set<unknown>([1, key, 'x']);
    map.set('itself', map).set('set', set);
    set.add(map);
    Object.defineProperty(key, 'late', {
      enumerable: true,
      get() {
        map.delete('third');
        map.set('too late', 0);
        set.delete('x');
        return 'read once';
      },
    });
    const array: unknown[] = [1, , key, 'x'];
    Object.assign(array, { extra: 2 });
    const dense: unknown[] = [1, 2, 3];
    Object.defineProperty(dense, 0, {
      enumerable: true,
      get() {
        Reflect.deleteProperty(dense, 1);
        dense[7] = 'new';
        return 0;
      },
    });
    const hidden = Object.defineProperty([1, 2, 3], 1, { value: 2, enumerable: false });
    Object.defineProperty(Array.prototype, 1, { configurable: true, set: () => log.push('set') });
    const buffer = new ArrayBuffer(8);
    let copies: [Map<unknown, unknown>, Set<unknown>, unknown[], unknown[], unknown[]];
    let moved: Map<unknown, unknown>;
    try {
      copies = structuredClone([map, set, array, dense, hidden]);
      moved = structuredClone(
        new Map<unknown, unknown>([
          ['a', 1],
          [buffer, buffer],
          ['b', new Uint8Array(buffer)],
        ]),
        { transfer: [buffer] },
      );
    } finally {
      Reflect.deleteProperty(Array.prototype, 1);
    }
    const [ofMap, ofSet, ofArray, ofDense, ofHidden] = copies;
    const [kept] = [...ofMap.keys()].slice(1, 2) as [typeof key];
    log.push(
      [...ofMap.keys()].map((one) => (one === kept ? 'key' : one)),
      ofMap.get('third') === kept,
      ofMap.get('itself') === ofMap,
      [...ofSet].map((one) => (one === kept ? 'key' : one === ofMap ? 'map' : one)),
      ofArray[2] === kept,
      Object.keys(ofArray),
      [Object.keys(ofDense), ofDense.length],
      [Object.keys(ofHidden), ofHidden.length],
      [...moved.keys()].map((one) => (one instanceof ArrayBuffer ? one.byteLength : one)),
      [...moved.keys()][1] === [...moved.values()][1],
      (moved.get('b') as Uint8Array).buffer === [...moved.keys()][1],
    );
    return log;
  }, [
    ['first', 'key', 'third', 'itself', 'set'],
    true,
    true,
    [1, 'key', 'map'],
    true,
    ['0', '2', '3', 'extra'],
    [['0', '2'], 3],
    [['0', '2'], 3],
    ['a', 8, 'b'],
    true,
    true,
  ]);
});

test('arguments are as Web IDL has them', async (t) => {
  await answers(
    t,
    (thrownBy) => {
      const names = [
        () => (structuredClone as () => void)(),
        () => structuredClone(1, 5 as never),
        () => structuredClone(1, { transfer: null as never }),
        () => new (structuredClone as unknown as new (value: number) => object)(1),
      ].map(thrownBy);
      return [names, structuredClone.length, structuredClone.name, structuredClone(1, undefined)];
    },
    [new Array<string>(4).fill('TypeError'), 1, 'structuredClone', 1],
  );
});
