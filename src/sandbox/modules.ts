import type { Host } from './host.js';

// As they were before any Work Function could change them.
const { create, hasOwn, keys } = Object;
const { join, sort } = Array.prototype;
const { apply } = Reflect;
const NativeError = Error;
const Bytes = Uint8Array;
const { stringify } = JSON;

/** `require` of a Work Function. */
export type Require = (name: unknown) => unknown;

/**
 * `require` over the modules that came with the Job (`JobModules` of src/model). Their script is compiled here; each
 * module's code runs when it is first required, and what it throws then goes to whoever requires it.
 */
export function createRequire(host: Host): Require {
  const loaders = create(null) as Record<string, () => unknown>;
  const loaded = create(null) as Record<string, unknown>;
  const require: Require = (name) => {
    if (typeof name !== 'string') throw new TypeError(`require: expected a name, got ${typeof name}`);
    if (hasOwn(loaded, name)) return loaded[name];
    if (!hasOwn(loaders, name)) throw notDeclared(name, keys(loaders));
    // The namespace of an ES module would be another object each time.
    return (loaded[name] = loaders[name]!());
  };
  const script = host.modules();
  if (script === undefined) return require;
  const assets = create(null) as Record<number, Uint8Array>;
  const asset = (index: number): Uint8Array => (assets[index] ??= readAsset(host, index));
  const module: { exports: unknown } = { exports: {} };
  script(module, require, asset);
  const table = module.exports as Record<string, () => unknown>;
  for (const name of keys(table)) loaders[name] = table[name]!;
  return require;
}

function readAsset(host: Host, index: number): Uint8Array {
  // Beyond the Sandbox's memory limit this throws.
  const bytes = new Bytes(host.assetLength(index));
  host.readAsset(index, bytes);
  return bytes;
}

function notDeclared(name: string, declared: string[]): Error {
  const error = new NativeError(
    `Cannot find module ${stringify(name)}: ${
      declared.length === 0
        ? 'no modules came with the Job'
        : `the modules that came with the Job are ${apply(join, apply(sort, declared, []), [', '])}`
    } (job.requires declares them)`,
  );
  (error as Error & { code: string }).code = 'MODULE_NOT_FOUND';
  return error;
}
