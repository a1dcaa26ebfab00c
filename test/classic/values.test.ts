/** Which values a Slice gets and gives: what KVIN makes of them, no more and no less. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadClient } from './support/generation.js';
import { assigned } from './support/sandbox.js';

const TYPED_ARRAYS = {
  Int8Array: '-128, -1, 127',
  Uint8Array: '0, 1, 255',
  Uint8ClampedArray: '0, 128, 255',
  Int16Array: '-32768, 300',
  Uint16Array: '65535, 10',
  Int32Array: '-70000, 2147483647',
  Uint32Array: '4294967295, 13',
  Float32Array: '1.5, NaN, -Infinity',
  Float64Array: '0.1, NaN, Infinity, 5e-324',
  BigInt64Array: '-1n, 2n ** 62n',
  BigUint64Array: '18446744073709551615n',
};

/** Expressions, because the same value is made on both sides. */
const VALUES: readonly (readonly [name: string, expression: string])[] = [
  ['undefined', 'undefined'],
  ['null', 'null'],
  ['NaN and the infinities', '[NaN, Infinity, -Infinity]'],
  ['-0', '-0'],
  ['BigInt', '[0n, -1n, 2n ** 70n]'],
  ['strings', String.raw`['', '\n\t\0', 'é\u2028\u2029\u{1F600}', '\ud800']`],
  ['Date', 'new Date(86400000)'],
  ['Map and Set', 'new Map([["a", 1], [{ b: 2 }, new Set([3, "x"])]])'],
  ['RegExp', '/a+b/giu'],
  ['holes and undefined', '[1, , undefined, { a: undefined }]'],
  ['wrapped primitives', '[new Number(1), new String("s"), new Boolean(false)]'],
  ['cycles', '(() => { const o = { name: "o" }; o.self = o; o.list = [o]; return o; })()'],
  ['one object twice', '(() => { const a = [1]; return [a, a]; })()'],
  ['nested objects', '({ a: { b: { c: [1, { d: "e" }] } } })'],
  ['DataView', 'new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)'],
  ['a view into a buffer', 'new Uint16Array(new Uint8Array([9, 9, 1, 0, 2, 0, 9, 9]).buffer, 2, 2)'],
  ['a large typed array', 'Float64Array.from({ length: 100000 }, (_, index) => index / 3)'],
  ...Object.entries(TYPED_ARRAYS).map(([name, list]) => [name, `new ${name}([${list}])`] as const),
];

const evaluate = (expression: string): unknown => (0, eval)(`(${expression})`);

/** A value that went one way. */
async function carried(value: unknown): Promise<unknown> {
  const { kvin } = await loadClient();
  const message = JSON.stringify(kvin.marshal({ value }));
  return (kvin.unmarshal(JSON.parse(message)) as { value: unknown }).value;
}

test('a Slice gets and gives back every kind of value', async (t) => {
  const sandbox = await assigned(t, (value: unknown) => value);
  for (const [name, expression] of VALUES) {
    const value = evaluate(expression);
    assert.deepEqual(await sandbox.result(value), await carried(await carried(value)), name);
  }
});

test('a Slice makes every kind of value', async (t) => {
  const sandbox = await assigned(t, (expression: string) => (0, eval)(`(${expression})`) as unknown);
  for (const [name, expression] of VALUES)
    assert.deepEqual(await sandbox.result(expression), await carried(evaluate(expression)), name);
});

test('what a Slice gets is of its own realm', async (t) => {
  const sandbox = await assigned(t, (values: unknown[]) =>
    values.map((value) => [
      value instanceof Object,
      Object.prototype.toString.call(value),
      (value as object).constructor ===
        (globalThis as Record<string, unknown>)[(value as object).constructor.name],
    ]),
  );
  const values = [[], {}, new Map(), new Set(), new Date(0), new Uint8Array(1), new BigInt64Array(1)];
  const answer = await sandbox.result(values);
  assert.deepEqual(
    answer,
    values.map((value) => [true, Object.prototype.toString.call(value), true]),
  );
});

// Its class is not carried: the stack alone tells what it was.
test('an Error keeps its message, stack and code both ways', async (t) => {
  const sandbox = await assigned(t, (error: Error & { code: string }) => {
    const made = Object.assign(new TypeError(`${error.message}, again`), { code: `${error.code}2` });
    return { made, stack: error.stack, isError: error instanceof Error };
  });
  const error = Object.assign(new RangeError('out'), { code: 'E' });
  const answer = (await sandbox.result(error)) as {
    made: Error & { code: string };
    stack: string;
    isError: boolean;
  };
  assert.equal(answer.isError, true);
  assert.equal(answer.stack, error.stack);
  assert.ok(answer.made instanceof Error);
  assert.deepEqual([answer.made.message, answer.made.code], ['out, again', 'E2']);
  assert.match(answer.made.stack!, /^TypeError: out, again\n +at /);
});

test('what cannot be carried is a sandboxError, and the next Slice is done', async (t) => {
  const sandbox = await assigned(t, (n: number) =>
    n === 1
      ? {
          get never(): number {
            throw new Error('not to be read');
          },
        }
      : n,
  );
  const ending = (await sandbox.run(1)).at(-1)!;
  assert.equal(ending.request, 'sandboxError');
  assert.equal((ending['error'] as Error).message, 'not to be read');
  assert.equal(await sandbox.result(2), 2);
});
