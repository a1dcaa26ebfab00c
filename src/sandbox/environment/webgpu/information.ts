/** What adapters, devices and shader modules say of themselves. https://www.w3.org/TR/webgpu/ */
import { MAKE, realm, requireMake } from './realm.js';

/** https://www.w3.org/TR/webgpu/#gpuadapterinfo */
export class GPUAdapterInfo {
  readonly #vendor: string;
  readonly #architecture: string;
  readonly #device: string;
  readonly #description: string;
  readonly #subgroupMinSize: number;
  readonly #subgroupMaxSize: number;
  readonly #isFallbackAdapter: boolean;

  constructor(...args: unknown[]) {
    requireMake(args[0], 'GPUAdapterInfo');
    this.#vendor = args[1] as string;
    this.#architecture = args[2] as string;
    this.#device = args[3] as string;
    this.#description = args[4] as string;
    this.#subgroupMinSize = args[5] as number;
    this.#subgroupMaxSize = args[6] as number;
    this.#isFallbackAdapter = args[7] as boolean;
  }

  get vendor(): string {
    return this.#vendor;
  }
  get architecture(): string {
    return this.#architecture;
  }
  get device(): string {
    return this.#device;
  }
  get description(): string {
    return this.#description;
  }
  get subgroupMinSize(): number {
    return this.#subgroupMinSize;
  }
  get subgroupMaxSize(): number {
    return this.#subgroupMaxSize;
  }
  get isFallbackAdapter(): boolean {
    return this.#isFallbackAdapter;
  }
}

export function newAdapterInfo(
  vendor: string,
  architecture: string,
  device: string,
  description: string,
  subgroupMinSize: number,
  subgroupMaxSize: number,
  isFallbackAdapter: boolean,
): GPUAdapterInfo {
  return new GPUAdapterInfo(
    MAKE,
    vendor,
    architecture,
    device,
    description,
    subgroupMinSize,
    subgroupMaxSize,
    isFallbackAdapter,
  );
}

/** https://www.w3.org/TR/webgpu/#gpudevicelostinfo */
export class GPUDeviceLostInfo {
  readonly #reason: string;
  readonly #message: string;

  constructor(...args: unknown[]) {
    requireMake(args[0], 'GPUDeviceLostInfo');
    this.#reason = args[1] as string;
    this.#message = args[2] as string;
  }

  get reason(): string {
    return this.#reason;
  }
  get message(): string {
    return this.#message;
  }
}

export function newLostInfo(reason: string, message: string): GPUDeviceLostInfo {
  return new GPUDeviceLostInfo(MAKE, reason, message);
}

/** As native code gives it: message, type, lineNum, linePos, offset, length. */
type MessageParts = readonly [string, string, number, number, number, number];

/** Copies for structuredClone; undefined of what is none of these. */
export let copyMessage: (value: object) => object | undefined;
export let copyInfo: (value: object) => object | undefined;

/** https://www.w3.org/TR/webgpu/#gpucompilationmessage */
export class GPUCompilationMessage {
  readonly #parts: MessageParts;

  static {
    copyMessage = (value) => (#parts in value ? new GPUCompilationMessage(MAKE, value.#parts) : undefined);
  }

  constructor(...args: unknown[]) {
    requireMake(args[0], 'GPUCompilationMessage');
    this.#parts = args[1] as MessageParts;
  }

  get message(): string {
    return this.#parts[0];
  }
  get type(): string {
    return this.#parts[1];
  }
  get lineNum(): number {
    return this.#parts[2];
  }
  get linePos(): number {
    return this.#parts[3];
  }
  get offset(): number {
    return this.#parts[4];
  }
  get length(): number {
    return this.#parts[5];
  }
}

/** https://www.w3.org/TR/webgpu/#gpucompilationinfo */
export class GPUCompilationInfo {
  readonly #messages: readonly object[];

  static {
    copyInfo = (value) =>
      #messages in value ? makeInfo(value.#messages, (message) => copyMessage(message)!) : undefined;
  }

  constructor(...args: unknown[]) {
    requireMake(args[0], 'GPUCompilationInfo');
    this.#messages = args[1] as readonly object[];
  }

  get messages(): readonly object[] {
    return this.#messages;
  }
}

function makeInfo<T>(list: readonly T[], makeMessage: (item: T) => object): GPUCompilationInfo {
  const { defineProperty, ObjectFreeze } = realm.primordials;
  const messages: object[] = [];
  for (let index = 0; index < list.length; index++) {
    defineProperty(messages, index, { value: makeMessage(list[index]!), enumerable: true });
  }
  return new GPUCompilationInfo(MAKE, ObjectFreeze(messages));
}

export function newCompilationInfo(messages: readonly MessageParts[]): GPUCompilationInfo {
  return makeInfo(messages, (parts) => new GPUCompilationMessage(MAKE, parts));
}
