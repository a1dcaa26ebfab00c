import type { CodecExports } from './codec-exports.js';

/**
 * What native code gives the prelude (native/sandbox/host_functions.cc). The Work Function never gets hold of it.
 * Times are milliseconds of a monotonic clock.
 */
export interface Host {
  now(): number;
  /**
   * Throws the RangeError of a stack that ends, where it ends soon: before something that must be done whole or not at all. The Work
   * Function's stack may end at any call, and in loops.
   */
  requireStack(): void;
  /**
   * Writes it to `control` (`Control.nowMs`), to within a microsecond, by which it may also go back: in half of the time, for where
   * that counts.
   */
  readClock(): void;
  /** CPU time of this Sandbox so far. Up to 1 µs a call. */
  cpuNow(): number;
  /** Time that the GPU has worked for this Sandbox so far. Only with WebGPU. */
  gpuNow(): number;
  /**
   * Makes the interfaces of WebGPU, once. Answers those that become globals, by name, and as `gpu` what is to be
   * `navigator.gpu`.
   * @param classes of the environment's group `webgpu`
   */
  openWebgpu(classes: object): { readonly gpu: object; readonly [name: string]: unknown };
  /** Gives the global object properties that a group of the environment makes when the first of them is read. */
  defineGlobals(group: string, names: readonly string[]): void;
  /** Words shared with native code, see `Control`. */
  readonly control: Float64Array;
  /**
   * Takes results of Slices that ended, in order. Copies the columns, detaches the segments. Answers whether the next Slice
   * may begin; if not, the loop is called again when it may.
   */
  deliver(
    count: number,
    numbers: Uint32Array,
    outcomes: Uint8Array,
    elapsedMs: Float64Array,
    cpuMs: Float64Array,
    heads: Uint8Array,
    headBytes: number,
    headEnds: Uint32Array,
    segments: readonly Uint8Array[],
    segmentEnds: Uint32Array,
    /** Undefined: zeros. */
    webgpuMs: Float64Array | undefined,
  ): boolean;
  post(message: number, slice: number, number: number, text: string): void;
  post(
    message: number,
    slice: number,
    number: number,
    text: string,
    head: Uint8Array,
    segments: readonly Uint8Array[],
  ): void;
  /** The Slice ended without a result; those before it must have been delivered. Posts `message`, too. */
  reject(message: number, slice: number, retries: number, reason: string): void;
  /** No Slice is left. */
  drained(): void;
  /** Runs the promise jobs there are, and those they make. Nothing when it is called by one. */
  runMicrotasks(): void;
  /** What `Reports.rejections` takes; none of it is left. */
  takeRejections(): readonly unknown[];
  /** The value of a JavaScript expression; positions in errors are those of `source` in a file called `name`. */
  compile(source: string, name: string): unknown;
  /** The script of the Job's modules, compiled; undefined when none came with it. Throws when it does not compile. */
  modules():
    ((module: { exports: unknown }, require: (name: unknown) => unknown, asset: Asset) => void) | undefined;
  /** Bytes of one of the files that came with the modules, and a copy of it into so many bytes. */
  assetLength(index: number): number;
  readAsset(index: number, bytes: Uint8Array): void;
  /** The source map of the modules' script. */
  sourceMap(): string;
  utf8Read(bytes: Uint8Array, start: number, end: number): string;
  utf8Write(text: string, bytes: Uint8Array, at: number): number;
  isDetachable(buffer: ArrayBuffer): boolean;
  /** Detaches and frees ArrayBuffers. */
  release(buffers: readonly ArrayBuffer[]): void;
  /** How large one encoded result may be. */
  readonly resultBytes: number;
  /** Bytes outside of the heap that the Sandbox may have. */
  readonly memoryLimit: number;
  /** Bytes of `memoryLimit` that are left; looks for garbage when that is less than `wanted`. */
  memoryLeft(wanted: number): number;
  /** Counts the memory of a SharedArrayBuffer until it is freed. `isMemory`: of a WebAssembly.Memory, which grows. */
  trackShared(buffer: SharedArrayBuffer, isMemory: boolean): void;
  /**
   * A resizable buffer, a WebAssembly memory or a module is about to be made of so many mappings of the process and memories: they
   * count until `settleMapped`. Throws a RangeError where there is no room, not even after a look for garbage.
   */
  expectMapped(what: string, mappings: number, memories: number): void;
  /** It has been made, or is not going to be. */
  settleMapped(mappings: number, memories: number): void;
  /** One of them counts for as long as it is there. Nothing else does. */
  trackMapped(made: unknown): void;
  /** The memories that an instance has made count for as long as it is there, or they are. */
  trackInstance(instance: object, exported: object, memories: number): void;
  /** How many memories a WebAssembly module defines, given as such or by its bytes. */
  definedMemories(module: unknown): number;
  /** About what V8 takes to compile a WebAssembly module; 0 for what is no bytes. */
  compiledBytes(module: unknown): number;
  /**
   * Makes sure that no memory a WebAssembly module defines can grow beyond the account's limit. Answers the bytes to compile, which
   * nobody else has, or why they cannot be compiled; undefined for what is no bytes.
   */
  capMemories(module: unknown): ArrayBuffer | string | undefined;
}

