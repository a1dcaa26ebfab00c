/**
 * Memory that V8 takes from the operating system, past the allocator of ArrayBuffers: WebAssembly memories and code, resizable
 * ArrayBuffers, growable and shared memory. What would exceed the Sandbox's account is refused here, where the Work Function can
 * catch it. This is a courtesy: whatever gets around it, `memory.grow` of WebAssembly code first of all, is seen by native
 * code within some 10 ms and ends the Sandbox (native/isolate/memory_account.h). What must hold is that no single one of them can grow
 * beyond the account's limit, because native code cannot stop a builtin that fills it: each has a maximum.
 */
import type { Host } from './host.js';
import { GROWING_BUFFER, makeMapped, MEMORY, MODULE, type MappedCount } from './mapped.js';
import { replaceConstructor, replaceMethod, type Class, type Method } from './replace.js';

/** Bytes of a page of WebAssembly memory, and the most pages that 32 bits can address. */
const PAGE = 65536;
const MAX_PAGES = 65536;

/** What is guarded of the namespace, which the libraries this project compiles against do not have. */
interface WebAssemblyNamespace {
  readonly Memory: Class;
  readonly Module: Class;
  readonly Instance: Class;
  readonly compile: Method;
  readonly instantiate: Method;
}
const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyNamespace };

// As they were before any Work Function could change them.
const { construct, apply } = Reflect;
const { getOwnPropertyDescriptor } = Object;
const { floor } = Math;
const NativeRangeError = RangeError;
const NativePromise = Promise;
const { then } = Promise.prototype as { then: Method };
/** ECMA-262, "ToNumber": no BigInt, as `Number` takes it. */
const toNumber = (value: unknown): number => +(value as number);
/** Of a number or a BigInt. */
const asNumber = Number;

/** Puts the account in front of every constructor and method that takes memory from the operating system. */
export function guardMemory(host: Host): void {
  const { memoryLimit } = host;
  const check = (what: string, bytes: number): void => {
    const left = host.memoryLeft(bytes);
    if (bytes > left) {
      throw new NativeRangeError(
        `${what}: ${mebibytes(bytes)} asked for, ${mebibytes(left)} left of the Sandbox's ${mebibytes(memoryLimit)}`,
      );
    }
  };
  guardBuffers(host, check, memoryLimit);
  guardWebAssembly(host, check, floor(memoryLimit / PAGE));
}

function mebibytes(bytes: number): string {
  return `${floor((bytes / 2 ** 20) * 100) / 100} MiB`;
}

type Check = (what: string, bytes: number) => void;

function guardBuffers(host: Host, check: Check, memoryLimit: number): void {
  /** Answers the second argument of a buffer's constructor with each of its properties read once. */
  const optionsOf = (name: string, length: unknown, options: unknown): object | undefined => {
    if (typeof options !== 'object' || options === null) return undefined;
    const { maxByteLength } = options as { maxByteLength?: unknown };
    if (maxByteLength === undefined) return undefined;
    const max = toNumber(maxByteLength);
    if (max > memoryLimit) {
      throw new NativeRangeError(
        `${name}: a maxByteLength of ${mebibytes(max)} is more than the Sandbox's ${mebibytes(memoryLimit)}`,
      );
    }
    check(name, toNumber(length));
    return { maxByteLength: max };
  };
  const NativeArrayBuffer = ArrayBuffer;
  replaceConstructor(globalThis, 'ArrayBuffer', (args, newTarget) => {
    if (args.length < 2) return construct(NativeArrayBuffer, args, newTarget) as object;
    const length = toNumber(args[0]);
    const options = optionsOf('ArrayBuffer', length, args[1]);
    const make = (): object => construct(NativeArrayBuffer, [length, options], newTarget) as object;
    return options === undefined ? make() : makeMapped(host, 'ArrayBuffer', GROWING_BUFFER, make);
  });
  const byteLength = getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')!.get!;
  // A resizable buffer that is transferred grows in place.
  for (const name of ['resize', 'transfer'] as const) {
    replaceMethod(ArrayBuffer.prototype, name, (native) => {
      const method = {
        [name](this: unknown, ...args: unknown[]): unknown {
          if (args.length === 0 || args[0] === undefined) return apply(native, this, args);
          const wanted = toNumber(args[0]);
          const more = wanted - (apply(byteLength, this, []) as number);
          if (more > 0) check(`ArrayBuffer.prototype.${name}`, more);
          const answer = apply(native, this, [wanted]);
          host.trackMapped(answer);
          return answer;
        },
      };
      return method[name]!;
    });
  }

  const NativeSharedArrayBuffer = SharedArrayBuffer;
  replaceConstructor(globalThis, 'SharedArrayBuffer', (args, newTarget) => {
    const length = toNumber(args[0]);
    const options = optionsOf('SharedArrayBuffer', length, args[1]);
    const make = (): SharedArrayBuffer =>
      construct(NativeSharedArrayBuffer, [length, options], newTarget) as SharedArrayBuffer;
    const buffer =
      options === undefined ? make() : makeMapped(host, 'SharedArrayBuffer', GROWING_BUFFER, make);
    host.trackShared(buffer, false);
    return buffer;
  });
  const sharedByteLength = getOwnPropertyDescriptor(SharedArrayBuffer.prototype, 'byteLength')!.get!;
  replaceMethod(
    SharedArrayBuffer.prototype,
    'grow',
    (native) =>
      function grow(this: unknown, newLength: unknown) {
        const wanted = toNumber(newLength);
        const more = wanted - (apply(sharedByteLength, this, []) as number);
        if (more > 0) check('SharedArrayBuffer.prototype.grow', more);
        return apply(native, this, [wanted]);
      },
  );
}

