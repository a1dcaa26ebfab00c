import { encode } from '../../codec/index.js';
import {
  EvaluatorError,
  Outcome,
  RequirementError,
  webgpuMissing,
  packColumns,
  sliceError,
  type SliceBatch,
} from '../../model/index.js';
import { ConsoleLevels, Message } from '../../sandbox/index.js';
import { Inspection, type InspectorServer } from '../inspector/index.js';
import type { Sandbox, SandboxEndError, SandboxJob, SandboxLimits, SandboxObserver } from '../evaluator.js';
import type { NativeEvaluator, NativeEvent } from '../native.js';
import { describe } from './described-job.js';
import { OwedSlices } from '../owed-slices.js';

const MIB = 2 ** 20;
const NO_BYTES = new Uint8Array(0);

type EndEvent = Extract<NativeEvent, { kind: 'lost' | 'ended' }>;

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/** The host's side of one Sandbox in this process: turns native events into calls of its observer. */
export class InProcessSandbox implements Sandbox {
  #starting: Waiter | null = null;
  #assigning: Waiter | null = null;
  #assigned = false;
  #ended = false;
  readonly #owed = new OwedSlices();
  /** Null until a Job is there, or when nobody inspects. */
  #inspection: Inspection | null = null;
  #endInspection: () => void = () => undefined;

  constructor(
    readonly id: number,
    private readonly native: NativeEvaluator,
    private readonly observer: SandboxObserver,
    private readonly limits: SandboxLimits,
    private readonly inspector: InspectorServer | null,
    /** Called before an assignment that needs WebGPU. */
    private readonly prepareGpu: () => void,
  ) {}

