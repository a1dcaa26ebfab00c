/** WebGPU as existing Workers ask for it, on whatever adapter there is. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { gpuMissing, gpuWork } from '../gpu/support.js';
import { onlyOurs } from './support/evaluator.js';
import { TRANSPORTS, type Sandbox } from './support/sandbox.js';

const skip = onlyOurs('it has no WebGPU') || (await gpuMissing());

const SOFTWARE = ['--allow-software-gpu'];

const SQUARE = `
@group(0) @binding(0) var<storage, read_write> data: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&data)) { data[id.x] = data[id.x] * data[id.x]; }
}`;

const SQUARES = gpuWork(
  `return compute(${JSON.stringify(SQUARE)}, Uint32Array.from(datum), Math.ceil(datum.length / 64));`,
);

const open = (t: TestContext, options: readonly string[]): Promise<Sandbox> => TRANSPORTS.TCP(t, { options });

/** What a sandbox of an evaluator with these options says of WebGPU. */
async function described(t: TestContext, options: readonly string[]): Promise<boolean> {
  const { capabilities } = await (await open(t, options)).describe();
  return (capabilities as { environment: { webgpu: boolean } }).environment.webgpu;
}

async function assigned(t: TestContext, work: string, webgpu: boolean): Promise<Sandbox> {
  const sandbox = await open(t, SOFTWARE);
  await sandbox.describe();
  await sandbox.applyRequirements({ webgpu });
  sandbox.postAssign(work);
  await sandbox.next('assigned');
  return sandbox;
}

test('a sandbox says that it has WebGPU where software adapters are allowed', { skip }, async (t) => {
  assert.equal(await described(t, SOFTWARE), true);
});

test('a sandbox says that it has no WebGPU where the operator wants none', { skip }, async (t) => {
  assert.equal(await described(t, ['--no-gpu']), false);
});

test(
  'a sandbox offers no software adapter unasked',
  { skip: skip || (process.env['VK_DRIVER_FILES'] === undefined && 'this machine may have a GPU') },
  async (t) => {
    assert.equal(await described(t, []), false);
  },
);

test('a Job that requires WebGPU computes with it, and its time on it is measured', { skip }, async (t) => {
  const sandbox = await assigned(t, SQUARES, true);
  for (const length of [1, 1000]) {
    const messages = await sandbox.run(Array.from({ length }, (_, n) => n));
    const ending = messages.at(-1)!;
    assert.equal(ending.request, 'complete', String(ending['error']));
    assert.deepEqual(
      ending['result'],
      Uint32Array.from({ length }, (_, n) => n * n),
    );
    const measured = messages.find(({ request }) => request === 'measurement')!;
    assert.ok((measured['webGPU'] as number) > 0, `webGPU: ${String(measured['webGPU'])}`);
  }
});

test('a Job that does not require WebGPU has none', { skip }, async (t) => {
  const sandbox = await assigned(
    t,
    `() => typeof navigator === 'undefined' ? 'no navigator' : typeof navigator.gpu`,
    false,
  );
  const seen = await sandbox.result(0);
  assert.ok(seen === 'undefined' || seen === 'no navigator', String(seen));
});
