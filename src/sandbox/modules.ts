import type { Host } from './host.js';

// As they were before any Work Function could change them.
const { create, hasOwn, keys } = Object;
const { join, sort } = Array.prototype;
const { apply } = Reflect;
const NativeError = Error;
const Bytes = Uint8Array;
const { stringify } = JSON;
/** Under which the script of the modules names the one that is the Work Function, if one is. */
const WORK_FUNCTION = Symbol.for('dcp:work-function');

/** `require` of a Work Function. */
export type Require = (name: unknown) => unknown;

/**
 * `require` over the modules that came with the Job (`JobModules` of src/model). Each module's code runs when it is first
 * required, and what it throws then goes to whoever requires it.
 */
export class ModuleTable {
  readonly #loaders = create(null) as Record<string, () => unknown>;
  readonly #loaded = create(null) as Record<string, unknown>;
  #workFunction: string | undefined;

  /**
   * @param keep is told of every buffer with a file that came with the Job
   * @param aside calls what it is given: the code of a module
   */
  constructor(
    private readonly host: Host,
    private readonly keep: (buffer: ArrayBufferLike) => void,
    private readonly aside: <T>(load: () => T) => T,
  ) {}

  readonly require: Require = (name) => {
    if (typeof name !== 'string') throw new TypeError(`require: expected a name, got ${typeof name}`);
    if (hasOwn(this.#loaded, name)) return this.#loaded[name];
    if (!hasOwn(this.#loaders, name)) throw notDeclared(name, keys(this.#loaders), this.#workFunction);
    // The namespace of an ES module would be another object each time.
    return (this.#loaded[name] = this.aside(this.#loaders[name]!));
  };

  /** Compiles and runs the script of the Job's modules, if there is one. */
  load(): void {
    const script = this.host.modules();
    if (script === undefined) return;
    const assets = create(null) as Record<number, Uint8Array>;
    const asset = (index: number): Uint8Array => {
      if (assets[index] !== undefined) return assets[index];
      const bytes = readAsset(this.host, index);
      this.keep(bytes.buffer);
      return (assets[index] = bytes);
    };
    const module: { exports: unknown } = { exports: {} };
    script(module, this.require, asset);
    const table = module.exports as Record<string, () => unknown>;
    for (const name of keys(table)) this.#loaders[name] = table[name]!;
    this.#workFunction = (table as { [WORK_FUNCTION]?: string })[WORK_FUNCTION];
  }
}

function readAsset(host: Host, index: number): Uint8Array {
  // Beyond the Sandbox's memory limit this throws.
  const bytes = new Bytes(host.assetLength(index));
  host.readAsset(index, bytes);
  return bytes;
}

function notDeclared(name: string, known: readonly string[], workFunction: string | undefined): Error {
  const declared: string[] = [];
  for (let index = 0; index < known.length; index++)
    if (known[index] !== workFunction) declared[declared.length] = known[index]!;
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
