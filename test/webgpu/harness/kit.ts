/** What differential programs have in common. */

/** A call: what it answered, or the name of what it threw. Objects that are no data are their class's name in brackets. */
export type Attempt = { readonly value: unknown } | { readonly threw: string };

/** A promise: what came of it. Objects as in `Attempt`. */
export type Settled = { readonly resolved: unknown } | { readonly rejected: string };

export interface Kit {
  readonly shaders: {
    /** `main` doubles each `u32` of the storage buffer at group 0, binding 0; workgroups of 1. */
    readonly double: string;
    /** `vertex` draws a triangle over the whole target from 3 vertices; `fragment` paints it (1, 0.5, 0, 1). */
    readonly triangle: string;
  };
  /** The default adapter. Throws when there is none. */
  adapter(options?: GPURequestAdapterOptions): Promise<GPUAdapter>;
  /** A device of an adapter of its own. It is destroyed after the program; until then its uncaptured errors are kept. */
  device(descriptor?: GPUDeviceDescriptor): Promise<GPUDevice>;
  /** Errors by what can be told apart: the class, and for a DOMException its name. */
  nameOf(error: unknown): string;
  attempt(call: () => unknown): Attempt;
  /** Calls, and waits. What the call itself throws is `threw ‹name›` among the rejected. */
  settle(call: () => PromiseLike<unknown> | undefined): Promise<Settled>;
  /** Calls inside an error scope: `none`, or the name of the error the scope caught, or `threw ‹name›`. */
  scope(device: GPUDevice, call: () => unknown, filter?: GPUErrorFilter): Promise<string>;
  /** The bytes of a buffer with `COPY_SRC` after all work that was submitted. */
  read(device: GPUDevice, buffer: GPUBuffer, offset?: number, size?: number): Promise<Uint8Array>;
  /** The same as unsigned 32-bit numbers. */
  read32(device: GPUDevice, buffer: GPUBuffer, offset?: number, size?: number): Promise<Uint32Array>;
  /** The first `width` × `height` texels of one layer of a texture with `COPY_SRC`, rows packed; `texelBytes` of each. */
  readTexture(
    device: GPUDevice,
    source: GPUTexelCopyTextureInfo,
    width: number,
    height: number,
    texelBytes: number,
  ): Promise<Uint8Array>;
  /** A storage buffer with `COPY_SRC` and `COPY_DST` that holds these numbers. */
  storage(device: GPUDevice, values: readonly number[]): GPUBuffer;
  /** A pipeline of `shaders.double` with a bind group for the buffer. */
  doubling(device: GPUDevice, buffer: GPUBuffer): { pipeline: GPUComputePipeline; group: GPUBindGroup };
  /** A texture of 4 × 4 `rgba8unorm` texels that can be drawn to and copied from. */
  target(device: GPUDevice, more?: Partial<GPUTextureDescriptor>): GPUTexture;
  /** A pipeline of `shaders.triangle` for `rgba8unorm` targets. */
  triangle(device: GPUDevice, more?: Partial<GPURenderPipelineDescriptor>): GPURenderPipeline;
  /** A turn of the event loop, which lets deliveries that are due come. */
  turn(): Promise<void>;
}

export interface RunningKit {
  readonly kit: Kit;
  /** Waits for errors under way, destroys the devices, and answers the errors no scope took. */
  finish(): Promise<string[]>;
}

