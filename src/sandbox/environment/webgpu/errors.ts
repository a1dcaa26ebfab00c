/** Errors of WebGPU. https://www.w3.org/TR/webgpu/#errors-and-debugging */
import { defineInterface, requireArguments, toDictionary } from '../webidl.js';
import { toDOMString, toEnumeration } from '../webidl-types.js';
import { realm, requireMake, MAKE } from './realm.js';

/** Whether a value is a GPUError. */
export let isError: (value: unknown) => value is GPUError;
/** Its class and message, whatever has become of the properties. */
export let describe: (error: GPUError) => string;

/** The constructors of its subclasses alone make one. */
export class GPUError {
  readonly #message: string;
  readonly #class: string;

  static {
    isError = (value): value is GPUError => typeof value === 'object' && value !== null && #message in value;
    describe = (error) => `${error.#class}: ${error.#message}`;
  }

  constructor(...args: unknown[]) {
    requireMake(args[0], 'GPUError');
    this.#message = args[1] as string;
    this.#class = args[2] as string;
  }

  get message(): string {
    return this.#message;
  }
}

/**
 * A program may put a class of its own in the place of GPUError, which `super()` would call and hand the key to: GPUError
 * itself makes what is an object of the given class. A constructor that answers an object need not call `super()`.
 */
function make<T extends GPUError>(message: string, name: string, type: new (message: unknown) => T): T {
  return realm.primordials.construct(GPUError, [MAKE, message, name], type) as T;
}

export class GPUValidationError extends GPUError {
  // @ts-expect-error: without super(), see `make`.
  constructor(message: unknown) {
    requireArguments(realm.primordials, arguments.length, 1, 'GPUValidationError');
    return make(toDOMString(message), 'GPUValidationError', new.target);
  }
}

export class GPUOutOfMemoryError extends GPUError {
  // @ts-expect-error: without super(), see `make`.
  constructor(message: unknown) {
    requireArguments(realm.primordials, arguments.length, 1, 'GPUOutOfMemoryError');
    return make(toDOMString(message), 'GPUOutOfMemoryError', new.target);
  }
}

export class GPUInternalError extends GPUError {
  // @ts-expect-error: without super(), see `make`.
  constructor(message: unknown) {
    requireArguments(realm.primordials, arguments.length, 1, 'GPUInternalError');
    return make(toDOMString(message), 'GPUInternalError', new.target);
  }
}

export function newError(type: 'validation' | 'out-of-memory' | 'internal', message: string): GPUError {
  switch (type) {
    case 'validation':
      return new GPUValidationError(message);
    case 'out-of-memory':
      return new GPUOutOfMemoryError(message);
    case 'internal':
      return new GPUInternalError(message);
  }
}

const REASONS = ['validation', 'internal'] as const;
type Reason = (typeof REASONS)[number];

interface PipelineErrors {
  readonly GPUPipelineError: abstract new (...args: never[]) => object;
  newPipelineError(reason: Reason, message: string): object;
}

/** https://www.w3.org/TR/webgpu/#gpupipelineerror */
export function makePipelineErrors(): PipelineErrors {
  const { primordials } = realm;
  const { DOMException } = realm.group('dom-exception');
  let copy: (value: object) => object | undefined;

  class GPUPipelineError extends DOMException {
    readonly #reason: Reason;
    readonly #message: string;

    static {
      copy = (value) => {
        if (!(#reason in value)) return undefined;
        const made = new GPUPipelineError(value.#message, { reason: value.#reason });
        const { stack } = value as { stack?: unknown };
        if (typeof stack === 'string') {
          primordials.defineProperty(made, 'stack', { value: stack, writable: true, configurable: true });
        }
        return made;
      };
    }

    constructor(message: unknown, options: unknown) {
      requireArguments(primordials, arguments.length, 2, 'GPUPipelineError');
      const text = message === undefined ? '' : toDOMString(message);
      const { reason } = toDictionary<{ reason: unknown }>(primordials, options, 'GPUPipelineError: options');
      if (reason === undefined) {
        throw new primordials.TypeError('GPUPipelineError: options.reason is required');
      }
      const known = toEnumeration(primordials, reason, REASONS, 'GPUPipelineError: options.reason');
      super(text, 'GPUPipelineError');
      this.#message = text;
      this.#reason = known;
    }

    get reason(): Reason {
      return this.#reason;
    }
  }

  defineInterface(primordials, 'GPUPipelineError', GPUPipelineError, (value) => copy(value));
  return {
    GPUPipelineError,
    newPipelineError(reason, message) {
      const options = { __proto__: null, reason };
      return new GPUPipelineError(message, options);
    },
  };
}
