/** `GPUComputePipeline`: creation, constants, and what comes of mistakes. */
import type { Programs } from '../harness/program.js';

export const computePipeline: Programs = {
  'a compute pipeline as it is made': async (_gpu, t) => {
    const device = await t.device();
    const { pipeline } = t.doubling(device, t.storage(device, [1]));
    return [pipeline instanceof GPUComputePipeline, Object.prototype.toString.call(pipeline), pipeline.label];
  },

  'a compute pipeline computes': async (_gpu, t) => {
    const device = await t.device();
    const data = t.storage(device, [1, 2, 3, 4, 5, 6, 7, 8]);
    const { pipeline, group } = t.doubling(device, data);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(8);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.read32(device, data);
  },

  'made asynchronously': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.double });
    const promise = device.createComputePipelineAsync({
      label: 'later',
      layout: 'auto',
      compute: { module },
    });
    const pipeline = await promise;
    return [promise instanceof Promise, pipeline instanceof GPUComputePipeline, pipeline.label];
  },

  'made asynchronously, with a mistake': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.double });
    device.pushErrorScope('validation');
    const outcomes = [];
    for (const entryPoint of ['main', 'other', '']) {
      const settled = await t.settle(() =>
        device
          .createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint } })
          .then((pipeline) => pipeline.label),
      );
      outcomes.push(settled);
    }
    const error = await device.popErrorScope();
    return [outcomes, error === null ? 'none' : t.nameOf(error)];
  },

  'the error of an asynchronous pipeline': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.double });
    try {
      await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'other' } });
      return 'made';
    } catch (error) {
      const failure = error as GPUPipelineError;
      return [
        failure instanceof GPUPipelineError,
        failure instanceof DOMException,
        failure.name,
        failure.reason,
        failure.message.length > 0,
        Object.prototype.toString.call(failure),
      ];
    }
  },

  'made asynchronously from a descriptor that is wrong': async (_gpu, t) => {
    const device = await t.device();
    const make = device.createComputePipelineAsync.bind(device) as (...args: unknown[]) => Promise<unknown>;
    const module = device.createShaderModule({ code: t.shaders.double });
    const outcomes = [];
    for (const args of [[{}], [5], [{ layout: 'other', compute: { module } }]]) {
      outcomes.push(await t.settle(() => make(...args)));
    }
    return outcomes;
  },

  'several at once answer in order': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.double });
    const made = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        device.createComputePipelineAsync({ label: `number ${i}`, layout: 'auto', compute: { module } }),
      ),
    );
    return made.map(({ label }) => label);
  },

  'descriptors that are wrong': async (_gpu, t) => {
    const device = await t.device();
    const make = device.createComputePipeline.bind(device) as (descriptor: unknown) => unknown;
    const module = device.createShaderModule({ code: t.shaders.double });
    return [
      {},
      { compute: { module } },
      { layout: 'manual', compute: { module } },
      { layout: null, compute: { module } },
      { layout: undefined, compute: { module } },
      { layout: {}, compute: { module } },
      { layout: 'auto', compute: {} },
      { layout: 'auto', compute: { module: {} } },
      { layout: 'auto', compute: { module, constants: 5 } },
      { layout: 'auto', compute: { module, constants: { a: 'x' } } },
      { layout: 'auto', compute: { module, constants: { a: NaN } } },
      { layout: 'auto', compute: { module, constants: { a: Infinity } } },
      { layout: 'auto', compute: 5 },
    ].map((descriptor) => {
      const attempt = t.attempt(() => make(descriptor));
      return 'threw' in attempt ? attempt.threw : 'made';
    });
  },

  'pipelines the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const module = (code: string): GPUShaderModule => device.createShaderModule({ code });
    const double = module(t.shaders.double);
    const two = module('@compute @workgroup_size(1) fn a() {} @compute @workgroup_size(1) fn b() {}');
    const none = module('fn f() {}');
    const vertex = module(t.shaders.triangle);
    const large = module('@compute @workgroup_size(257) fn main() {}');
    const deep = module('@compute @workgroup_size(1, 1, 65) fn main() {}');
    const many = module('@compute @workgroup_size(64, 8) fn main() {}');
    const storage = module(
      'var<workgroup> a: array<u32, 4097>; @compute @workgroup_size(1) fn main() { a[0] = 1; }',
    );
    const empty = device.createPipelineLayout({ bindGroupLayouts: [] });
    const descriptors: GPUComputePipelineDescriptor[] = [
      { layout: 'auto', compute: { module: double } },
      { layout: 'auto', compute: { module: double, entryPoint: 'main' } },
      { layout: 'auto', compute: { module: double, entryPoint: 'Main' } },
      { layout: 'auto', compute: { module: double, entryPoint: 'main\0' } },
      { layout: 'auto', compute: { module: two } },
      { layout: 'auto', compute: { module: two, entryPoint: 'b' } },
      { layout: 'auto', compute: { module: none } },
      { layout: 'auto', compute: { module: vertex } },
      { layout: 'auto', compute: { module: vertex, entryPoint: 'vertex' } },
      { layout: empty, compute: { module: double } },
      { layout: empty, compute: { module: two, entryPoint: 'a' } },
      { layout: 'auto', compute: { module: large } },
      { layout: 'auto', compute: { module: deep } },
      { layout: 'auto', compute: { module: many } },
      { layout: 'auto', compute: { module: storage } },
    ];
    const outcomes = [];
    for (const descriptor of descriptors) {
      outcomes.push(await t.scope(device, () => device.createComputePipeline(descriptor)));
    }
    return outcomes;
  },

  'constants reach the shader': async (_gpu, t) => {
    const device = await t.device();
    const data = t.storage(device, [0, 0, 0, 0]);
    const module = device.createShaderModule({
      code: `
        override factor: u32 = 3;
        override offset: f32;
        @id(7) override flag: bool = false;
        override größe: i32 = -4;
        @group(0) @binding(0) var<storage, read_write> data: array<u32>;
        @compute @workgroup_size(1) fn main() {
          data[0] = factor;
          data[1] = u32(offset);
          data[2] = select(10u, 20u, flag);
          data[3] = u32(größe + 100);
        }`,
    });
    const pipeline = device.createComputePipeline({
      layout: 'auto',
      compute: { module, constants: { factor: 9, offset: 41.5, 7: 1, größe: -12 } },
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer: data } }],
      }),
    );
    pass.dispatchWorkgroups(1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.read32(device, data);
  },

  'constants the shader does not take': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({
      code: `
        override needed: u32;
        @id(3) override other: i32 = 0;
        @compute @workgroup_size(1) fn main() { _ = needed; _ = other; }`,
    });
    const outcomes = [];
    const constants: Record<string, number>[] = [
      { needed: 1 },
      {},
      { needed: -1 },
      { needed: 2 ** 32 },
      { needed: 1.5 },
      { needed: 1, unknown: 1 },
      { needed: 1, 3: 2 ** 31 },
      { needed: 1, 3: 5 },
      { needed: 1, other: 5 },
      { 'needed\0': 1 },
    ];
    for (const each of constants) {
      outcomes.push(
        await t.scope(device, () =>
          device.createComputePipeline({ layout: 'auto', compute: { module, constants: each } }),
        ),
      );
    }
    return outcomes;
  },

  'a workgroup whose size is a constant': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({
      code: 'override width: u32 = 8; @compute @workgroup_size(width) fn main() {}',
    });
    const outcomes = [];
    for (const width of [1, 256, 257, 0]) {
      outcomes.push(
        await t.scope(device, () =>
          device.createComputePipeline({ layout: 'auto', compute: { module, constants: { width } } }),
        ),
      );
    }
    return outcomes;
  },

  'interfaces of pipelines cannot be constructed': async (_gpu, t) =>
    [GPUComputePipeline, GPURenderPipeline].map((constructor) =>
      t.attempt(() => Reflect.construct(constructor, [])),
    ),
};