/** Answers a file's bytes, always the same array. */
type Asset = (index: number) => Uint8Array;

/** Indices into `Host.control`; the same list is `struct Control` in native/sandbox/control.h. */
export const Control = {
  state: 0,
  slice: 1,
  sliceStartedMs: 2,
  progressMs: 3,
  nextTimerMs: 4,
  /** Results that ended and have not been delivered. */
  undelivered: 5,
  /** Timers that a Slice may wait for. */
  awaitedTimers: 6,
  /** Rejected promises to report, see `Host.takeRejections`. Written by native code. */
  rejections: 7,
  /** Requests to the host that have no answer yet. */
  openRequests: 8,
  /** See `Host.readClock`. Written by native code. */
  nowMs: 9,
  /** `Host.cpuNow` and `Host.gpuNow` when they were last read: what they show more belongs to the Slice that runs. */
  cpuReadMs: 10,
  gpuReadMs: 11,
} as const;

/** Values of the word `Control.state`. */
export const State = {
  /** Nothing to do until a batch comes. */
  idle: 0,
  /** Call `pump` again. */
  more: 1,
  /** A Slice waits for its promise. */
  waiting: 2,
} as const;

/** What the prelude hands back to native code. */
export interface Entries {
  /** Given to every group of the environment. */
  readonly realm: object;
  /**
   * Makes ready for a Job.
   * @param rehearsal run what an assignment runs, so that V8 has compiled it
   */
  prepare(codec: CodecExports, rehearsal: boolean): JobEntries;
  /** Runs the timers that are due. */
  timers(): void;
  /** The host has answered a request; `segments` is null when the Sandbox has no memory left for them. */
  answer(request: number, text: string, segments: ArrayBuffer[] | null): void;
  /** Reports promises that were rejected and that nobody handles. */
  rejections(): void;
  /** What reading `error.stack` gives. Called when it is first read, and only where modules came with the Job. */
  stack(error: unknown, sites: readonly object[]): unknown;
}

/** What native code calls once there is a Job. */
export interface JobEntries {
  /**
   * Answers why the Work Function cannot be used, or undefined.
   * @param description JSON of a `JobDescription`
   * @param plain nothing in it has to be met before the first Slice, and no modules came with the Job
   * @param argumentsHead null when the Job has no arguments
   */
  assign(
    description: string,
    plain: boolean,
    workFunction: string,
    argumentsHead: ArrayBuffer | null,
    argumentsSegments: ArrayBuffer[],
  ): string | undefined;
  addBatch(
    numbers: ArrayBuffer,
    heads: ArrayBuffer,
    headEnds: ArrayBuffer,
    segments: ArrayBuffer[],
    segmentEnds: ArrayBuffer,
  ): void;
  /** Runs Slices for some milliseconds. */
  pump(): void;
  /** Delivers results that wait for company. */
  flush(): void;
  /** Nothing can happen any more that would settle the promise of the current Slice. */
  stuck(): void;
  /** A callback of the Work Function's that V8 calls by itself, for a FinalizationRegistry, has thrown. */
  uncaught(thrown: unknown): void;
}
