/** The calls that are timed, in sets that belong together. bench/native has the same in C++. */

export interface Timed {
  /** How often it is made in a run. */
  readonly turns: number;
  /** What one turn takes of V8 at least (v8-calls.ts): calls of C++ that answer nothing; default 1, or none where something is made or awaited. */
  readonly calls?: number;
  /** Calls that make an object. */
  readonly makes?: number;
  /** Calls that answer a promise, which is awaited. */
  readonly answers?: number;
}

export const CALL_SETS = {
  'making objects': {
    'createBuffer 256 B': { turns: 1000, makes: 1 },
    'createTexture 4 × 4': { turns: 200, makes: 1 },
    createView: { turns: 1000, makes: 1 },
    createSampler: { turns: 1000, makes: 1 },
    createBindGroupLayout: { turns: 1000, makes: 1 },
    createPipelineLayout: { turns: 1000, makes: 1 },
    'createBindGroup 1 buffer': { turns: 1000, makes: 1 },
    'createBindGroup 4 buffers': { turns: 1000, makes: 1 },
    createCommandEncoder: { turns: 1000, makes: 1 },
  },
  'compute pass': {
    'beginComputePass, end': { turns: 1000, makes: 1, calls: 1 },
    setPipeline: { turns: 5000 },
    setBindGroup: { turns: 5000 },
    'setBindGroup, 2 dynamic offsets': { turns: 5000 },
    'setBindGroup, offsets in a Uint32Array': { turns: 5000 },
    dispatchWorkgroups: { turns: 5000 },
    dispatchWorkgroupsIndirect: { turns: 2000 },
  },
  'render pass': {
    'beginRenderPass, end': { turns: 500, makes: 1, calls: 1 },
    'setPipeline (render)': { turns: 5000 },
    setVertexBuffer: { turns: 5000 },
    setIndexBuffer: { turns: 5000 },
    draw: { turns: 5000 },
    drawIndexed: { turns: 5000 },
  },
  'commands and queue': {
    copyBufferToBuffer: { turns: 2000 },
    clearBuffer: { turns: 2000 },
    finish: { turns: 1000, makes: 1 },
    'submit, one command buffer': { turns: 200 },
    'writeBuffer 64 B': { turns: 1000 },
    'writeBuffer 1 MB': { turns: 10 },
  },
  'mapping and answers': {
    'mappedAtCreation, getMappedRange, unmap': { turns: 500, makes: 2, calls: 1 },
    'mapAsync round trip': { turns: 100, answers: 1, calls: 1 },
    onSubmittedWorkDone: { turns: 100, answers: 1 },
    'pushErrorScope, popErrorScope': { turns: 200, answers: 1, calls: 1 },
  },
} as const satisfies Record<string, Record<string, Timed>>;

export interface CallBench {
  /** What the adapter says it is. */
  readonly adapter: string;
  /** Makes the call so many times and answers how long they took, milliseconds. */
  time(call: string, turns: number): Promise<number>;
}

/**
 * Makes what the calls need. It travels as source text to wherever WebGPU is, so it names nothing of its surroundings: each
 * engine runs the same JavaScript.
 */
