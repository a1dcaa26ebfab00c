import { loadAddon } from '../system/index.js';
import type { CallProfile } from './confinement/seccomp-setting.js';

/**
 * The addon as TypeScript sees it: same names, same order as native/addon. Times are milliseconds, sizes bytes.
 * Arguments are not checked again on the other side.
 */
export interface Native {
  readonly NativeEvaluator: new (
    scripts: SandboxScripts,
    onEvents: (events: NativeEvent[]) => void,
  ) => NativeEvaluator;
  /** Serves a queue on the calling thread. True: call again after a turn of the event loop; false: stopped. */
  runExecutor(queueId: number, probe: () => void): boolean;
  /** A pair of UNIX stream sockets, as descriptors that no child inherits; reading from the first one never waits. */
  socketPair(): [number, number];
  /** Hands a socket over to the process on the other side of a UNIX socket, with a number. False: it takes none now. */
  sendSocket(channel: number, socket: number, number: number): boolean;
  /** The number and the socket, negative where this process may have no more of them; null: there is none now. */
  receiveSocket(channel: number): [number: number, socket: number] | null;
  /** Whether the other side of each of these sockets, by their descriptors, has closed. Nothing is read. */
  haveLeft(sockets: readonly number[]): boolean[];
  /**
   * Whether anybody may still read what is written on a pipe or a socket. A half-closed one has a reader. That a TCP peer has gone
   * is known once something was sent to it.
   */
  hasReader(fd: number): boolean;
  /**
   * This process becomes the program that the first word is the path of, with these variables (`NAME=value`), and these descriptors
   * besides the standard ones. Throws when the system refuses it.
   */
  become(words: readonly string[], variables: readonly string[], kept: readonly number[]): never;
  /** Closes one of them. (Node's own `close` warns, in a worker thread, of descriptors it did not open.) */
  closeDescriptor(fd: number): void;
  /**
   * Makes memory for a child process; throws when the system has none. `writable`: this process hands out its ranges and
   * fills them; else the child does. Up to `keepBytes` of what has been freed are kept.
   */
  readonly SharedRegion: new (
    name: string,
    bytes: number,
    writable: boolean,
    keepBytes: number,
  ) => SharedRegion;
  /** The child's side of two of them of that length, by their descriptors. Once in a process. */
  readonly EvaluatorMemory: new (
    tasksDescriptor: number,
    resultsDescriptor: number,
    bytes: number,
    keepBytes: number,
    onFreed: () => void,
  ) => EvaluatorMemory;
  /**
   * So many bytes of any content, from 1 to `buffer.constants.MAX_LENGTH`, the only view of a buffer that the garbage collector does not count: it can change hands without a
   * collection, which would cost more than a copy. `sweepBuffers` is to be called as long as it says that there are any.
   * @throws {RangeError} there is no such memory
   */
  allocateBuffer(bytes: number): Uint8Array<ArrayBuffer>;
  /** The bytes of a view that shows all of its buffer, with such a buffer; the one before is detached. */
  passOn(view: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Frees those that are garbage, and tells the collector of those that have lived since the last call. Whether any are left. */
  sweepBuffers(): boolean;
  /** Detaches the buffers that they show in full, so that their memory is given back now. */
  dropViews(views: readonly Uint8Array[]): void;
  /**
   * Takes away from all threads, for good, what processes of these profiles do not need of the kernel. Answers why it could
   * not; empty when it could. A second call can only take more away.
   */
  confineCalls(profiles: readonly CallProfile[]): string;
  /** Ends the process at once, without waiting for its threads. */
  exitNow(code: number): never;
  /**
   * Time stands still for all Sandboxes of this process, until it is released: it is about to be frozen. `frozenMs`: how long it was,
   * should it have learned of it only when it was over.
   */
  holdTime(): void;
  releaseTime(frozenMs: number): void;
  /** The kernel ends this process when the thread that started it ends, also while this one stands still. */
  endWithParent(): void;
  /** Where the bytes of a view lie in this process. */
  readonly addressOf: (view: ArrayBufferView) => bigint;
  /** Why the dynamic loader cannot open a library of this name or path; empty when it can. It stays open. */
  tryLibrary(library: string): string;
  /** The ABI of webgpu.h that Dawn's library must have, and the library that the build was told of (empty: none). */
  readonly webgpuAbi: string;
  readonly dawnLibrary: string;
  readonly v8Version: string;
}

/** What runs in a Sandbox before and beside the Work Function: ASCII text of classic scripts. */
export interface SandboxScripts {
  /** The body of a function of `host`. */
  readonly prelude: string;
  /** Each the body of a function of `host` and `realm` that answers the globals it is for. */
  readonly groups: readonly {
    readonly name: string;
    readonly globals: readonly string[];
    readonly source: string;
  }[];
}

export interface NativeEvaluator {
  readonly queueId: number;
  createSandbox(
    id: number,
    heapBytes: number,
    bufferBytes: number,
    resultBytes: number,
    gpuBytes: number,
    gpuBuffers: number,
    gpuPipelines: number,
    inspected: boolean,
  ): void;
  /**
   * Says what Sandboxes get that are assigned from now on with `webgpu`. The lists are rules for adapters, in lower case.
   * Answers why the library cannot be used, empty when it can.
   */
  offerGpu(
    library: string,
    adapters: readonly string[],
    bannedAdapters: readonly string[],
    software: boolean,
  ): string;
  /** Sandboxes that are assigned with `webgpu` end, and this is why. */
  refuseGpu(whyNot: string): void;
  assign(
    id: number,
    description: string,
    /** See `JobEntries.assign` of src/sandbox; an empty `argumentsHead` says that there are none. */
    plain: boolean,
    workFunction: string,
    /** Script, source map, and the assets. */
    modules: readonly Uint8Array[] | null,
    argumentsHead: Uint8Array,
    argumentsSegments: readonly Uint8Array[],
    sliceTimeoutMs: number,
    progressTimeoutMs: number,
    cpuTimeoutMs: number,
    gpuTimeoutMs: number,
    webgpu: boolean,
  ): void;
  run(
    id: number,
    numbers: Uint32Array,
    heads: Uint8Array,
    headEnds: Uint32Array,
    segments: readonly Uint8Array[],
    segmentEnds: Uint32Array,
  ): void;
  answer(id: number, request: number, text: string, segments: readonly Uint8Array[]): void;
  /** Events of so many bytes are done with: a Sandbox of which too many are not begins no Slice. */
  release(id: number, bytes: number, ofMessage: boolean): void;
  /** For a Sandbox that is inspected. `message` is of the DevTools protocol, empty where there is none. */
  inspect(id: number, command: InspectorCommand, message: string): void;
  /** Startup files, by the names that stacks show and their UTF-8 text. Answers a number for `createClassic`. */
  defineClassic(names: readonly string[], sources: readonly Uint8Array[], webgpuScript: string): number;
  createClassic(
    id: number,
    setup: number,
    heapBytes: number,
    bufferBytes: number,
    gpuBytes: number,
    gpuBuffers: number,
    gpuPipelines: number,
  ): void;
  /** Hands a classic Sandbox bytes of lines, which it keeps. True: it wants no more until its event `room`. */
  read(id: number, chunk: Uint8Array): boolean;
  /** No line comes any more: the Sandbox ends once it has nothing to do. */
  endInput(id: number): void;
  /** The lines written by then, in chunks; after the event `output`, or the end. */
  takeOutput(id: number): Uint8Array[];
  /** So many bytes of them have been sent: a Sandbox of which too many have not reads and writes nothing. */
  releaseOutput(id: number, bytes: number): void;
  dispose(id: number): void;
  /** After the Sandbox's `ended` event. */
  forget(id: number): void;
  /** Whether events to come keep the process running: at first they do. */
  ref(): void;
  unref(): void;
  /** Executors return soon; what they run is thrown away. */
  stop(): void;
  /** After the executors have returned: disposes of what is left. */
  close(): void;
  stats(): NativeStats;
}

/** Memory that a child has, too, and may change at any moment. Addresses are offsets. */
export interface SharedRegion {
  /** What the child is to inherit; -1 once it is closed. */
  readonly descriptor: number;
  /** Copies the bytes to a range of their own; -1: there is no room. */
  place(view: Uint8Array): number;
  /** False: no range in use begins there. */
  free(offset: number): boolean;
  /** Whether all of it is part of one range in use. */
  isInUse(offset: number, bytes: number): boolean;
  /** False: it is not all in the region. */
  read(offset: number, into: Uint8Array): boolean;
  /** Gives back to the system what was free already at the last call but one. Whether something is kept still. */
  discardAged(): boolean;
  stats(): { readonly placedBytes: number; readonly pageBytes: number };
  /** Does away with this side of it. */
  close(): void;
}

/** From then on Sandboxes of this process have their long buffers in the memory of results. */
export interface EvaluatorMemory {
  /** A range that the host has filled. `onFreed` and `takeFreed` say when nobody has its memory any more. */
  viewTask(offset: number, bytes: number): Uint8Array;
  /** Where in that memory the bytes lie; -1: somewhere else. */
  taskOffsetOf(view: Uint8Array): number;
  resultOffsetOf(view: Uint8Array): number;
  takeFreed(): Float64Array;
  /** As that of `SharedRegion`, for the memory of results. */
  discardAged(): boolean;
}

export interface NativeStats {
  readonly sandboxes: number;
  /** Sandboxes that wait for a thread. */
  readonly ready: number;
  /** Threads that serve the queue. */
  readonly executors: number;
  /** Of all Sandboxes of this process, those that were left as they are because their GPU did not come back. */
  readonly disowned: number;
  readonly gpu: GpuUse;
}

/** What the Sandboxes of an Evaluator have of the GPU at a time, that is not destroyed or collected. */
export interface GpuUse {
  /** Sandboxes whose GPU works on something. */
  readonly busy: number;
  readonly devices: number;
  readonly buffers: number;
  readonly textures: number;
  readonly pipelines: number;
  /** Of buffers, textures and query sets. */
  readonly bytes: number;
}

/** Of a debugger: it comes, says something, goes. The same list is `InspectorCommand` in native/isolate/inspector.h. */
export const InspectorCommand = { connect: 0, message: 1, disconnect: 2 } as const;
export type InspectorCommand = (typeof InspectorCommand)[keyof typeof InspectorCommand];

export type NativeEvent = { readonly sandbox: number } &
  // `inspectorRun`: a debugger has set what it wanted to set, or has gone.
  (
    | { readonly kind: 'ready' | 'assigned' | 'drained' | 'inspectorRun' }
    | { readonly kind: 'output' | 'room' | 'blocked' | 'unblocked' }
    | { readonly kind: 'inspectorMessage'; readonly text: string }
    /** The name of an adapter that the Job got, for the first time in this Sandbox. */
    | { readonly kind: 'adapter'; readonly text: string }
    | {
        readonly kind: 'results';
        readonly numbers: Uint32Array;
        readonly outcomes: Uint8Array;
        readonly elapsedMs: Float64Array;
        readonly cpuMs: Float64Array;
        readonly webgpuMs: Float64Array;
        readonly heads: Uint8Array;
        readonly headEnds: Uint32Array;
        readonly segments: readonly Uint8Array[];
        readonly segmentEnds: Uint32Array;
        /** For `release`. */
        readonly bytes: number;
      }
    | {
        readonly kind: 'message';
        readonly message: number;
        readonly slice: number;
        readonly number: number;
        readonly text: string;
        readonly head: Uint8Array;
        readonly segments: readonly Uint8Array[];
        /** For `release`. */
        readonly bytes: number;
      }
    | {
        /** `lost`: the thread does not come back; all but `code`, `text` and `slice` is empty. */
        readonly kind: 'lost' | 'ended';
        /** Empty when the Sandbox was told to end. */
        readonly code: string;
        readonly text: string;
        /** The Slice to blame, 0 for none; not among `unfinished`. */
        readonly slice: number;
        /** What that Slice took. */
        readonly elapsedMs: number;
        readonly cpuMs: number;
        readonly webgpuMs: number;
        readonly firstWasRunning: boolean;
        /** Its GPU does not come back: its memory is lost, and this process should be replaced. */
        readonly disowned: boolean;
        readonly unfinished: Uint32Array;
      }
  );

/** Loads the addon once per thread. Throws EvaluatorError when there is none for this Node. */
export function loadNative(): Native {
  return loadAddon() as Native;
}
