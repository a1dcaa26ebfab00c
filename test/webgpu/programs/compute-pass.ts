/** `GPUComputePassEncoder`. */
import type { Programs } from '../harness/program.js';

export const computePass: Programs = {
  'a compute pass as it is made': async (_gpu, t) => {
    const device = await t.device();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass({ label: 'mine' });
    const answers = [pass instanceof GPUComputePassEncoder, Object.prototype.toString.call(pass), pass.label];
    return [answers, (pass.end as () => unknown)()];
  },

  'dispatches in one, two and three dimensions': async (_gpu, t) => {
    const device = await t.device();
    const data = t.storage(device, new Array<number>(24).fill(0));
    const module = device.createShaderModule({
      code: `
        @group(0) @binding(0) var<storage, read_write> data: array<u32>;
        @compute @workgroup_size(1)
        fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
          data[id.x + size.x * (id.y + size.y * id.z)] += 1;
        }`,
    });
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
    const layout = pipeline.getBindGroupLayout(0);
    const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: data } }] });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(3);
    pass.dispatchWorkgroups(3, 2);
    pass.dispatchWorkgroups(2, 3, 4);
    pass.dispatchWorkgroups(0);
    pass.dispatchWorkgroups(5, 0, 1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.read32(device, data);
  },

  'dispatches whose numbers are wrong': async (_gpu, t) => {
    const device = await t.device();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    const dispatch = pass.dispatchWorkgroups.bind(pass) as (...args: unknown[]) => void;
    const calls: unknown[][] = [
      [],
      [-1],
      [NaN],
      [2 ** 32],
      ['text'],
      [4n],
      [1, -1],
      [1, 1, Symbol('s')],
      [1.5],
      [null],
    ];
    return calls.map((args) => t.attempt(() => dispatch(...args)));
  },

  'dispatches the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const { pipeline, group } = t.doubling(device, t.storage(device, [1]));
    const finish = (use: (pass: GPUComputePassEncoder) => void): Promise<string> => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      use(pass);
      pass.end();
      return t.scope(device, () => encoder.finish());
    };
    return [
      await finish((pass) => {
        pass.dispatchWorkgroups(1);
      }),
      await finish((pass) => {
        pass.setPipeline(pipeline);
        pass.dispatchWorkgroups(1);
      }),
      await finish((pass) => {
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(1);
      }),
      await finish((pass) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(65_536);
      }),
      await finish((pass) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.setBindGroup(0, null);
        pass.dispatchWorkgroups(1);
      }),
      await finish((pass) => {
        pass.setBindGroup(4, group);
      }),
      await finish((pass) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.setBindGroup(3, group);
        pass.dispatchWorkgroups(1);
      }),
    ];
  },

  'an indirect dispatch': async (_gpu, t) => {
    const device = await t.device();
    const data = t.storage(device, [1, 1, 1, 1, 1, 1, 1, 1]);
    const { pipeline, group } = t.doubling(device, data);
    const indirect = device.createBuffer({
      size: 16,
      usage: GPUBufferUsage.INDIRECT | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(indirect, 0, new Uint32Array([99, 5, 1, 1]));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroupsIndirect(indirect, 4);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.read32(device, data);
  },

  'indirect dispatches that are wrong': async (_gpu, t) => {
    const device = await t.device();
    const data = t.storage(device, [1]);
    const { pipeline, group } = t.doubling(device, data);
    const indirect = device.createBuffer({ size: 16, usage: GPUBufferUsage.INDIRECT });
    const outcomes: unknown[] = [];
    for (const [buffer, offset] of [
      [indirect, 0],
      [indirect, 2],
      [indirect, 8],
      [indirect, 16],
      [data, 0],
    ] as const) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroupsIndirect(buffer, offset);
      pass.end();
      outcomes.push(await t.scope(device, () => encoder.finish()));
    }
    const pass = device.createCommandEncoder().beginComputePass();
    const dispatch = pass.dispatchWorkgroupsIndirect.bind(pass) as (...args: unknown[]) => void;
    for (const args of [[], [indirect], [{}, 0], [indirect, -1], [null, 0]]) {
      outcomes.push(t.attempt(() => dispatch(...args)));
    }
    return outcomes;
  },

  'dynamic offsets in both forms': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({
      size: 1024,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const layout = device.createBindGroupLayout({
      entries: [
        {
          ...{ binding: 0, visibility: GPUShaderStage.COMPUTE },
          buffer: { type: 'storage', hasDynamicOffset: true, minBindingSize: 4 },
        },
      ],
    });
    const module = device.createShaderModule({
      code: `
        @group(0) @binding(0) var<storage, read_write> data: array<u32>;
        @compute @workgroup_size(1) fn main() { data[0] += 1; }`,
    });
    const pipeline = device.createComputePipeline({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module },
    });
    const group = device.createBindGroup({
      ...{ layout, entries: [{ binding: 0, resource: { buffer, size: 256 } }] },
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group, [256]);
    pass.dispatchWorkgroups(1);
    pass.setBindGroup(0, group, [512]);
    pass.dispatchWorkgroups(1);
    pass.setBindGroup(0, group, new Uint32Array([0, 512, 768]), 1, 1);
    pass.dispatchWorkgroups(1);
    pass.setBindGroup(0, group, new Uint32Array([0, 512, 768]), 2, 1);
    pass.dispatchWorkgroups(1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    const data = await t.read32(device, buffer);
    return [0, 256, 512, 768].map((offset) => data[offset / 4]);
  },

  'dynamic offsets that are wrong': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 512, usage: GPUBufferUsage.STORAGE });
    const layout = device.createBindGroupLayout({
      entries: [
        {
          binding: 0,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: 'storage', hasDynamicOffset: true },
        },
      ],
    });
    const group = device.createBindGroup({
      ...{ layout, entries: [{ binding: 0, resource: { buffer, size: 256 } }] },
    });
    const offsets = new Uint32Array([0, 256]);
    const calls: unknown[][] = [
      [0, group, [0]],
      [0, group, []],
      [0, group],
      [0, group, [0, 0]],
      [0, group, [100]],
      [0, group, [512]],
      [0, group, [-1]],
      [0, group, [2 ** 32]],
      [0, group, ['text']],
      [0, group, 5],
      [0, group, null],
      [0, group, offsets, 0, 1],
      [0, group, offsets, 1, 2],
      [0, group, offsets, 2, 0],
      [0, group, offsets, 3, 0],
      [0, group, offsets, -1, 1],
      [0, group, offsets, 0],
      [0, group, [0], 0, 1],
      [0, group, new Float32Array(1), 0, 1],
      [-1, group, [0]],
      [0, {}, [0]],
      [0],
      [],
    ];
    const outcomes = [];
    for (const args of calls) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      const attempt = t.attempt(() => (pass.setBindGroup as (...args: unknown[]) => void)(...args));
      const bound = t.attempt(() => Reflect.apply(pass.setBindGroup, pass, args) as unknown);
      pass.end();
      outcomes.push([attempt, bound, await t.scope(device, () => encoder.finish())]);
    }
    return outcomes;
  },

  'a pass after its end': async (_gpu, t) => {
    const device = await t.device();
    const { pipeline } = t.doubling(device, t.storage(device, [1]));
    const outcomes = [];
    for (const call of ['end', 'setPipeline', 'dispatch', 'debug'] as const) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.end();
      outcomes.push(
        await t.scope(device, () => {
          if (call === 'end') pass.end();
          else if (call === 'setPipeline') pass.setPipeline(pipeline);
          else if (call === 'dispatch') pass.dispatchWorkgroups(1);
          else pass.pushDebugGroup('late');
        }),
        await t.scope(device, () => encoder.finish()),
      );
    }
    return outcomes;
  },

  'debug groups of a pass': async (_gpu, t) => {
    const device = await t.device();
    const finish = (use: (pass: GPUComputePassEncoder) => void): Promise<string> => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      use(pass);
      pass.end();
      return t.scope(device, () => encoder.finish());
    };
    return [
      await finish((pass) => {
        pass.pushDebugGroup('outer');
        pass.insertDebugMarker('here');
        pass.popDebugGroup();
      }),
      await finish((pass) => {
        pass.pushDebugGroup('open');
      }),
      await finish((pass) => {
        pass.popDebugGroup();
      }),
    ];
  },

  'one buffer read and written in one dispatch': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({
      code: `
        @group(0) @binding(0) var<storage, read_write> to: array<u32>;
        @group(0) @binding(1) var<storage, read> from: array<u32>;
        @compute @workgroup_size(1) fn main() { to[0] = from[0]; }`,
    });
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
    const layout = pipeline.getBindGroupLayout(0);
    const [a, b] = [t.storage(device, [1]), t.storage(device, [2])];
    const outcomes = [];
    for (const [to, from] of [
      [a, b],
      [a, a],
    ] as const) {
      const group = device.createBindGroup({
        layout,
        entries: [
          { binding: 0, resource: { buffer: to } },
          { binding: 1, resource: { buffer: from } },
        ],
      });
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(1);
      pass.end();
      outcomes.push(await t.scope(device, () => encoder.finish()));
    }
    return outcomes;
  },

  'shared memory and barriers': async (_gpu, t) => {
    const device = await t.device();
    const data = t.storage(
      device,
      Array.from({ length: 64 }, (_, i) => i),
    );
    const module = device.createShaderModule({
      code: `
        var<workgroup> shared_sum: array<u32, 64>;
        @group(0) @binding(0) var<storage, read_write> data: array<u32>;
        @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {
          shared_sum[i] = data[i];
          workgroupBarrier();
          for (var step = 32u; step > 0; step /= 2) {
            if (i < step) { shared_sum[i] += shared_sum[i + step]; }
            workgroupBarrier();
          }
          data[i] = shared_sum[0];
        }`,
    });
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
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
    return (await t.read32(device, data)).every((value) => value === 2016);
  },

  'a storage texture is written': async (_gpu, t) => {
    const device = await t.device();
    const texture = device.createTexture({
      ...{
        size: [4, 4],
        format: 'rgba8uint',
        usage: GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_SRC,
      },
    });
    const module = device.createShaderModule({
      code: `
        @group(0) @binding(0) var picture: texture_storage_2d<rgba8uint, write>;
        @compute @workgroup_size(4, 4) fn main(@builtin(global_invocation_id) id: vec3u) {
          textureStore(picture, id.xy, vec4u(id.x, id.y, id.x * id.y, 255));
        }`,
    });
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: texture.createView() }],
      }),
    );
    pass.dispatchWorkgroups(1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.readTexture(device, { texture }, 4, 4, 4);
  },
};
