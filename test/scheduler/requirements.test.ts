/** Jobs may require what is offered here, and what DCP knows beside it; the latter no Worker has. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { JobRequirements } from '#src/model/index.js';
import { open, range, request, spec, temporaryDirectory } from './support.js';

const requiring = (requirements: unknown): ReturnType<typeof spec> =>
  spec({ ...range(9), requirements: requirements as JobRequirements });

test('a requirement that nobody knows is a slip, and refused with its field', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  for (const [requirements, message] of [
    [
      { environment: { webgpuu: true } },
      /^spec\.requirements\.environment\.webgpuu: .*did you mean webgpu\?/,
    ],
    [
      { environment: { somethingElse: true } },
      /^spec\.requirements\.environment\.somethingElse: there is no/,
    ],
    [
      { environment: { somethingElse: false } },
      /^spec\.requirements\.environment\.somethingElse: there is no/,
    ],
    [{ webgpu: true }, /^spec\.requirements\.webgpu: .*did you mean environment\.webgpu\?/],
    [{ enviroment: { webgpu: true } }, /^spec\.requirements\.enviroment: .*did you mean environment\?/],
    [{ engine: 'v8' }, /^spec\.requirements\.engine: expected .*, got "v8"/],
    [[], /^spec\.requirements: expected an object, got \[\]/],
  ] as const)
    await assert.rejects(scheduler.createJob(requiring(requirements)), { code: 'EINVAL', message });
  assert.deepEqual(await scheduler.listJobs(), []);
});

test('a Job that requires what no Worker here has is given to none, and its log says why', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  for (const [requirements, name] of [
    [{ environment: { offscreenCanvas: true, fdlibm: true } }, 'environment.offscreenCanvas'],
    [{ details: { offscreenCanvas: { bigTexture4096: true } } }, 'details.offscreenCanvas.bigTexture4096'],
    [{ discrete: true }, 'discrete'],
  ] as const) {
    const jobId = await scheduler.createJob(requiring(requirements));
    assert.equal(await scheduler.requestTask(request()), null);
    const [warning, ...more] = (await scheduler.readEvents(jobId, 0, 10)).filter(
      ({ type }) => type !== 'state',
    );
    assert.deepEqual(more, []);
    assert.deepEqual(warning, {
      seq: warning!.seq,
      type: 'console',
      slice: 0,
      level: 'warn',
      message: `the Job requires ${name}, which no Worker here has: its Slices wait for one that has`,
    });
  }
});

test('what is offered everywhere, or not required, keeps no Job waiting', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  for (const requirements of [
    {},
    { environment: { sharedArrayBuffer: true, fineClock: true, webgpu: false, offscreenCanvas: false } },
    {
      engine: { es7: null, spidermonkey: false },
      browser: {},
      details: { offscreenCanvas: {} },
      useStrict: false,
    },
    { environment: { fdlibm: true }, engine: { es7: true }, useStrict: true },
  ]) {
    const jobId = await scheduler.createJob(requiring(requirements));
    assert.equal((await scheduler.requestTask(request()))?.jobId, jobId);
    assert.deepEqual(
      (await scheduler.readEvents(jobId, 0, 10)).filter(({ type }) => type !== 'state'),
      [],
    );
    await scheduler.cancelJob(jobId);
  }
});
