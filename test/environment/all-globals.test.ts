/** docs/WORK_FUNCTIONS.md names every global there is, and none that is not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { valuesOf } from '../evaluator/support.js';
import { gpuMissing, runOnGpu } from '../gpu/support.js';
import { openGpuEvaluator } from '../gpu/tested.js';
import { inSandbox } from './oracle.js';

// Asked before there is a test: Node takes the tests for over when the first has ended and others are not there yet.
const noGpu = await gpuMissing();

type Support = 'yes' | 'no' | 'on demand' | 'with V8' | 'with WebGPU';

/** The list under "All globals": of each entry a line that begins with "There …, here …", and then the names. */
function documented(): Map<string, Support> {
  const text = readFileSync(new URL('../../docs/WORK_FUNCTIONS.md', import.meta.url), 'utf8');
  const section = /\n## All globals\n([^]*?)\n## /.exec(text)?.[1];
  assert.ok(section !== undefined, 'docs/WORK_FUNCTIONS.md has no section "All globals"');
  const names = new Map<string, Support>();
  for (const entry of section.split('\n- ').slice(1)) {
    const [head = '', globals] = entry.split('\n\n');
    const [, reference, here, why] = /^There ([\w ]+), here ([\w ]+)(: [^]+)?\.$/.exec(head) ?? [];
    assert.match(here ?? '', /^(yes|no|on demand|with V8|with WebGPU)$/, head);
    if (reference !== here) assert.ok(why !== undefined, `a difference without a reason: ${head}`);
    for (const [, name] of globals!.matchAll(/`([^`]+)`/g)) {
      assert.ok(!names.has(name!), `${name} is there twice`);
      names.set(name!, here as Support);
    }
  }
  return names;
}

/** Also asked outside of a Sandbox. */
const globalNames = (): string[] => Object.getOwnPropertyNames(globalThis);

/** Names with this support, and what V8 brings. */
function expected(table: ReadonlyMap<string, Support>, supports: readonly Support[]): string[] {
  const withV8 = (name: string): boolean => table.get(name) === 'with V8' && name in globalThis;
  return [...table.keys()].filter((name) => supports.includes(table.get(name)!) || withV8(name)).sort();
}

test('a Sandbox has the globals that are documented, and no others', async (t) => {
  const table = documented();
  const expect = (supports: readonly Support[]): string[] => expected(table, supports);

  assert.deepEqual((await inSandbox(t, globalNames)).sort(), expect(['yes']));
  const all = { job: { requirements: { environment: { sharedArrayBuffer: true } }, fetch: true } };
  assert.deepEqual((await inSandbox(t, globalNames, all)).sort(), expect(['yes', 'on demand']));
});

test('a Sandbox with WebGPU has its globals, too, and all can be used', { skip: noGpu }, async (t) => {
  const work = `() => Object.getOwnPropertyNames(globalThis).filter((name) => name === 'undefined' || globalThis[name] !== undefined)`;
  const [names] = valuesOf(await runOnGpu(await openGpuEvaluator(t), work, [0])) as [string[]];
  assert.deepEqual(names.sort(), expected(documented(), ['yes', 'with WebGPU']));
});

test('every global of the web can be used', async (t) => {
  const broken = await inSandbox(t, () =>
    Object.getOwnPropertyNames(globalThis).filter((name) => {
      try {
        const value = (globalThis as Record<string, unknown>)[name];
        return value === undefined && name !== 'undefined';
      } catch {
        return true;
      }
    }),
  );
  assert.deepEqual(broken, []);
});

test('every interface has its own name, and is the constructor of its prototype', async (t) => {
  const wrong = (): string[] =>
    Object.getOwnPropertyNames(globalThis).filter((name) => {
      const value = (globalThis as Record<string, unknown>)[name];
      if (!/^[A-Z]/.test(name) || typeof value !== 'function' || name === 'Proxy') return false;
      const { prototype } = value as { prototype: { constructor?: unknown } };
      return value.name !== name || prototype.constructor !== value;
    });
  assert.deepEqual(await inSandbox(t, wrong, { job: { fetch: true } }), []);
});

test('nothing more is found along the prototypes of the global object', async (t) => {
  const inherited = await inSandbox(t, () => {
    const names: string[] = [];
    for (
      let at = Object.getPrototypeOf(globalThis) as object | null;
      at;
      at = Object.getPrototypeOf(at) as object | null
    ) {
      if (at !== Object.prototype) names.push(...Object.getOwnPropertyNames(at));
    }
    return names;
  });
  assert.deepEqual(inherited, ['constructor']);
});