export async function openCalls(gpu: GPU): Promise<CallBench> {
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('no adapter');
  const device = await adapter.requestDevice();
  device.onuncapturederror = ({ error }) => {
    throw new Error(`a call of the benchmark is wrong: ${error.message}`);
  };
  const { queue } = device;

  const storage = device.createBuffer({
    size: 65_536,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const target = device.createBuffer({ size: 65_536, usage: GPUBufferUsage.COPY_DST });
  const uniform = device.createBuffer({ size: 65_536, usage: GPUBufferUsage.UNIFORM });
  const large = device.createBuffer({ size: 1 << 20, usage: GPUBufferUsage.COPY_DST });
  const indirect = device.createBuffer({
    size: 12,
    usage: GPUBufferUsage.INDIRECT | GPUBufferUsage.COPY_DST,
  });
  queue.writeBuffer(indirect, 0, Uint32Array.of(1, 1, 1));
  const vertices = device.createBuffer({ size: 4096, usage: GPUBufferUsage.VERTEX });
  const indices = device.createBuffer({ size: 4096, usage: GPUBufferUsage.INDEX });
  const readable = device.createBuffer({
    size: 256,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  const texture = device.createTexture({
    size: [4, 4],
    format: 'rgba8unorm',
    usage: GPUTextureUsage.RENDER_ATTACHMENT,
  });
  const view = texture.createView();

  const { COMPUTE } = GPUShaderStage;
  const layoutDescriptor: GPUBindGroupLayoutDescriptor = {
    entries: [{ binding: 0, visibility: COMPUTE, buffer: { type: 'storage' } }],
  };
  const layout = device.createBindGroupLayout(layoutDescriptor);
  const layoutOf4 = device.createBindGroupLayout({
    entries: [0, 1, 2, 3].map((binding) => ({
      binding,
      visibility: COMPUTE,
      buffer: { type: 'storage' as const },
    })),
  });
  const dynamicLayout = device.createBindGroupLayout({
    entries: [0, 1].map((binding) => ({ binding, visibility: COMPUTE, buffer: { hasDynamicOffset: true } })),
  });
  const bindGroup = device.createBindGroup({
    layout,
    entries: [{ binding: 0, resource: { buffer: storage } }],
  });
  const dynamicBindGroup = device.createBindGroup({
    layout: dynamicLayout,
    entries: [0, 1].map((binding) => ({ binding, resource: { buffer: uniform, size: 256 } })),
  });
  const compute = device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: {
      module: device.createShaderModule({
        code: `@group(0) @binding(0) var<storage, read_write> data: array<u32>;
          @compute @workgroup_size(1) fn main() { data[0] = 1; }`,
      }),
    },
  });
  const renderModule = device.createShaderModule({
    code: `@vertex fn vertex(@location(0) place: vec4f) -> @builtin(position) vec4f { return place; }
      @fragment fn fragment() -> @location(0) vec4f { return vec4f(1); }`,
  });
  const render = device.createRenderPipeline({
    layout: 'auto',
    vertex: {
      module: renderModule,
      buffers: [{ arrayStride: 16, attributes: [{ shaderLocation: 0, offset: 0, format: 'float32x4' }] }],
    },
    fragment: { module: renderModule, targets: [{ format: 'rgba8unorm' }] },
  });
  const passDescriptor: GPURenderPassDescriptor = {
    colorAttachments: [{ view, loadOp: 'load', storeOp: 'store' }],
  };

  /** Times calls in a pass, whose commands are thrown away. */
  const inComputePass = (calls: (pass: GPUComputePassEncoder, turns: number) => void) => (turns: number) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(compute);
    pass.setBindGroup(0, bindGroup);
    const begin = performance.now();
    calls(pass, turns);
    const took = performance.now() - begin;
    pass.end();
    encoder.finish();
    return took;
  };
  const inRenderPass = (calls: (pass: GPURenderPassEncoder, turns: number) => void) => (turns: number) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass(passDescriptor);
    pass.setPipeline(render);
    pass.setVertexBuffer(0, vertices);
    pass.setIndexBuffer(indices, 'uint16');
    const begin = performance.now();
    calls(pass, turns);
    const took = performance.now() - begin;
    pass.end();
    encoder.finish();
    return took;
  };
  const inEncoder = (calls: (encoder: GPUCommandEncoder, turns: number) => void) => (turns: number) => {
    const encoder = device.createCommandEncoder();
    const begin = performance.now();
    calls(encoder, turns);
    const took = performance.now() - begin;
    encoder.finish();
    return took;
  };
  const timed = (calls: (turns: number) => void) => (turns: number) => {
    const begin = performance.now();
    calls(turns);
    return performance.now() - begin;
  };

  const bytes = new Uint8Array(1 << 20);
  const few = new Uint8Array(64);
  const offsets = Uint32Array.of(256, 512);

  const calls: Record<string, (turns: number) => number | Promise<number>> = {
    'createBuffer 256 B': (turns) => {
      const made: GPUBuffer[] = [];
      const begin = performance.now();
      for (let i = 0; i < turns; i++)
        made.push(device.createBuffer({ size: 256, usage: GPUBufferUsage.STORAGE }));
      const took = performance.now() - begin;
      for (const buffer of made) buffer.destroy();
      return took;
    },
    'createTexture 4 × 4': (turns) => {
      const made: GPUTexture[] = [];
      const begin = performance.now();
      for (let i = 0; i < turns; i++)
        made.push(
          device.createTexture({
            size: [4, 4],
            format: 'rgba8unorm',
            usage: GPUTextureUsage.TEXTURE_BINDING,
          }),
        );
      const took = performance.now() - begin;
      for (const made_ of made) made_.destroy();
      return took;
    },
    createView: timed((turns) => {
      for (let i = 0; i < turns; i++) texture.createView();
    }),
    createSampler: timed((turns) => {
      for (let i = 0; i < turns; i++) device.createSampler({ magFilter: 'linear', minFilter: 'linear' });
    }),
    createBindGroupLayout: timed((turns) => {
      for (let i = 0; i < turns; i++)
        device.createBindGroupLayout({
          entries: [{ binding: 0, visibility: COMPUTE, buffer: { type: 'storage' } }],
        });
    }),
    createPipelineLayout: timed((turns) => {
      for (let i = 0; i < turns; i++) device.createPipelineLayout({ bindGroupLayouts: [layout] });
    }),
    'createBindGroup 1 buffer': timed((turns) => {
      for (let i = 0; i < turns; i++)
        device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: storage } }] });
    }),
    'createBindGroup 4 buffers': timed((turns) => {
      for (let i = 0; i < turns; i++)
        device.createBindGroup({
          layout: layoutOf4,
          entries: [
            { binding: 0, resource: { buffer: storage } },
            { binding: 1, resource: { buffer: storage } },
            { binding: 2, resource: { buffer: storage } },
            { binding: 3, resource: { buffer: storage } },
          ],
        });
    }),
    createCommandEncoder: timed((turns) => {
      for (let i = 0; i < turns; i++) device.createCommandEncoder();
    }),

    'beginComputePass, end': inEncoder((encoder, turns) => {
      for (let i = 0; i < turns; i++) encoder.beginComputePass().end();
    }),
    setPipeline: inComputePass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.setPipeline(compute);
    }),
    setBindGroup: inComputePass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.setBindGroup(0, bindGroup);
    }),
    'setBindGroup, 2 dynamic offsets': inComputePass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.setBindGroup(0, dynamicBindGroup, [256, 512]);
    }),
    'setBindGroup, offsets in a Uint32Array': inComputePass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.setBindGroup(0, dynamicBindGroup, offsets, 0, 2);
    }),
    dispatchWorkgroups: inComputePass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.dispatchWorkgroups(1);
    }),
    dispatchWorkgroupsIndirect: inComputePass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.dispatchWorkgroupsIndirect(indirect, 0);
    }),

    'beginRenderPass, end': inEncoder((encoder, turns) => {
      for (let i = 0; i < turns; i++)
        encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'load', storeOp: 'store' }] }).end();
    }),
    'setPipeline (render)': inRenderPass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.setPipeline(render);
    }),
    setVertexBuffer: inRenderPass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.setVertexBuffer(0, vertices);
    }),
    setIndexBuffer: inRenderPass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.setIndexBuffer(indices, 'uint16');
    }),
    draw: inRenderPass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.draw(3);
    }),
    drawIndexed: inRenderPass((pass, turns) => {
      for (let i = 0; i < turns; i++) pass.drawIndexed(3);
    }),

    copyBufferToBuffer: inEncoder((encoder, turns) => {
      for (let i = 0; i < turns; i++) encoder.copyBufferToBuffer(storage, 0, target, 0, 256);
    }),
    clearBuffer: inEncoder((encoder, turns) => {
      for (let i = 0; i < turns; i++) encoder.clearBuffer(target, 0, 256);
    }),
    finish: (turns) => {
      const encoders = Array.from({ length: turns }, () => device.createCommandEncoder());
      const begin = performance.now();
      for (const encoder of encoders) encoder.finish();
      return performance.now() - begin;
    },
    'submit, one command buffer': (turns) => {
      const buffers = Array.from({ length: turns }, () => {
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(storage, 0, target, 0, 256);
        return encoder.finish();
      });
      const begin = performance.now();
      for (const buffer of buffers) queue.submit([buffer]);
      return performance.now() - begin;
    },
    'writeBuffer 64 B': timed((turns) => {
      for (let i = 0; i < turns; i++) queue.writeBuffer(target, 0, few);
    }),
    'writeBuffer 1 MB': timed((turns) => {
      for (let i = 0; i < turns; i++) queue.writeBuffer(large, 0, bytes);
    }),

    'mappedAtCreation, getMappedRange, unmap': (turns) => {
      const made: GPUBuffer[] = [];
      const begin = performance.now();
      for (let i = 0; i < turns; i++) {
        const buffer = device.createBuffer({
          size: 256,
          usage: GPUBufferUsage.STORAGE,
          mappedAtCreation: true,
        });
        buffer.getMappedRange();
        buffer.unmap();
        made.push(buffer);
      }
      const took = performance.now() - begin;
      for (const buffer of made) buffer.destroy();
      return took;
    },
    'mapAsync round trip': async (turns) => {
      const begin = performance.now();
      for (let i = 0; i < turns; i++) {
        await readable.mapAsync(GPUMapMode.READ);
        readable.unmap();
      }
      return performance.now() - begin;
    },
    onSubmittedWorkDone: async (turns) => {
      const begin = performance.now();
      for (let i = 0; i < turns; i++) await queue.onSubmittedWorkDone();
      return performance.now() - begin;
    },
    'pushErrorScope, popErrorScope': async (turns) => {
      const begin = performance.now();
      for (let i = 0; i < turns; i++) {
        device.pushErrorScope('validation');
        await device.popErrorScope();
      }
      return performance.now() - begin;
    },
  };

  const { vendor, architecture, device: name, description } = adapter.info;
  return {
    adapter: description || name || `${vendor} ${architecture}`,
    async time(call, turns) {
      const took = await calls[call]!(turns);
      // What was put on the queue is no business of the next.
      await queue.onSubmittedWorkDone();
      return took;
    },
  };
}
