/** What code that has broken out of V8 can do to anything but its own process: nothing, whichever thread it has. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { getSystemErrorName } from 'node:util';
import type { ConfinementOptions } from '#src/evaluator/index.js';
import { slices, start } from '../evaluator/support.js';
import { gpuMissing, WEBGPU } from '../gpu/support.js';
import type { Attempted, Where } from './attempts.js';
import {
  FILTER_ALONE,
  makeTargets,
  openBroken,
  UNCONFINED,
  type BrokenEvaluator,
} from './broken-evaluator.js';

/** What the page of this house promises. */
const LEAST = 40;

const softwareGpu = await gpuMissing();

/** The attempts by name; which of them succeed where nothing keeps them from it. */
let names: readonly string[] = [];
let succeed: ReadonlySet<string> = new Set();

test('without confinement the attempts succeed', async (t) => {
  const evaluator = await openBroken(t, { confinement: UNCONFINED });
  await evaluator.tell({ do: 'configure', targets: await makeTargets(t) });
  ({ attempts: names } = (await evaluator.tell({ do: 'names' })) as { attempts: string[] });
  const { errors } = (await evaluator.tell({ do: 'attempt', where: 'main' })) as Attempted;
  succeed = new Set(names.filter((_, index) => errors[index] === 0));
  names.forEach((name, index) => {
    // A kernel without it, or a user who may not: then there is nothing to be kept from here.
    if (errors[index] !== 0) t.diagnostic(`not shown here: ${name}: ${errorName(errors[index]!)}`);
  });
  t.diagnostic(`${succeed.size} of ${names.length} attempts succeed`);
  assert.ok(succeed.size >= LEAST);
});

for (const [what, confinement] of [
  ['confined in both stages', {}],
  ['behind the filter of calls alone', FILTER_ALONE],
] as const satisfies (readonly [string, ConfinementOptions])[]) {
  test(`${what}, every attempt fails on every kind of thread`, async (t) => {
    const evaluator = await openBroken(t, { confinement });
    const { sandbox, seen } = await start(evaluator, (n: number) => n + 1);
    await evaluator.tell({ do: 'configure', targets: await makeTargets(t) });
    const [executor] = (await evaluator.tell({ do: 'threads' })) as number[];
    await failOn(evaluator, ['main', 'libuv', 'v8', executor!]);
    // It was no harm.
    sandbox.run(slices([1, 2]));
    await seen.untilEnded(2);
    assert.deepEqual([...seen.values.values()], [2, 3]);
  });
}

test('with a GPU, every attempt fails on every kind of thread', { skip: softwareGpu }, async (t) => {
  const evaluator = await openBroken(t, { gpu: { allowSoftware: true } });
  const work = `async (n) => {
    globalThis.device ??= await (await navigator.gpu.requestAdapter()).requestDevice();
    const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    device.queue.writeBuffer(buffer, 0, new Uint32Array([n]));
    await buffer.mapAsync(GPUMapMode.READ);
    return new Uint32Array(buffer.getMappedRange())[0];
  }`;
  const { sandbox, seen } = await start(evaluator, work, { job: WEBGPU });
  sandbox.run(slices([41]));
  await seen.until(() => seen.drained > 0 || seen.end !== null);
  assert.deepEqual([...seen.values.values()], [41]);
  await evaluator.tell({ do: 'configure', targets: await makeTargets(t) });
  const [executor] = (await evaluator.tell({ do: 'threads' })) as number[];
  const driver = evaluator.threadNamed('Thread<');
  assert.notEqual(driver, null, "a thread of SwiftShader's");
  await failOn(evaluator, ['main', 'libuv', 'v8', executor!, driver!]);
  sandbox.run(slices([42]));
  await seen.until(() => seen.drained > 1 || seen.end !== null);
  assert.deepEqual([...seen.values.values()], [42]);
});

/** All of these are different threads, and nothing succeeds on any. */
async function failOn(evaluator: BrokenEvaluator, wheres: readonly Where[]): Promise<void> {
  assert.ok(succeed.size >= LEAST, 'attempts that could succeed');
  const threads = new Set<number>();
  for (const where of wheres) {
    const attempted = (await evaluator.tell({ do: 'attempt', where })) as Attempted | null;
    assert.ok(attempted !== null, `thread ${where} runs nothing`);
    if (typeof where === 'number') assert.equal(attempted.thread, where);
    threads.add(attempted.thread);
    const succeeded = names.filter((_, index) => attempted.errors[index] === 0);
    assert.deepEqual(succeeded, [], `on thread ${where}`);
  }
  assert.equal(threads.size, wheres.length);
}

function errorName(errno: number): string {
  return getSystemErrorName(-errno);
}
