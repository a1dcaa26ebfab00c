import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_MODULES, type JobModules } from '#src/model/index.js';
import { open, range, spec, temporaryDirectory, text } from './support.js';

const modules = (change: Partial<JobModules> = {}): JobModules => ({
  script: new TextEncoder().encode('module.exports = {};'),
  sourceMap: new TextEncoder().encode('{}'),
  assets: [],
  ...change,
});

test("a Job's modules come back as they were, after a restart too, beside its arguments", async (t) => {
  const directory = temporaryDirectory(t);
  const large = new Uint8Array(3 << 20).map((_, i) => i * 7);
  const given = modules({ assets: [Uint8Array.of(1, 2), large, new Uint8Array(0)] });
  const args = text('args', [large.subarray(0, 100_000)]);
  const first = await open(t, directory);
  const id = await first.createJob(spec({ ...range(1), modules: given, arguments: args }));
  const without = await first.createJob(spec(range(1)));
  await first.close();
  const second = await open(t, directory);
  const job = await second.fetchJob(id);
  assert.deepEqual(job.modules, given);
  assert.deepEqual(job.arguments, args);
  assert.equal((await second.fetchJob(without)).modules, null);
});

test('modules that are none, or too large, are refused by field', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const half = new Uint8Array(MAX_MODULES.assets / 2 + 1);
  for (const [field, given] of [
    ['modules', 'text'],
    ['modules.script', modules({ script: 'text' as never })],
    ['modules.script', modules({ script: new Uint8Array(MAX_MODULES.script + 1) })],
    ['modules.sourceMap', modules({ sourceMap: undefined as never })],
    ['modules.assets', modules({ assets: 5 as never })],
    ['modules.assets', modules({ assets: [half, half] })],
  ] as const) {
    await assert.rejects(scheduler.createJob(spec({ modules: given as JobModules })), {
      code: 'EINVAL',
      field: `spec.${field}`,
    });
  }
});
