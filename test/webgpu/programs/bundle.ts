/** `GPURenderBundleEncoder` and `GPURenderBundle`. */
import type { Programs } from '../harness/program.js';

export const bundle: Programs = {
  'a bundle as it is made': async (_gpu, t) => {
    const device = await t.device();
    const encoder = device.createRenderBundleEncoder({ colorFormats: ['rgba8unorm'] });
    const bundle = encoder.finish();
    return [
      [encoder instanceof GPURenderBundleEncoder, Object.prototype.toString.call(encoder)],
      [bundle instanceof GPURenderBundle, Object.prototype.toString.call(bundle)],
    ];
  },

  'a bundle draws': async (_gpu, t) => {
    const device = await t.device();
    const bundler = device.createRenderBundleEncoder({ colorFormats: ['rgba8unorm'] });
    bundler.setPipeline(t.triangle(device));
    bundler.draw(3);
    const bundle = bundler.finish();
    const pixels = [];
    for (let i = 0; i < 2; i++) {
      const texture = t.target(device);
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginRenderPass({
        colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' }],
      });
      pass.executeBundles(i === 0 ? [bundle] : [bundle, bundle]);
      pass.end();
      device.queue.submit([encoder.finish()]);
      pixels.push(await t.readTexture(device, { texture }, 1, 1, 4));
    }
    return pixels;
  },

  'a bundle leaves no state behind': async (_gpu, t) => {
    const device = await t.device();
    const bundler = device.createRenderBundleEncoder({ colorFormats: ['rgba8unorm'] });
    const bundle = bundler.finish();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: t.target(device).createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(t.triangle(device));
    pass.executeBundles([bundle]);
    pass.draw(3);
    pass.end();
    return t.scope(device, () => encoder.finish());
  },

  'descriptors of bundles': async (_gpu, t) => {
    const device = await t.device();
    const make = device.createRenderBundleEncoder.bind(device) as (descriptor: unknown) => unknown;
    const outcomes = [];
    for (const descriptor of [
      {},
      { colorFormats: [] },
      { colorFormats: [null] },
      { colorFormats: ['rgba8unorm', null, 'r8uint'] },
      { colorFormats: ['none'] },
      { colorFormats: 5 },
      { colorFormats: ['depth24plus'] },
      { colorFormats: [], depthStencilFormat: 'depth24plus', depthReadOnly: true },
      { colorFormats: [], depthStencilFormat: 'rgba8unorm' },
      { colorFormats: ['rgba8unorm'], sampleCount: 4 },
      { colorFormats: ['rgba8unorm'], sampleCount: 3 },
      { colorFormats: new Array(9).fill('r8unorm') },
    ]) {
      outcomes.push(await t.scope(device, () => make(descriptor)));
    }
    return outcomes;
  },

  'bundles that do not fit their pass': async (_gpu, t) => {
    const device = await t.device();
    const view = t.target(device).createView();
    const bundles = [
      device.createRenderBundleEncoder({ colorFormats: ['rgba8unorm'] }).finish(),
      device.createRenderBundleEncoder({ colorFormats: ['bgra8unorm'] }).finish(),
      device.createRenderBundleEncoder({ colorFormats: ['rgba8unorm'], sampleCount: 4 }).finish(),
      device
        .createRenderBundleEncoder({ colorFormats: ['rgba8unorm'], depthStencilFormat: 'depth24plus' })
        .finish(),
    ];
    const outcomes = [];
    for (const bundle of bundles) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginRenderPass({
        colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }],
      });
      pass.executeBundles([bundle]);
      pass.end();
      outcomes.push(await t.scope(device, () => encoder.finish()));
    }
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }] });
    const execute = pass.executeBundles.bind(pass) as (...args: unknown[]) => void;
    for (const args of [[], [5], [[null]], [[{}]], [[]]]) outcomes.push(t.attempt(() => execute(...args)));
    return outcomes;
  },

  'commands of a bundle': async (_gpu, t) => {
    const device = await t.device();
    const indices = device.createBuffer({ size: 16, usage: GPUBufferUsage.INDEX | GPUBufferUsage.INDIRECT });
    const vertices = device.createBuffer({ size: 16, usage: GPUBufferUsage.VERTEX });
    const layout = device.createBindGroupLayout({ entries: [] });
    const group = device.createBindGroup({ layout, entries: [] });
    const pipeline = t.triangle(device);
    const finish = (use: (bundler: GPURenderBundleEncoder) => void): Promise<string> => {
      const bundler = device.createRenderBundleEncoder({ colorFormats: ['rgba8unorm'] });
      use(bundler);
      return t.scope(device, () => bundler.finish());
    };
    return [
      await finish((bundler) => {
        bundler.setPipeline(pipeline);
        bundler.setBindGroup(1, group);
        bundler.setBindGroup(1, group, new Uint32Array(1), 0, 0);
        bundler.setVertexBuffer(0, vertices);
        bundler.setIndexBuffer(indices, 'uint32');
        bundler.pushDebugGroup('here');
        bundler.insertDebugMarker('there');
        bundler.draw(3);
        bundler.drawIndexed(3);
        bundler.drawIndirect(indices, 0);
        bundler.popDebugGroup();
      }),
      await finish((bundler) => {
        bundler.draw(3);
      }),
      await finish((bundler) => {
        bundler.pushDebugGroup('open');
      }),
      await finish((bundler) => {
        bundler.setVertexBuffer(0, indices);
      }),
    ];
  },

  'a bundle encoder finishes once': async (_gpu, t) => {
    const device = await t.device();
    const bundler = device.createRenderBundleEncoder({ colorFormats: ['rgba8unorm'] });
    bundler.finish();
    return [
      await t.scope(device, () => bundler.finish()),
      await t.scope(device, () => {
        bundler.draw(3);
      }),
      t.attempt(() => Reflect.construct(GPURenderBundle, [])),
    ];
  },
};
