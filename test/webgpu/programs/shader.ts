/** `GPUShaderModule`, `GPUCompilationInfo` and `GPUCompilationMessage`. */
import type { Programs } from '../harness/program.js';

export const shader: Programs = {
  'a module as it is made': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.double });
    return [module instanceof GPUShaderModule, Object.prototype.toString.call(module), module.label];
  },

  'code that does not compile': async (_gpu, t) => {
    const device = await t.device();
    const codes = [
      '',
      'nonsense',
      'fn f() -> u32 {}',
      '@compute fn main() {}',
      'const a: u32 = -1;',
      'fn f() { f(); }',
    ];
    const outcomes = [];
    for (const code of codes) outcomes.push(await t.scope(device, () => device.createShaderModule({ code })));
    return outcomes;
  },

  'descriptors of modules that are wrong': async (_gpu, t) => {
    const device = await t.device();
    const make = device.createShaderModule.bind(device) as (...args: unknown[]) => unknown;
    return [[{}], [5], ['text'], [{ code: '', compilationHints: 5 }], [{ code: null }], [{ code: 5 }]].map(
      (args) => {
        const attempt = t.attempt(() => make(...args));
        return 'threw' in attempt ? attempt.threw : 'made';
      },
    );
  },

  'compilation info of code without a fault': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.double });
    const info = await module.getCompilationInfo();
    return [
      info instanceof GPUCompilationInfo,
      Object.prototype.toString.call(info),
      info.messages.length,
      Array.isArray(info.messages),
      Object.isFrozen(info.messages),
      info.messages === info.messages,
    ];
  },

  'compilation info says where': async (_gpu, t) => {
    const device = await t.device();
    const code = 'fn fine() {}\n\nfn wrong() -> u32 { return unknown_name; }\n';
    let module!: GPUShaderModule;
    await t.scope(device, () => (module = device.createShaderModule({ code })));
    const { messages } = await module.getCompilationInfo();
    return messages.map((message) => [
      message instanceof GPUCompilationMessage,
      Object.prototype.toString.call(message),
      message.type,
      message.lineNum,
      message.linePos,
      code.slice(message.offset, message.offset + message.length),
      message.offset,
      message.length,
      message.message.includes('unknown_name'),
    ]);
  },

  'compilation info counts UTF-16 code units': async (_gpu, t) => {
    const device = await t.device();
    const code = '// 🎈🎈 ünïcode\nfn f() { /* 🎈 é */ let x = missing; }';
    let module!: GPUShaderModule;
    await t.scope(device, () => (module = device.createShaderModule({ code })));
    const [message] = (await module.getCompilationInfo()).messages;
    return [
      message!.lineNum,
      message!.linePos,
      message!.offset === code.indexOf('missing'),
      code.slice(message!.offset, message!.offset + message!.length),
    ];
  },

  'compilation info of a warning': async (_gpu, t) => {
    const device = await t.device();
    const code =
      '@diagnostic(warning, derivative_uniformity) fn f(x: f32) -> f32 { if (x > 0) { return dpdx(x); } return 0; }';
    const module = device.createShaderModule({
      code: `${code}\n@fragment fn main(@location(0) x: f32) -> @location(0) vec4f { return vec4f(f(x)); }`,
    });
    const { messages } = await module.getCompilationInfo();
    return messages.map(({ type }) => type);
  },

  'the error of a module names the fault': async (_gpu, t) => {
    const device = await t.device();
    device.pushErrorScope('validation');
    device.createShaderModule({ label: 'my shader', code: 'fn f() { let x = unknown_name; }' });
    const error = await device.popErrorScope();
    return [t.nameOf(error), error!.message.includes('unknown_name')];
  },

  'code with a NUL in it': async (_gpu, t) => {
    const device = await t.device();
    return [
      await t.scope(device, () => device.createShaderModule({ code: '// \0\nfn f() {}' })),
      await t.scope(device, () => device.createShaderModule({ code: 'fn f() {} \0 nonsense' })),
    ];
  },

  'code that needs a feature': async (_gpu, t) => {
    const device = await t.device();
    const codes = ['enable f16; fn f() -> f16 { return 1h; }', 'enable subgroups;', 'enable no_such_thing;'];
    const outcomes = [];
    for (const code of codes) outcomes.push(await t.scope(device, () => device.createShaderModule({ code })));
    return outcomes;
  },

  'interfaces of compilation cannot be constructed': async (_gpu, t) =>
    [GPUCompilationInfo, GPUCompilationMessage, GPUShaderModule].map((constructor) =>
      t.attempt(() => Reflect.construct(constructor, [])),
    ),
};
