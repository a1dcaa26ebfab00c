/** Error scopes, uncaptured errors, and the classes of errors. */
import type { Programs } from '../harness/program.js';

export const errors: Programs = {
  'an error scope without an error': async (_gpu, t) => {
    const device = await t.device();
    const answer = (device.pushErrorScope as (filter: string) => unknown)('validation');
    return [answer, await device.popErrorScope()];
  },

  'a validation error in its scope': async (_gpu, t) => {
    const device = await t.device();
    device.pushErrorScope('validation');
    const buffer = device.createBuffer({ size: 4, usage: 0 });
    const error = await device.popErrorScope();
    return [
      buffer instanceof GPUBuffer,
      error instanceof GPUValidationError,
      error instanceof GPUError,
      (error as unknown) instanceof Error,
      Object.prototype.toString.call(error),
      typeof error!.message,
      error!.message.length > 0,
    ];
  },

  'pop without a scope': async (_gpu, t) => {
    const device = await t.device();
    return t.settle(() => device.popErrorScope());
  },

  'push with a filter nobody knows': async (_gpu, t) => {
    const device = await t.device();
    return [
      t.attempt(() => {
        device.pushErrorScope('everything' as never);
      }),
      t.attempt(() => {
        (device.pushErrorScope as () => void)();
      }),
      await t.settle(() => device.popErrorScope()),
    ];
  },

  'each filter': async (_gpu, t) => {
    const device = await t.device();
    const filters: GPUErrorFilter[] = ['validation', 'out-of-memory', 'internal'];
    const outcomes = [];
    for (const filter of filters) {
      device.pushErrorScope('validation');
      const inner = await t.scope(device, () => device.createBuffer({ size: 4, usage: 0 }), filter);
      const outer = await device.popErrorScope();
      outcomes.push([filter, inner, outer === null ? 'none' : t.nameOf(outer)]);
    }
    return outcomes;
  },

  'a scope keeps its first error': async (_gpu, t) => {
    const device = await t.device();
    device.pushErrorScope('validation');
    device.createBuffer({ label: 'the first', size: 4, usage: 0 });
    device.createSampler({ label: 'the second', lodMinClamp: -1 });
    const error = await device.popErrorScope();
    return [error!.message.includes('the first'), error!.message.includes('the second')];
  },

  'the innermost scope that takes an error gets it': async (_gpu, t) => {
    const device = await t.device();
    device.pushErrorScope('validation');
    device.pushErrorScope('validation');
    device.pushErrorScope('out-of-memory');
    device.createBuffer({ size: 4, usage: 0 });
    const popped = [];
    for (let i = 0; i < 3; i++) popped.push(await device.popErrorScope());
    return popped.map((error) => (error === null ? null : t.nameOf(error)));
  },

  'pops answer in their order': async (_gpu, t) => {
    const device = await t.device();
    const order: string[] = [];
    const note = (name: string) => (error: GPUError | null) => {
      order.push(`${name} ${error === null ? 'none' : t.nameOf(error)}`);
    };
    device.pushErrorScope('validation');
    device.pushErrorScope('validation');
    device.createBuffer({ size: 4, usage: 0 });
    const inner = device.popErrorScope().then(note('inner'));
    device.createBuffer({ size: 4, usage: 0 });
    const outer = device.popErrorScope().then(note('outer'));
    await Promise.all([inner, outer]);
    return order;
  },

  'scopes of two devices are apart': async (_gpu, t) => {
    const [a, b] = [await t.device(), await t.device()];
    a.pushErrorScope('validation');
    b.pushErrorScope('validation');
    a.createBuffer({ size: 4, usage: 0 });
    return [await a.popErrorScope(), await b.popErrorScope()].map((error) => error === null);
  },

  'an object that depends on a bad one is bad as well': async (_gpu, t) => {
    const device = await t.device();
    let module: GPUShaderModule;
    const shader = await t.scope(device, () => (module = device.createShaderModule({ code: 'nonsense' })));
    let pipeline: GPUComputePipeline;
    const made = await t.scope(
      device,
      () => (pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } })),
    );
    let layout: GPUBindGroupLayout;
    const got = await t.scope(device, () => (layout = pipeline.getBindGroupLayout(0)));
    const used = await t.scope(device, () => device.createBindGroup({ layout, entries: [] }));
    return [shader, made, got, used];
  },

  'uncapturederror brings the error': async (_gpu, t) => {
    const device = await t.device();
    const event = await new Promise<GPUUncapturedErrorEvent>((resolve) => {
      device.addEventListener('uncapturederror', resolve, { once: true });
      device.createBuffer({ size: 4, usage: 0 });
    });
    return [
      event instanceof GPUUncapturedErrorEvent,
      event instanceof Event,
      event.type,
      event.error instanceof GPUValidationError,
      event.cancelable,
      event.bubbles,
      event.isTrusted,
    ];
  },

  'uncapturederror is not delivered within the call': async (_gpu, t) => {
    const device = await t.device();
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      device.onuncapturederror = () => {
        order.push('event');
        resolve();
      };
      device.createBuffer({ size: 4, usage: 0 });
      order.push('after the call');
      void Promise.resolve().then(() => order.push('microtask'));
    });
    return order;
  },

  'listeners of uncapturederror are called in order, each with its error': async (_gpu, t) => {
    const device = await t.device();
    const order: string[] = [];
    device.onuncapturederror = ({ error }) => {
      order.push(`attribute ${error.message.includes('two') ? 2 : 1}`);
    };
    device.addEventListener('uncapturederror', ({ error }) => {
      order.push(`listener ${error.message.includes('two') ? 2 : 1}`);
    });
    device.createBuffer({ label: 'one', size: 4, usage: 0 });
    device.createBuffer({ label: 'two', size: 4, usage: 0 });
    await device.queue.onSubmittedWorkDone();
    await t.turn();
    return order;
  },

  'onuncapturederror takes functions and null': async (_gpu, t) => {
    const device = await t.device();
    const handler = (): void => undefined;
    const seen: unknown[] = [];
    for (const value of [handler, null, 5, 'text', undefined, {}]) {
      seen.push(
        t.attempt(() => {
          device.onuncapturederror = value as never;
        }),
        device.onuncapturederror === handler,
        device.onuncapturederror === null,
      );
    }
    return seen;
  },

  'a listener that was removed hears nothing': async (_gpu, t) => {
    const device = await t.device();
    let heard = 0;
    const listener = (): void => {
      heard++;
    };
    device.addEventListener('uncapturederror', listener);
    device.removeEventListener('uncapturederror', listener);
    device.createBuffer({ size: 4, usage: 0 });
    await device.queue.onSubmittedWorkDone();
    await t.turn();
    return heard;
  },

  'errors that a scope takes are not uncaptured': async (_gpu, t) => {
    const device = await t.device();
    let heard = 0;
    device.addEventListener('uncapturederror', () => {
      heard++;
    });
    const caught = await t.scope(device, () => device.createBuffer({ size: 4, usage: 0 }));
    await t.turn();
    return [caught, heard];
  },

  'a device dispatches events like any EventTarget': async (_gpu, t) => {
    const device = await t.device();
    const seen: unknown[] = [];
    device.addEventListener('mine' as never, (event: Event) =>
      seen.push(event.type, event.target === device),
    );
    return [device.dispatchEvent(new Event('mine')), seen];
  },

  'errors can be constructed': async (_gpu, t) =>
    [GPUValidationError, GPUOutOfMemoryError, GPUInternalError].map((constructor) => {
      const error = new constructor('what happened');
      return [
        error.message,
        error instanceof GPUError,
        Object.prototype.toString.call(error),
        constructor.name,
        constructor.length,
        t.attempt(() => Reflect.construct(constructor, [])),
        t.attempt(() => (constructor as unknown as (message: string) => unknown)('x')),
        new (constructor as unknown as new (message: unknown) => GPUError)(5).message,
      ];
    }),

  'GPUError cannot be constructed': async (_gpu, t) => t.attempt(() => Reflect.construct(GPUError, ['x'])),

  'GPUPipelineError is a DOMException': async (_gpu, t) => {
    const error = new GPUPipelineError('what happened', { reason: 'validation' });
    return [
      error.name,
      error.message,
      error.reason,
      error instanceof DOMException,
      error instanceof Error,
      new GPUPipelineError(undefined, { reason: 'internal' }).message,
      t.attempt(() => Reflect.construct(GPUPipelineError, ['x'])),
      t.attempt(() => Reflect.construct(GPUPipelineError, ['x', {}])),
      t.attempt(() => Reflect.construct(GPUPipelineError, ['x', { reason: 'weather' }])),
    ];
  },

  'GPUUncapturedErrorEvent can be constructed': async (_gpu, t) => {
    const error = new GPUValidationError('mine');
    const event = new GPUUncapturedErrorEvent('some type', {
      error,
      cancelable: true,
    } as GPUUncapturedErrorEventInit);
    return [
      event.type,
      event.error === error,
      event.cancelable,
      event.bubbles,
      t.attempt(() => Reflect.construct(GPUUncapturedErrorEvent, ['x'])),
      t.attempt(() => Reflect.construct(GPUUncapturedErrorEvent, ['x', {}])),
      t.attempt(() => Reflect.construct(GPUUncapturedErrorEvent, ['x', { error: new Error('x') }])),
    ];
  },

  'a buffer no machine has room for': async (_gpu, t) => {
    const adapter = await t.adapter();
    const device = await t.device({ requiredLimits: { maxBufferSize: adapter.limits.maxBufferSize } });
    const size = adapter.limits.maxBufferSize + 4;
    return [
      await t.scope(device, () => device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST })),
      await t.scope(
        device,
        () => device.createBuffer({ size: 2 ** 50, usage: GPUBufferUsage.COPY_DST }),
        'out-of-memory',
      ),
    ];
  },
};