  /** Resolves when the prelude has run. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
      const { heapMiB, bufferMiB, resultMiB, gpuMiB, gpuBuffers, gpuPipelines } = this.limits;
      this.native.createSandbox(
        this.id,
        heapMiB * MIB,
        bufferMiB * MIB,
        resultMiB * MIB,
        gpuMiB * MIB,
        gpuBuffers,
        gpuPipelines,
        this.inspector !== null,
      );
    });
  }

  async assign(job: SandboxJob): Promise<void> {
    if (this.#assigned || this.#ended)
      throw new EvaluatorError(`Sandbox ${this.id} is assigned to a Job already, or has ended`);
    this.#assigned = true;
    const described = describe(job);
    if (described.webgpu) this.prepareGpu();
    const { modules, arguments: args, limits } = job;
    await new Promise<void>((resolve, reject) => {
      this.#assigning = { resolve, reject };
      this.native.assign(
        this.id,
        described.json,
        described.plain,
        job.workFunction,
        modules && [modules.script, modules.sourceMap, ...modules.assets],
        // Every Sandbox of the Job gets arguments of its own, which it may change.
        described.hasArguments ? args.head : NO_BYTES,
        args.segments.map((segment) => segment.slice()),
        limits.sliceTimeoutMs,
        limits.progressTimeoutMs,
        limits.cpuTimeoutMs,
        limits.gpuTimeoutMs,
        described.webgpu,
      );
    });
  }

  run(batch: SliceBatch): void {
    this.#owed.add(batch);
    const { numbers, heads, headEnds, segments, segmentEnds } = batch;
    const run = (): void => {
      this.native.run(this.id, numbers, heads, headEnds, segments, segmentEnds);
    };
    if (this.#inspection === null) run();
    else this.#inspection.whenReady(run);
  }

  answer(request: number, text: string, segments: readonly Uint8Array[]): void {
    this.native.answer(this.id, request, text, segments);
  }

  dispose(): void {
    this.native.dispose(this.id);
  }

  handle(event: NativeEvent): void {
    switch (event.kind) {
      case 'ready':
        this.#starting?.resolve();
        this.#starting = null;
        break;
      case 'assigned':
        this.#openInspection();
        this.#assigning?.resolve();
        this.#assigning = null;
        break;
      case 'results':
        this.#handleResults(event);
        break;
      case 'message':
        this.#releaseAfter(this.#handleMessage(event), event.bytes, true);
        break;
      case 'drained':
        this.observer.onDrained();
        break;
      case 'inspectorMessage':
        this.#inspection?.onMessage(event.text);
        break;
      case 'inspectorRun':
        this.#inspection?.onRun();
        break;
      case 'lost':
      case 'ended':
        this.#handleEnd(event);
        break;
      default:
        // Of classic Sandboxes.
        break;
    }
  }

  #handleResults(event: Extract<NativeEvent, { kind: 'results' }>): void {
    const done = this.observer.onResults({
      ...event,
      bytesIn: this.#owed.settleOldest(event.numbers.length),
    });
    this.#releaseAfter(done, event.bytes, false);
  }

  #releaseAfter(done: void | Promise<void>, bytes: number, ofMessage: boolean): void {
    if (done === undefined) this.native.release(this.id, bytes, ofMessage);
    else void done.then(() => this.native.release(this.id, bytes, ofMessage));
  }

  #handleMessage(event: Extract<NativeEvent, { kind: 'message' }>): void | Promise<void> {
    const { slice, number, text } = event;
    switch (event.message) {
      case Message.console: {
        const level = ConsoleLevels[number] ?? 'log';
        return this.observer.onMessages([{ type: 'console', slice, level, message: text }]);
      }
      case Message.custom: {
        const value = { head: event.head, segments: event.segments };
        return this.observer.onMessages([{ type: 'custom', slice, name: text, value }]);
      }
      case Message.rejected:
        this.#owed.settleOldest(1);
        this.observer.onRejected({ slice, reason: text, retries: Math.max(0, Math.trunc(number) || 0) });
        break;
      case Message.request:
        this.observer.onRequest({ id: number, text, segments: event.segments });
        break;
      case Message.requestDropped:
        this.observer.onRequestDropped(number);
        break;
      case Message.progress:
        this.observer.onProgress(slice, number >= 0 && number <= 1 ? number : null);
        break;
    }
  }

  #openInspection(): void {
    if (this.inspector === null) return;
    this.#inspection = new Inspection(this.native, this.id);
    this.#endInspection = this.inspector.add(this.#inspection);
  }

  #handleEnd(event: EndEvent): void {
    this.#ended = true;
    this.#endInspection();
    const { code, text } = event;
    if (event.slice !== 0) this.#deliverBlame(event);
    let error: SandboxEndError | null = null;
    if (code === 'EREQUIREMENT') error = new RequirementError(webgpuMissing(text));
    else if (this.#assigning && code !== '' && code !== 'EEVALUATOR') {
      // A limit that is reached before the first Slice is the Work Function's own doing, too.
      error = sliceError('EWORKFUNCTION', code === 'EWORKFUNCTION' ? text : `${code}: ${text}`);
    } else if (event.firstWasRunning || (code === 'EEVALUATOR' && event.slice === 0)) {
      error = code === '' ? null : new EvaluatorError(text);
    }
    const waiter = this.#starting ?? this.#assigning;
    waiter?.reject(
      error ?? new EvaluatorError(code === '' ? 'the Sandbox was disposed of' : `${code}: ${text}`),
    );
    this.observer.onEnded(error, this.#unfinished(event));
  }

  /**
   * What native code names, and what it did not have any more or not yet: Slices that came while the Sandbox ended, or that wait for a debugger. Of a
   * thread that does not answer it names none.
   */
  #unfinished({ slice, unfinished }: EndEvent): Uint32Array {
    if (unfinished.length + (slice === 0 ? 0 : 1) === this.#owed.count) return unfinished;
    const named = new Set(unfinished).add(slice);
    return Uint32Array.from([...unfinished, ...this.#owed.numbers().filter((number) => !named.has(number))]);
  }

  /** The Slice that ended the Sandbox by its own doing gets its result from us: the Sandbox cannot answer any more. */
  #deliverBlame({ slice, code, text, elapsedMs, cpuMs, webgpuMs }: EndEvent): void {
    const error = sliceError(code, text);
    error.slice = slice;
    void this.observer.onResults({
      numbers: Uint32Array.of(slice),
      outcomes: Uint8Array.of(Outcome.error),
      elapsedMs: Float64Array.of(elapsedMs),
      cpuMs: Float64Array.of(cpuMs),
      webgpuMs: Float64Array.of(webgpuMs),
      bytesIn: Float64Array.of(this.#owed.bytesOf(slice)),
      ...packColumns([encode(error)]),
    });
  }
}
