/** Every interface and namespace of WebGPU as Web IDL says it looks, from the specification's IDL. */
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { slices, start, valuesOf } from '../evaluator/support.js';
import { gpuMissing, openGpuHost, WEBGPU } from '../gpu/support.js';
import { ABSENT_INTERFACES, INTERFACES, NAMESPACES, probe, type InterfaceShape } from './harness/idl.js';

/** What a Sandbox of such a Job has. */
declare const navigator: { readonly gpu: GPU };

const skip = await gpuMissing();
const evaluator = skip === false ? await openGpuHost(1) : null;
after(() => evaluator?.close());

/** What a function of one datum answers for each datum, in one Sandbox. */
async function runIn<Result>(
  work: (datum: never) => Result,
  data: readonly unknown[],
): Promise<Awaited<Result>[]> {
  const { sandbox, seen } = await start(evaluator!, work, { job: WEBGPU });
  sandbox.run(slices(data));
  await seen.until(() => seen.drained > 0 || seen.end !== null);
  sandbox.dispose();
  await seen.until(() => seen.end !== null);
  assert.deepEqual([...seen.failures.values()], []);
  return valuesOf(seen) as Awaited<Result>[];
}

const names = [...INTERFACES.keys()];
const shapes = new Map<string, InterfaceShape>();
if (evaluator) (await runIn(probe, names)).forEach((shape, index) => shapes.set(names[index]!, shape));

for (const [name, shape] of INTERFACES) {
  test(name, { skip }, () => {
    const seen = shapes.get(name)!;
    assert.deepEqual(
      { ...seen, members: sorted(seen.members) },
      { ...shape, members: sorted(shape.members) },
    );
  });
}

function sorted(members: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1));
}

test('namespaces have their constants and nothing else', { skip }, async () => {
  const work = (name: string): unknown => {
    const namespace = (globalThis as Record<string, unknown>)[name] as object;
    const descriptors = Object.entries(Object.getOwnPropertyDescriptors(namespace));
    return [
      Object.prototype.toString.call(namespace),
      Object.getPrototypeOf(namespace) === Object.prototype,
      Object.fromEntries(
        descriptors.map(([constant, { value, writable, enumerable, configurable }]) => [
          constant,
          [value, writable, enumerable, configurable],
        ]),
      ),
    ];
  };
  const seen = await runIn(work, [...NAMESPACES.keys()]);
  [...NAMESPACES].forEach(([name, constants], index) => {
    const expected = Object.entries(constants).map(([constant, value]) => [
      constant,
      [value, false, true, false],
    ]);
    assert.deepEqual(seen[index], [`[object ${name}]`, true, Object.fromEntries(expected)]);
  });
});

test('what is left out is not there', { skip }, async () => {
  const work = (name: string): boolean => name in globalThis;
  assert.deepEqual(
    await runIn(work, ABSENT_INTERFACES),
    ABSENT_INTERFACES.map(() => false),
  );
});

test('a setlike is a Set that cannot be changed, whatever has become of Set', { skip }, async () => {
  const work = async (): Promise<unknown> => {
    const { wgslLanguageFeatures } = navigator.gpu;
    const { features } = (await navigator.gpu.requestAdapter())!;
    for (const key of Reflect.ownKeys(Set.prototype)) Reflect.deleteProperty(Set.prototype, key);
    return [wgslLanguageFeatures, features].map((set) => {
      const called: unknown[] = [];
      const self = {};
      set.forEach(function (this: unknown, value, again, whole) {
        called.push(value === again && whole === set && this === self && set.has(value));
      }, self);
      const names = [...set];
      return [
        set.size > 0 && set.size === names.length && names.length === called.length,
        called.every((fine) => fine === true),
        names.join() === [...set.keys()].join() && names.join() === [...set.values()].join(),
        [...set.entries()].every(([key, value], index) => key === value && value === names[index]),
        [set.has('no such feature'), (set.has as (value: unknown) => boolean)(undefined)],
        ['add', 'delete', 'clear'].some((method) => method in set),
        Object.prototype.toString.call(set[Symbol.iterator]()),
      ];
    });
  };
  const expected = [true, true, true, true, [false, false], false, '[object Set Iterator]'];
  assert.deepEqual(await runIn(work, [0]), [[expected, expected]]);
});

