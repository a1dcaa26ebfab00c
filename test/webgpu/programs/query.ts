/** `GPUQuerySet`: occlusion and timestamps. */
import type { Programs } from '../harness/program.js';

export const query: Programs = {
  'a query set as it is made': async (_gpu, t) => {
    const device = await t.device();
    const set = device.createQuerySet({ type: 'occlusion', count: 3 });
    return [
      [set instanceof GPUQuerySet, Object.prototype.toString.call(set)],
      [set.type, set.count, (set.destroy as () => unknown)()],
    ];
  },

  'descriptors of query sets': async (_gpu, t) => {
    const device = await t.device();
    const make = device.createQuerySet.bind(device) as (descriptor: unknown) => unknown;
    const outcomes = [];
    for (const descriptor of [
      {},
      { type: 'occlusion' },
      { count: 1 },
      { type: 'pipeline-statistics', count: 1 },
      { type: 'occlusion', count: -1 },
      { type: 'occlusion', count: 0 },
      { type: 'occlusion', count: 4096 },
      { type: 'occlusion', count: 4097 },
      { type: 'timestamp', count: 1 },
    ]) {
      outcomes.push(await t.scope(device, () => make(descriptor)));
    }
    return outcomes;
  },

  'what is seen is counted': async (_gpu, t) => {
    const device = await t.device();
    const set = device.createQuerySet({ type: 'occlusion', count: 2 });
    const results = device.createBuffer({
      size: 16,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: t.target(device).createView(), loadOp: 'clear', storeOp: 'store' }],
      occlusionQuerySet: set,
    });
    pass.setPipeline(t.triangle(device));
    pass.beginOcclusionQuery(0);
    pass.draw(3);
    pass.endOcclusionQuery();
    pass.beginOcclusionQuery(1);
    pass.endOcclusionQuery();
    pass.end();
    encoder.resolveQuerySet(set, 0, 2, results, 0);
    device.queue.submit([encoder.finish()]);
    const [seenLow, seenHigh, emptyLow, emptyHigh] = await t.read32(device, results);
    return [seenLow! > 0 || seenHigh! > 0, emptyLow, emptyHigh];
  },

  'occlusion queries the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const occlusionQuerySet = device.createQuerySet({ type: 'occlusion', count: 2 });
    const view = t.target(device).createView();
    const finish = async (use: (pass: GPURenderPassEncoder) => void, set = true): Promise<string> => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginRenderPass({
        colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }],
        ...(set && { occlusionQuerySet }),
      });
      use(pass);
      pass.end();
      return t.scope(device, () => encoder.finish());
    };
    return [
      await finish((pass) => {
        pass.beginOcclusionQuery(0);
      }),
      await finish((pass) => {
        pass.endOcclusionQuery();
      }),
      await finish((pass) => {
        pass.beginOcclusionQuery(2);
        pass.endOcclusionQuery();
      }),
      await finish((pass) => {
        pass.beginOcclusionQuery(0);
        pass.beginOcclusionQuery(1);
        pass.endOcclusionQuery();
      }),
      await finish((pass) => {
        for (let i = 0; i < 2; i++) {
          pass.beginOcclusionQuery(0);
          pass.endOcclusionQuery();
        }
      }),
      await finish((pass) => {
        pass.beginOcclusionQuery(0);
        pass.endOcclusionQuery();
      }, false),
    ];
  },

  'resolveQuerySet the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const set = device.createQuerySet({ type: 'occlusion', count: 4 });
    const make = (usage: number): GPUBuffer => device.createBuffer({ size: 512, usage });
    const [good, bad] = [make(GPUBufferUsage.QUERY_RESOLVE), make(GPUBufferUsage.COPY_DST)];
    const calls: [number, number, GPUBuffer, number][] = [
      [0, 4, good, 0],
      [0, 4, good, 256],
      [0, 4, good, 128],
      [0, 5, good, 0],
      [4, 0, good, 0],
      [5, 0, good, 0],
      [0, 4, good, 512],
      [0, 4, bad, 0],
    ];
    const outcomes: unknown[] = [];
    for (const [first, count, buffer, offset] of calls) {
      const encoder = device.createCommandEncoder();
      encoder.resolveQuerySet(set, first, count, buffer, offset);
      outcomes.push(await t.scope(device, () => encoder.finish()));
    }
    const encoder = device.createCommandEncoder();
    const resolve = encoder.resolveQuerySet.bind(encoder) as (...args: unknown[]) => void;
    for (const args of [[], [set, 0, 1, good], [set, -1, 1, good, 0], [{}, 0, 1, good, 0]]) {
      outcomes.push(t.attempt(() => resolve(...args)));
    }
    return outcomes;
  },

  'a query set that was destroyed': async (_gpu, t) => {
    const device = await t.device();
    const set = device.createQuerySet({ type: 'occlusion', count: 1 });
    const buffer = device.createBuffer({ size: 256, usage: GPUBufferUsage.QUERY_RESOLVE });
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(set, 0, 1, buffer, 0);
    const commands = encoder.finish();
    set.destroy();
    set.destroy();
    return t.scope(device, () => {
      device.queue.submit([commands]);
    });
  },

  'timestamps grow': async (_gpu, t) => {
    const adapter = await t.adapter();
    if (!adapter.features.has('timestamp-query')) return 'the driver has none';
    const device = await t.device({ requiredFeatures: ['timestamp-query'] });
    const set = device.createQuerySet({ type: 'timestamp', count: 2 });
    const results = device.createBuffer({
      size: 16,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const { pipeline, group } = t.doubling(device, t.storage(device, [1]));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass({
      timestampWrites: { querySet: set, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.resolveQuerySet(set, 0, 2, results, 0);
    device.queue.submit([encoder.finish()]);
    const [begin, end] = new BigUint64Array((await t.read(device, results)).buffer);
    return [begin! > 0n, end! >= begin!];
  },

  'timestamp writes the validation refuses': async (_gpu, t) => {
    const adapter = await t.adapter();
    if (!adapter.features.has('timestamp-query')) return 'the driver has none';
    const device = await t.device({ requiredFeatures: ['timestamp-query'] });
    const querySet = device.createQuerySet({ type: 'timestamp', count: 2 });
    const occlusion = device.createQuerySet({ type: 'occlusion', count: 2 });
    const writes: GPUComputePassTimestampWrites[] = [
      { querySet, beginningOfPassWriteIndex: 0 },
      { querySet, endOfPassWriteIndex: 1 },
      { querySet },
      { querySet, beginningOfPassWriteIndex: 2 },
      { querySet, beginningOfPassWriteIndex: 1, endOfPassWriteIndex: 1 },
      { querySet: occlusion, beginningOfPassWriteIndex: 0 },
    ];
    const outcomes = [];
    for (const timestampWrites of writes) {
      const encoder = device.createCommandEncoder();
      encoder.beginComputePass({ timestampWrites }).end();
      outcomes.push(await t.scope(device, () => encoder.finish()));
    }
    return outcomes;
  },

  'attributes of a query set are read only': async (_gpu, t) => {
    const device = await t.device();
    const set = device.createQuerySet({ type: 'occlusion', count: 3 });
    const values = set as unknown as Record<string, unknown>;
    return ['type', 'count'].map((name) => [
      t.attempt(() => {
        values[name] = 1;
      }),
      values[name],
    ]);
  },
};