/** Travels as source text, like the programs: it names nothing of its surroundings. */
export function makeKit(gpu: GPU): RunningKit {
  const devices: GPUDevice[] = [];
  const uncaptured: string[] = [];

  const nameOf = (error: unknown): string => {
    if (error === null || typeof error !== 'object') return typeof error;
    if (error instanceof DOMException) {
      const constructor = (error.constructor as { name: string }).name;
      return constructor === 'DOMException' ? `DOMException ${error.name}` : `${constructor} ${error.name}`;
    }
    return (error.constructor as { name: string }).name;
  };

  const asData = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    const name = Object.prototype.toString.call(value).slice('[object '.length, -1);
    return name === 'Object' ? value : `[${name}]`;
  };

  const kit: Kit = {
    shaders: {
      double: `
        @group(0) @binding(0) var<storage, read_write> data: array<u32>;
        @compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) {
          data[id.x] = data[id.x] * 2u;
        }`,
      triangle: `
        @vertex fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
          let corner = array(vec2f(-1, -3), vec2f(-1, 1), vec2f(3, 1));
          return vec4f(corner[index], 0.5, 1);
        }
        @fragment fn fragment() -> @location(0) vec4f { return vec4f(1, 0.5, 0, 1); }`,
    },

    async adapter(options) {
      const adapter = await gpu.requestAdapter(options);
      if (!adapter) throw new Error('there is no adapter');
      return adapter;
    },

    async device(descriptor) {
      const adapter = await kit.adapter();
      const device = await adapter.requestDevice(descriptor);
      devices.push(device);
      device.onuncapturederror = (event) => {
        uncaptured.push(nameOf(event.error));
      };
      return device;
    },

    nameOf,

    attempt(call) {
      try {
        return { value: asData(call()) };
      } catch (error) {
        return { threw: nameOf(error) };
      }
    },

    async settle(call) {
      let promise;
      try {
        promise = call();
      } catch (error) {
        return { rejected: `threw ${nameOf(error)}` };
      }
      try {
        return { resolved: asData(await promise) };
      } catch (error) {
        return { rejected: nameOf(error) };
      }
    },

    async scope(device, call, filter = 'validation') {
      device.pushErrorScope(filter);
      const attempt = kit.attempt(call);
      const error = await device.popErrorScope();
      const caught = error === null ? 'none' : nameOf(error);
      if (!('threw' in attempt)) return caught;
      return error === null ? `threw ${attempt.threw}` : `threw ${attempt.threw}, and ${caught}`;
    },

    async read(device, buffer, offset = 0, size = buffer.size - offset) {
      const staging = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const bytes = new Uint8Array(staging.getMappedRange().slice(0));
      staging.destroy();
      return bytes;
    },

    async read32(device, buffer, offset, size) {
      const bytes = await kit.read(device, buffer, offset, size);
      return new Uint32Array(bytes.buffer);
    },

    async readTexture(device, source, width, height, texelBytes) {
      const bytesPerRow = Math.ceil((width * texelBytes) / 256) * 256;
      const buffer = device.createBuffer({
        size: bytesPerRow * height,
        usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      });
      const encoder = device.createCommandEncoder();
      encoder.copyTextureToBuffer(source, { buffer, bytesPerRow }, [width, height]);
      device.queue.submit([encoder.finish()]);
      const padded = await kit.read(device, buffer);
      const packed = new Uint8Array(width * height * texelBytes);
      for (let row = 0; row < height; row++) {
        const begin = row * bytesPerRow;
        packed.set(padded.subarray(begin, begin + width * texelBytes), row * width * texelBytes);
      }
      return packed;
    },

    storage(device, values) {
      const buffer = device.createBuffer({
        size: values.length * 4,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      });
      device.queue.writeBuffer(buffer, 0, new Uint32Array(values));
      return buffer;
    },

    doubling(device, buffer) {
      const module = device.createShaderModule({ code: kit.shaders.double });
      const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
      const group = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer } }],
      });
      return { pipeline, group };
    },

    target(device, more) {
      return device.createTexture({
        size: [4, 4],
        format: 'rgba8unorm',
        usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC,
        ...more,
      });
    },

    triangle(device, more) {
      const module = device.createShaderModule({ code: kit.shaders.triangle });
      return device.createRenderPipeline({
        layout: 'auto',
        vertex: { module },
        fragment: { module, targets: [{ format: 'rgba8unorm' }] },
        ...more,
      });
    },

    turn: () => new Promise((resolve) => setTimeout(resolve, 20)),
  };

  return {
    kit,
    async finish() {
      for (const device of devices) {
        // A lost device answers at once, or not at all.
        await Promise.race([device.queue.onSubmittedWorkDone().catch(() => undefined), device.lost]);
        await kit.turn();
        device.onuncapturederror = null;
        device.destroy();
      }
      return uncaptured;
    },
  };
}
