/** Jobs that require WebGPU go to Workers with an adapter that has all they ask for, and to no others. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { offersWebgpu, webgpuLack, type JobRequirements, type WebgpuOffer } from '#src/model/index.js';
import { open, range, request, spec, temporaryDirectory } from './support.js';

type Required = NonNullable<NonNullable<JobRequirements['environment']>['webgpu']>;

const requiring = (webgpu: Required): ReturnType<typeof spec> =>
  spec({ ...range(9), requirements: { environment: { webgpu } } });

const small = { features: [], limits: { maxBufferSize: 2 ** 28, minStorageBufferOffsetAlignment: 256 } };
const large = {
  features: ['shader-f16', 'subgroups'],
  limits: { maxBufferSize: 2 ** 32, minStorageBufferOffsetAlignment: 32 },
};

test('the Scheduler compares features and limits', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const grant = async (webgpu: readonly WebgpuOffer[]): Promise<string | undefined> =>
    (await scheduler.requestTask(request({ capabilities: { webgpu, fetch: [] } })))?.jobId;
  const picky = await scheduler.createJob(
    requiring({ features: ['shader-f16'], limits: { maxBufferSize: 2 ** 30 } }),
  );
  assert.equal(await grant([]), undefined);
  assert.equal(await grant([small]), undefined);
  assert.equal(await grant([small, large]), picky);
  const any = await scheduler.createJob(requiring(true));
  assert.equal(await grant([small]), any);
  const none = await scheduler.createJob(requiring(false));
  assert.equal(await grant([]), none);
});

test('a Worker may want Jobs that require WebGPU alone', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const asked = (webgpuOnly: unknown) =>
    scheduler.requestTask(
      request({ capabilities: { webgpu: [small], fetch: [], webgpuOnly: webgpuOnly as boolean } }),
    );
  const plain = await scheduler.createJob(requiring(false));
  assert.equal(await asked(true), null);
  const gpu = await scheduler.createJob(requiring(true));
  assert.equal((await asked(true))?.jobId, gpu);
  assert.equal((await asked(false))?.jobId, plain);
  await assert.rejects(asked('yes'), /request\.capabilities\.webgpuOnly: expected true or false, got "yes"/);
});

test('one adapter must have all of it', () => {
  const f16 = { features: ['shader-f16'], limits: { maxBufferSize: 1 } };
  assert.equal(offersWebgpu([small, f16], { features: ['shader-f16'], limits: { maxBufferSize: 2 } }), false);
  assert.equal(offersWebgpu([small, f16], { features: ['shader-f16'] }), true);
  assert.equal(offersWebgpu([], true), false);
});

test('what an adapter lacks is said; of alignments less is better', () => {
  assert.equal(webgpuLack(small, true), null);
  assert.equal(webgpuLack(small, { features: ['subgroups'] }), 'it has no subgroups');
  assert.equal(
    webgpuLack(small, { limits: { maxBufferSize: 2 ** 30 } }),
    'its maxBufferSize is 268435456, not 1073741824',
  );
  assert.equal(
    webgpuLack(small, { limits: { minStorageBufferOffsetAlignment: 64 } }),
    'its minStorageBufferOffsetAlignment is 256, not 64',
  );
  assert.equal(webgpuLack(large, { limits: { minStorageBufferOffsetAlignment: 64 } }), null);
  assert.equal(webgpuLack(large, { limits: { maxUnicorns: 1 } }), 'it has no limit maxUnicorns');
  assert.equal(webgpuLack(large, { limits: { constructor: 1 } }), 'it has no limit constructor');
});

test('a requirement that is none is refused with its field', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const field = 'spec.requirements.environment.webgpu';
  for (const [webgpu, at] of [
    ['yes', field],
    [null, field],
    [['shader-f16'], field],
    [{ feature: [] }, `${field}.feature`],
    [{ features: 'shader-f16' }, `${field}.features`],
    [{ features: ['shader-f16', 5] }, `${field}.features[1]`],
    [{ limits: [] }, `${field}.limits`],
    [{ limits: { maxBufferSize: -1 } }, `${field}.limits.maxBufferSize`],
    [{ limits: { maxBufferSize: '1' } }, `${field}.limits.maxBufferSize`],
    [{ limits: { 'max buffer': 1 } }, `${field}.limits`],
  ] as const)
    await assert.rejects(scheduler.createJob(requiring(webgpu as never)), { code: 'EINVAL', field: at });
  assert.equal((await scheduler.listJobs()).length, 0);
});
