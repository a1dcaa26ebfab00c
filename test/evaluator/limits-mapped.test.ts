/** What takes mappings and addresses of the process, of which the kernel gives so many: it counts apart from its bytes. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bad, run, survives } from './limit-cases.js';
import { slices, start, type Started } from './support.js';
import { openEvaluator } from './tested.js';

const SANDBOX = { heapMiB: 128, bufferMiB: 512 };

/** A module with a memory of its own, which it does not export. */
const WITH_MEMORY = 'Uint8Array.of(0,97,115,109,1,0,0,0, 5,4,1,1,0,1)';

/** The same that exports it as `m`. */
const EXPORTS_MEMORY = 'Uint8Array.of(0,97,115,109,1,0,0,0, 5,4,1,1,0,1, 7,5,1,1,109,2,0)';

/** Declares `module(i)`: another small module for each i. */
const SMALL_MODULES = `const module = (i) =>
  new WebAssembly.Module(Uint8Array.of(0,97,115,109,1,0,0,0, 0,5,1, i & 127, (i >> 7) & 127, i >> 14, 65));`;

const TOO_MANY = 'there are too many resizable buffers, WebAssembly memories and modules';

const refusals: readonly (readonly [name: string, statement: string, what: string])[] = [
  [
    'resizable buffers',
    'const list = []; for (;;) list.push(new ArrayBuffer(1, { maxByteLength: 16384 }));',
    'ArrayBuffer',
  ],
  [
    'growable shared buffers',
    `const { constructor } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
     const list = []; for (;;) list.push(new constructor(1, { maxByteLength: 16384 }));`,
    'SharedArrayBuffer',
  ],
  [
    'copies of a resizable buffer',
    `const buffer = new ArrayBuffer(1, { maxByteLength: 16384 });
     const list = []; for (;;) list.push(structuredClone(buffer));`,
    'structuredClone',
  ],
  [
    'memories of no bytes',
    'const list = []; for (;;) list.push(new WebAssembly.Memory({ initial: 0, maximum: 1 }));',
    'WebAssembly.Memory',
  ],
  [
    'instances that have a memory',
    `const module = new WebAssembly.Module(${WITH_MEMORY});
     const list = []; for (;;) list.push(new WebAssembly.Instance(module));`,
    'WebAssembly.Instance',
  ],
  [
    'memories that instances left behind',
    `const module = new WebAssembly.Module(${EXPORTS_MEMORY});
     const list = []; for (;;) list.push(new WebAssembly.Instance(module).exports.m);`,
    'WebAssembly.Instance',
  ],
  [
    'instances that are all made at once, in the background',
    `return Promise.all(Array.from({ length: 1030 }, () => WebAssembly.instantiate(${WITH_MEMORY})));`,
    'WebAssembly.instantiate',
  ],
  [
    'modules',
    `${SMALL_MODULES} const list = []; for (let i = 0; ; i++) list.push(module(i));`,
    'WebAssembly.Module',
  ],
  [
    'copies of modules',
    `${SMALL_MODULES} const one = module(1); const list = []; for (;;) list.push(structuredClone(one));`,
    'structuredClone',
  ],
];
for (const [name, statement, what] of refusals) {
  test(`refuses too many of them: ${name}`, () =>
    survives(
      bad(statement),
      { code: 'EUNCAUGHT', name: 'RangeError', message: `${what}: ${TOO_MANY}` },
      { sandbox: SANDBOX },
    ));
}

test('counts no garbage, and nothing that failed', async () => {
  const work = bad(`
    ${SMALL_MODULES}
    const withMemory = new WebAssembly.Module(${WITH_MEMORY});
    const exportsMemory = new WebAssembly.Module(${EXPORTS_MEMORY});
    const fails = (make) => { try { make(); } catch { return; } throw new Error('made'); };
    return (async () => {
      for (let i = 0; i < 12_000; i++) {
        new ArrayBuffer(1, { maxByteLength: 16384 });
        fails(() => new ArrayBuffer(2, { maxByteLength: 1 }));
        if (i % 8 === 0) module(i);
        if (i % 4 === 0) {
          new WebAssembly.Memory({ initial: 0, maximum: 1 });
          new WebAssembly.Instance(withMemory);
          new WebAssembly.Instance(exportsMemory).exports.m.grow(1);
          fails(() => new WebAssembly.Memory({ initial: 2, maximum: 1 }));
          fails(() => new WebAssembly.Instance(withMemory, 1));
        }
        if (i % 64 === 0) {
          await WebAssembly.instantiate(withMemory);
          await WebAssembly.instantiate(${EXPORTS_MEMORY});
          await WebAssembly.instantiate(withMemory, 1).catch(() => {});
        }
      }
      return x;
    })();`);
  const { values, failures } = await run(work, { sandbox: SANDBOX });
  assert.deepEqual([values, failures], [{ 1: 'ok', 2: 'bad', 3: 'ok', 4: 'ok' }, {}]);
});

test('a Sandbox has its part, whatever others have taken', async (t) => {
  const evaluator = await openEvaluator(t);
  const work = `(most) => {
    const { length } = (globalThis.list ??= []);
    try { while (list.length < length + most) list.push(new WebAssembly.Memory({ initial: 0, maximum: 1 })); } catch {}
    return list.length - length;
  }`;
  const takers: Started[] = [];
  for (let index = 0; index < 7; index++) takers.push(await start(evaluator, work));
  const taken: unknown[] = [];
  for (const { sandbox, seen } of takers) {
    sandbox.run(slices([5000]));
    await seen.untilEnded(1);
    taken.push(seen.values.get(1));
  }
  // The last one finds that all together have had enough, and gets what each is sure of.
  assert.deepEqual(taken, [1024, 1024, 1024, 1024, 1024, 1024, 32]);
  takers[0]!.sandbox.dispose();
  await takers[0]!.seen.until(() => takers[0]!.seen.end !== null);
  const { sandbox, seen } = takers[6]!;
  sandbox.run(slices([500], 2));
  await seen.untilEnded(2);
  assert.equal(seen.values.get(2), 500, 'what a Sandbox had is there for others when it has ended');
});
