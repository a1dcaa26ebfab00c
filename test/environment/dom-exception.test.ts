/** DOMException, from https://webidl.spec.whatwg.org/#idl-DOMException. Node's is the oracle. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { agrees, inSandbox } from './oracle.js';

test('name, message and code', async (t) => {
  await agrees(
    t,
    () =>
      [
        new DOMException(),
        new DOMException('m', 'NotFoundError'),
        new DOMException('m', 'DataCloneError'),
        new DOMException('m', 'EncodingError'),
        new DOMException(undefined, undefined),
        new DOMException(null as never, 5 as never),
      ].map((e) => [e.name, e.message, e.code, String(e)]),
    [
      ['Error', '', 0, 'Error'],
      ['NotFoundError', 'm', 8, 'NotFoundError: m'],
      ['DataCloneError', 'm', 25, 'DataCloneError: m'],
      ['EncodingError', 'm', 0, 'EncodingError: m'],
      ['Error', '', 0, 'Error'],
      ['5', 'null', 0, '5: null'],
    ],
  );
});

test('it is an Error in all but its making', async (t) => {
  await agrees(t, () => {
    const e = new DOMException('m', 'AbortError');
    class Mine extends DOMException {}
    return [
      e instanceof Error,
      Object.getPrototypeOf(DOMException.prototype) === Error.prototype,
      Object.prototype.toString.call(e),
      typeof e.stack,
      Object.keys(e),
      new Mine('x') instanceof DOMException,
      Object.getOwnPropertyDescriptor(globalThis, 'DOMException')!.enumerable,
    ];
  }, [true, true, '[object DOMException]', 'string', [], true, false]);
});

test('constants stand on interface and prototype and cannot be changed', async (t) => {
  await agrees(t, () => {
    const names = Object.keys(DOMException);
    const same = names.every(
      (name) => (DOMException as never)[name] === (DOMException.prototype as never)[name],
    );
    const descriptor = Object.getOwnPropertyDescriptor(DOMException, 'ABORT_ERR')!;
    return [
      names.length,
      same,
      [DOMException.INDEX_SIZE_ERR, DOMException.VALIDATION_ERR, DOMException.DATA_CLONE_ERR],
      [descriptor.writable, descriptor.enumerable, descriptor.configurable],
    ];
  }, [25, true, [1, 16, 25], [false, true, false]]);
});

test('attributes are accessors of the prototype, for real exceptions only', async (t) => {
  await agrees(
    t,
    () =>
      ['name', 'message', 'code'].map((key) => {
        const descriptor = Object.getOwnPropertyDescriptor(DOMException.prototype, key)!;
        let error = '';
        try {
          Reflect.apply(descriptor.get!, Object.create(DOMException.prototype), []);
        } catch (thrown) {
          error = (thrown as Error).name;
        }
        return [typeof descriptor.get, typeof descriptor.set, descriptor.enumerable, error];
      }),
    [
      ['function', 'undefined', true, 'TypeError'],
      ['function', 'undefined', true, 'TypeError'],
      ['function', 'undefined', true, 'TypeError'],
    ],
  );
});

test('it needs new, and its stack begins with its name and the place it was made at', async (t) => {
  const [error, stack] = await inSandbox(t, () => {
    let message = '';
    try {
      (DOMException as unknown as () => void)();
    } catch (thrown) {
      message = (thrown as Error).name;
    }
    return [message, new DOMException('why', 'AbortError').stack!] as const;
  });
  assert.equal(error, 'TypeError');
  assert.match(stack, /^AbortError: why\n {4}at work-function\.js:/);
});