test('errors and their event are made as their constructors say', { skip }, async () => {
  const work = (): unknown => {
    const attempt = (call: () => unknown): unknown => {
      try {
        return call();
      } catch (error) {
        return (error as Error).name;
      }
    };
    const bad = (type: unknown, ...args: unknown[]): unknown =>
      attempt(() => typeof Reflect.construct(type as new () => object, args));
    const error = new GPUValidationError('what');
    const event = new GPUUncapturedErrorEvent('mine', { error, cancelable: true } as { error: GPUError });
    const pipeline = new GPUPipelineError('late', { reason: 'internal' });
    return [
      [GPUValidationError, GPUOutOfMemoryError, GPUInternalError].map((type) => {
        const made = new type(5 as never);
        return [
          made.message,
          made instanceof GPUError,
          made instanceof type,
          bad(type),
          bad(type, Symbol('s')),
        ];
      }),
      bad(GPUError, 'message'),
      [event.error === error, event.type, event.cancelable, event.isTrusted, event instanceof Event],
      bad(GPUUncapturedErrorEvent, 'mine'),
      bad(GPUUncapturedErrorEvent, 'mine', {}),
      bad(GPUUncapturedErrorEvent, 'mine', { error: new Error('none of ours') }),
      [pipeline.name, pipeline.message, pipeline.reason, pipeline.code],
      [pipeline instanceof DOMException, pipeline instanceof Error, typeof pipeline.stack, String(pipeline)],
      new GPUPipelineError(undefined, { reason: 'validation' }).message,
      [bad(GPUPipelineError), bad(GPUPipelineError, 'x'), bad(GPUPipelineError, 'x', {})],
      bad(GPUPipelineError, 'x', { reason: 'no such' }),
    ];
  };
  const kind = ['5', true, true, 'TypeError', 'TypeError'];
  assert.deepEqual(await runIn(work, [0]), [
    [
      [kind, kind, kind],
      'TypeError',
      [true, 'mine', true, false, true],
      ...['TypeError', 'TypeError', 'TypeError'],
      ['GPUPipelineError', 'late', 'internal', 0],
      [true, true, 'string', 'GPUPipelineError: late'],
      '',
      ['TypeError', 'TypeError', 'TypeError'],
      'TypeError',
    ],
  ]);
});

test('only what is serializable can be cloned', { skip }, async () => {
  const work = async (): Promise<unknown> => {
    const adapter = (await navigator.gpu.requestAdapter())!;
    const device = await adapter.requestDevice();
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code: 'nonsense' });
    const error = await device.popErrorScope();
    const info = await module.getCompilationInfo();
    const objects = [
      navigator.gpu,
      adapter,
      adapter.features,
      adapter.limits,
      adapter.info,
      device,
      device.queue,
    ];
    const refused = [...objects, module, error, GPUBufferUsage].map((object) => {
      try {
        structuredClone(object);
        return 'cloned';
      } catch (thrown) {
        return (thrown as Error).name;
      }
    });
    const copy = structuredClone(info);
    const pipeline = structuredClone(new GPUPipelineError('text', { reason: 'internal' }));
    const read = ({ message, type, lineNum, linePos, offset, length }: GPUCompilationMessage): unknown[] => [
      ...[message, type, lineNum, linePos, offset, length],
    ];
    device.destroy();
    return [
      refused,
      [copy instanceof GPUCompilationInfo, copy !== info, copy.messages.length === info.messages.length],
      copy.messages[0] !== info.messages[0] && copy.messages[0] instanceof GPUCompilationMessage,
      JSON.stringify(copy.messages.map(read)) === JSON.stringify(info.messages.map(read)),
      [info.messages.length > 0, Object.isFrozen(copy.messages), info.messages === info.messages],
      [pipeline instanceof GPUPipelineError, pipeline.message, pipeline.reason],
    ];
  };
  assert.deepEqual(await runIn(work, [0]), [
    [
      // A namespace object is an ordinary one.
      [...new Array<string>(9).fill('DataCloneError'), 'cloned'],
      [true, true, true],
      true,
      true,
      [true, true, true],
      [true, 'text', 'internal'],
    ],
  ]);
});