/** A limit of WebAssembly: a number, or a BigInt where addresses have 64 bits. Undefined stays so. */
function limitOf(value: unknown): number | bigint | undefined {
  return value === undefined || typeof value === 'bigint' ? value : toNumber(value);
}

function guardWebAssembly(host: Host, check: Check, maxPages: number): void {
  const { Memory, Module, Instance } = WebAssembly;
  const instanceExports = getOwnPropertyDescriptor(Instance.prototype, 'exports')!.get!;
  const memoryBuffer = getOwnPropertyDescriptor(Memory.prototype, 'buffer')!.get!;

  replaceConstructor(WebAssembly, 'Memory', (args, newTarget) => {
    const [given] = args;
    // What is no descriptor, WebAssembly.Memory refuses itself.
    if (typeof given !== 'object' || given === null) return construct(Memory, args, newTarget) as object;
    const { initial, maximum, shared, address, index } = given as Record<string, unknown>;
    const pages = limitOf(initial);
    const most = limitOf(maximum);
    check('WebAssembly.Memory', asNumber(pages ?? 0) * PAGE);
    const descriptor: Record<string, unknown> = {};
    if (pages !== undefined) descriptor['initial'] = pages;
    if (most !== undefined || pages !== undefined) {
      const cap = typeof pages === 'bigint' ? BigInt(maxPages) : maxPages;
      // What no memory of 32 bits can have, WebAssembly.Memory refuses itself.
      const tooMuch = address === undefined && most !== undefined && most > MAX_PAGES;
      descriptor['maximum'] = most === undefined || (most > cap && !tooMuch) ? cap : most;
    }
    // Without a maximum a shared memory is refused, and that must stay so.
    if (shared) {
      descriptor['shared'] = true;
      if (most === undefined) delete descriptor['maximum'];
    }
    if (address !== undefined) descriptor['address'] = address;
    if (index !== undefined) descriptor['index'] = index;
    const make = (): object => construct(Memory, [descriptor], newTarget) as object;
    const memory = makeMapped(host, 'WebAssembly.Memory', MEMORY, make);
    if (shared) host.trackShared(apply(memoryBuffer, memory, []) as SharedArrayBuffer, true);
    return memory;
  });
  replaceMethod(
    Memory.prototype,
    'grow',
    (native) =>
      function grow(this: unknown, delta: unknown) {
        const pages = limitOf(delta);
        const more = asNumber(pages ?? 0) * PAGE;
        if (more > 0) check('WebAssembly.Memory.prototype.grow', more);
        return apply(native, this, [pages]);
      },
  );

  /**
   * Puts the bytes to compile in place of the first argument; throws where the module or its memories may not be. False where the
   * argument is no bytes.
   */
  const cap = (what: string, args: unknown[]): boolean => {
    check(what, host.compiledBytes(args[0]));
    const instead = host.capMemories(args[0]);
    if (typeof instead === 'string') throw new NativeRangeError(`${what}: ${instead}`);
    if (instead === undefined) return false;
    args[0] = instead;
    return true;
  };
  const countOf = (memories: number, modules = 0): MappedCount => ({
    mappings: memories * MEMORY.mappings + modules * MODULE.mappings,
    memories,
  });
  const trackInstance = (instance: object, memories: number): void => {
    if (memories > 0) host.trackInstance(instance, apply(instanceExports, instance, []) as object, memories);
  };

  replaceConstructor(WebAssembly, 'Module', (args, newTarget) => {
    cap('WebAssembly.Module', args);
    const make = (): object => construct(Module, args, newTarget) as object;
    return makeMapped(host, 'WebAssembly.Module', MODULE, make);
  });
  replaceConstructor(WebAssembly, 'Instance', (args, newTarget) => {
    const memories = host.definedMemories(args[0]);
    return makeMapped(host, 'WebAssembly.Instance', countOf(memories), () => {
      const instance = construct(Instance, args, newTarget) as object;
      trackInstance(instance, memories);
      return instance;
    });
  });
  for (const name of ['compile', 'instantiate'] as const) {
    const what = `WebAssembly.${name}`;
    replaceMethod(WebAssembly, name, (native) => {
      const method = (...args: unknown[]): unknown =>
        new NativePromise((resolve) => {
          const compiles = cap(what, args);
          const memories = name === 'instantiate' ? host.definedMemories(args[0]) : 0;
          const { mappings } = countOf(memories, compiles ? 1 : 0);
          host.expectMapped(what, mappings, memories);
          const onMade = (made: object): object => {
            host.settleMapped(mappings, memories);
            if (name === 'compile') host.trackMapped(made);
            else if (!compiles) trackInstance(made, memories);
            else {
              const { module, instance } = made as { module: object; instance: object };
              host.trackMapped(module);
              trackInstance(instance, memories);
            }
            return made;
          };
          const onFailed = (error: unknown): never => {
            host.settleMapped(mappings, memories);
            throw error;
          };
          resolve(apply(then, apply(native, WebAssembly, args), [onMade, onFailed]));
        });
      return method;
    });
  }
}
