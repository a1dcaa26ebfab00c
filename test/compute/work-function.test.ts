import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { compute } from '#src/compute/index.js';
import { workFunctionOrigin, workFunctionSource } from '#src/compute/work-function.js';

const OUTSIDE = Symbol('of the module');
const object = {
  method(this: void, n: number): number {
    return n + 1;
  },
  async asyncMethod(this: void, n: number): Promise<number> {
    return Promise.resolve(n + 1);
  },
  ['computed name'](this: void, n: number): number {
    return n + 1;
  },
  [Symbol.iterator](this: void, n: number): number {
    return n + 1;
  },
  async [OUTSIDE](this: void, n: number): Promise<number> {
    return Promise.resolve(n + 1);
  },
  arrow: (n: number): number => n + 1,
};

function declared(n: number): number {
  return n + 1; // with a comment
}

test('functions, arrow functions, methods and source text run', async () => {
  for (const work of [
    declared,
    object.method,
    object.asyncMethod,
    object['computed name'],
    object[Symbol.iterator],
    object[OUTSIDE],
    '[(n) => n + 1][0]',
    '{ add(n) { return n + 1; } }.add',
    '((m) => (n) => n + m)(1)',
    object.arrow,
    '(n) => n + 1;',
    'function (n) { return n + 1 } ',
    'async n => n + 1 // with a comment',
  ]) {
    const source = workFunctionSource(work);
    const run = (new Function(`return (${source}\n)`) as () => (n: number) => unknown)();
    assert.equal(await run(1), 2, source);
  }
  assert.deepEqual([...(await compute.for(1, 2, object.method).localExec(1))], [2, 3]);
});

test('what has no source of its own is refused, and why', () => {
  const refused = (work: unknown, message: RegExp): void => {
    assert.throws(
      () => workFunctionOrigin(work, path.resolve(import.meta.dirname, '../..')),
      (error: Error) => {
        assert.match(error.message, /^workFunction: /);
        assert.match(error.message, message);
        return true;
      },
    );
  };
  refused(declared.bind(null), /bound declared" is native or bound/);
  refused(Math.sqrt, /"sqrt" is native or bound/);
  refused(class Thing {}, /"Thing" is a class/);
  refused(function* generator() {}, /is a generator/);
  refused('return 5', /does not compile as an expression/);
  refused('(n) => {', /does not compile as an expression/);
  for (const data of [
    '42',
    '-1',
    '"text"',
    '`text`',
    '[1, 2]',
    '{ a: (n) => n }',
    'null',
    'undefined',
    'true',
    '1 + 1',
  ])
    refused(data, /expected the source text of a function, got "/);
  refused({ file: 'package.json' }, /package\.json: expected a module, got a file of JSON$/);
  refused(5, /expected a function, its source text, or a file .*, got 5$/);
  refused(null, /got null$/);
  refused(undefined, /got undefined/);
});
