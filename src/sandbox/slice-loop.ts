import type { ColumnReader, ColumnWriter } from '../codec/index.js';
import { Outcome, type InputSet } from '../model/index.js';
import { clip } from './clip.js';
import type { CodecExports } from './codec-exports.js';
import type { Failures } from './failure.js';
import { Control, State, type Host } from './host.js';
import { Message } from './message-kinds.js';
import type { Messages } from './messages.js';
import type { Reports } from './reports.js';
import { makeFailure } from './slice-failure.js';
import type { SliceScope } from './slice-scope.js';
import type { Timers } from './timers.js';

type WorkFunction = (...args: unknown[]) => unknown;

/** After this long in one turn the thread is offered to others, and results leave. */
const TURN_MS = 10;
/** Results leave earlier when there are so many, or so many bytes of heads. */
const CAPACITY = 1024;
const MAX_PENDING_BYTES = 1 << 20;
/** Columns of so many Slices are freed as soon as the last has run; shorter ones when the Sandbox collects garbage. */
const LONG_BATCH = 4096;
/** Above this CPU time is read for the Slice itself; below, the clock would cost more than the Slice. */
const EXACT_CPU_MS = 0.05;
/** So often what is rejected while rejections of a Slice are told is told to the same listeners. */
const MAX_REPORT_ROUNDS = 8;
/** A time after every turn: the Slice has not ended, and none may begin. */
const NOT_YET = Infinity;

// As they were before any Work Function could change them.
const NativePromise = Promise;
const NativeSet = Set;
const { add, has } = Set.prototype;
const { resolve } = Promise;
const { then } = Promise.prototype;
const { apply } = Reflect;
const { max, min } = Math;

interface Batch {
  readonly numbers: Uint32Array;
  readonly reader: ColumnReader;
  /** Of which nobody but this loop has a view. */
  readonly columns: readonly ArrayBuffer[];
}

/**
 * Runs Slices one after another: decode, call, encode, and nothing else for each. Results are collected and
 * leave many at a time.
 */
export class SliceLoop {
  readonly #control: Float64Array;
  #workFunction: WorkFunction = () => undefined;
  #args: unknown[] = [];
  #inputSet: InputSet = { kind: 'list', count: null };
  readonly #resultBytes: number;
  /** The Job's own arguments and files are for every Slice: a result that shows them is a copy. */
  #jobBuffers: Set<unknown> | null = null;

  readonly #waitingBatches: Batch[] = [];
  #batch: Batch | null = null;
  #index = 0;

  /** Identifies the Slice that runs: a promise that settles twice, or too late, must not end another one. */
  #turn = 0;
  /** The Work Function has been called and has not come back. */
  #open = false;
  /** A promise job runs Slices: others wait until it is over. */
  #inPromiseJob = false;
  /** Ends the Slice that has come to its end, see `#mustPostpone`. */
  #postponedEnd: (() => number) | null = null;
  #rejection: { readonly reason: string; readonly retries: number } | null = null;

  readonly #numbers = new Uint32Array(CAPACITY);
  readonly #outcomes = new Uint8Array(CAPACITY);
  readonly #elapsedMs = new Float64Array(CAPACITY);
  readonly #cpuMs = new Float64Array(CAPACITY);
  /** Null when the Job gets no WebGPU. */
  #webgpuMs: Float64Array | null = null;
  #count = 0;
  readonly #writer: ColumnWriter;

  /** When the thread is to be offered to others. */
  #turnEnds = 0;
  /** The host has to take in what it was given before another Slice may begin. */
  #full = false;

  /** Entries from here on have not been given their CPU time, which was last read at `Control.cpuReadMs`. */
  #cpuFrom = 0;

  constructor(
    private readonly codec: CodecExports,
    private readonly host: Host,
    private readonly messages: Messages,
    private readonly timers: Timers,
    private readonly reports: Reports,
    private readonly scope: SliceScope,
    private readonly failures: Failures,
  ) {
    this.#control = host.control;
    this.#resultBytes = host.resultBytes;
    this.#writer = new codec.ColumnWriter();
  }

  assign(
    inputSet: InputSet,
    webgpu: boolean,
    workFunction: WorkFunction,
    args: unknown[],
    argumentBuffers: readonly ArrayBuffer[],
  ): void {
    this.#inputSet = inputSet;
    if (webgpu) this.#webgpuMs = new Float64Array(CAPACITY);
    this.#workFunction = workFunction;
    this.#args = args;
    for (const buffer of argumentBuffers) this.keep(buffer);
  }

  /** This buffer is the Job's. */
  keep(buffer: ArrayBufferLike): void {
    apply(add, (this.#jobBuffers ??= new NativeSet()), [buffer]);
  }

  addBatch(
    numbers: ArrayBuffer,
    heads: ArrayBuffer,
    headEnds: ArrayBuffer,
    segments: ArrayBuffer[],
    segmentEnds: ArrayBuffer,
  ): void {
    this.#waitingBatches.push({
      numbers: new Uint32Array(numbers),
      reader: new this.codec.ColumnReader({
        heads: new Uint8Array(heads),
        headEnds: new Uint32Array(headEnds),
        segments: segments.map((segment) => new Uint8Array(segment)),
        segmentEnds: new Uint32Array(segmentEnds),
      }),
      columns: [numbers, headEnds, segmentEnds],
    });
    if (this.#control[Control.state] === State.idle) this.#control[Control.state] = State.more;
  }

  #now(): number {
    this.host.readClock();
    return this.#control[Control.nowMs]!;
  }

  /** A turn: runs Slices until one waits, none is left, or the turn is over. */
  pump(): void {
    const now = this.#now();
    this.#turnEnds = now + TURN_MS;
    this.#full = false;
    // Left behind where a promise job was terminated.
    this.#inPromiseJob = false;
    const end = this.#postponedEnd;
    if (end === null) {
      if (this.#cpuFrom === this.#count) this.#control[Control.cpuReadMs] = this.host.cpuNow();
      this.#run(now);
    } else {
      this.#postponedEnd = null;
      this.#goOn(end());
    }
  }

  /** A Slice has ended, or has been postponed. The next one follows at once if the turn is not over. */
  #goOn(now: number): void {
    if (now < this.#turnEnds && !this.#full) this.#run(now);
    else this.#endTurn();
  }

  #endTurn(): void {
    this.flush();
    this.#control[Control.state] = State.more;
  }

  #run(start: number): void {
    const { host } = this;
    const control = this.#control;
    const turnEnds = this.#turnEnds;
    let now = start;
    for (;;) {
      const batch = this.#batch;
      if (batch === null || this.#index === batch.numbers.length) {
        if (this.#nextBatch()) continue;
        this.flush();
        this.messages.flush();
        control[Control.slice] = 0;
        control[Control.state] = State.idle;
        host.drained();
        return;
      }
      const number = batch.numbers[this.#index]!;
      this.messages.slice = number;
      control[Control.sliceStartedMs] = now;
      control[Control.progressMs] = now;
      control[Control.slice] = number;
      const turn = ++this.#turn;
      let result: unknown;
      this.#open = true;
      try {
        result = this.#call(batch, number);
        if (isThenable(result)) {
          control[Control.state] = State.waiting;
          this.#await(result, turn);
          return;
        }
      } catch (thrown) {
        now = this.#fail(this.failures.codeOf(thrown), thrown);
        if (now >= turnEnds || this.#full) break;
        continue;
      }
      now = this.#succeed(result);
      if (now >= turnEnds || this.#full) break;
    }
    this.#endTurn();
  }

  /** The current Slice ends as rejected when control comes back. Throws when its end is decided already. */
  rejectCurrent(reason: string, retries: number): void {
    if (!this.#open) throw new Error('work.reject: no Slice is running');
    this.#rejection ??= { reason: clip(reason), retries };
  }

  failStuck(): void {
    const message =
      'the promise of the Work Function cannot settle any more: no timer is set and nothing else is pending';
    this.#fail('ENOPROGRESS', new Error(message));
    this.#control[Control.state] = State.more;
  }

  #call(batch: Batch, number: number): unknown {
    const input = this.#inputSet;
    const datum =
      input.kind === 'range' ? input.start + (number - 1) * input.step : batch.reader.read(this.#index);
    const args = this.#args;
    const workFunction = this.#workFunction;
    // Spread costs more than the call it feeds.
    return args.length === 0 ? workFunction(datum) : workFunction(datum, ...args);
  }

  #await(promise: PromiseLike<unknown>, turn: number): void {
    const settled =
      (end: (value: unknown) => number) =>
      (value: unknown): void => {
        if (turn !== this.#turn || this.#control[Control.state] !== State.waiting) return;
        this.#inPromiseJob = true;
        // Most settle within the turn, those that wait for nothing.
        this.#goOn(end(value));
        this.#inPromiseJob = false;
      };
    // As `await` does it: a thenable of somebody's own, also a promise of a class with a `then` of its own, is assimilated by
    // a promise, so that it settles once and later.
    void apply(then, apply(resolve, NativePromise, [promise]), [
      settled((value) => this.#succeed(value)),
      settled((reason) => this.#fail(this.failures.codeOf(reason), reason)),
    ]);
  }

  /** The current Slice returned `result`. Answers the time, or NOT_YET. */
  #succeed(result: unknown): number {
    this.#open = false;
    if (this.#mustPostpone()) return this.#postpone(() => this.#succeed(result));
    if (this.#rejection) return this.#endRejected(this.#rejection);
    const writer = this.#writer;
    try {
      writer.append(result, this.#resultBytes);
    } catch (thrown) {
      return this.#fail(thrown instanceof this.codec.OversizeError ? 'ERESULTSIZE' : 'ERESULT', thrown);
    }
    return this.#end(Outcome.result);
  }

  #fail(code: string, thrown: unknown): number {
    this.#open = false;
    if (this.#mustPostpone()) return this.#postpone(() => this.#fail(code, thrown));
    if (this.#rejection) return this.#endRejected(this.#rejection);
    try {
      this.#writer.append(makeFailure(this.failures, code, thrown));
    } catch {
      this.#writer.append(makeFailure(this.failures, code, 'an error that cannot be shown'));
    }
    return this.#end(Outcome.error);
  }

  /** Whether promises were rejected that promise jobs may still handle, which wait for the one that runs. */
  #mustPostpone(): boolean {
    return this.#inPromiseJob && this.#control[Control.rejections] !== 0;
  }

  /** The turn is over; the next one begins with the end of this Slice. */
  #postpone(end: () => number): number {
    this.#postponedEnd = end;
    return NOT_YET;
  }

  #end(outcome: Outcome): number {
    const control = this.#control;
    const now = this.#now();
    const count = this.#count;
    const elapsed = max(now - control[Control.sliceStartedMs]!, 0);
    this.#numbers[count] = control[Control.slice]!;
    this.#outcomes[count] = outcome;
    this.#elapsedMs[count] = elapsed;
    this.#count = count + 1;
    control[Control.undelivered] = count + 1;
    if (elapsed > EXACT_CPU_MS) this.#apportionCpu(count);
    if (this.#webgpuMs !== null) {
      const gpuMs = this.host.gpuNow();
      this.#webgpuMs[count] = gpuMs - control[Control.gpuReadMs]!;
      control[Control.gpuReadMs] = gpuMs;
    }
    this.#leaveSlice();
    const { headBytes, segmentBytes } = this.#writer;
    // A segment is the Work Function's own memory: it leaves before the next Slice can write to it.
    if (this.#count === CAPACITY || headBytes > MAX_PENDING_BYTES || segmentBytes > 0) this.flush();
    return now;
  }

  #endRejected({ reason, retries }: { readonly reason: string; readonly retries: number }): number {
    this.flush();
    this.host.reject(Message.rejected, this.#control[Control.slice]!, retries, reason);
    this.#leaveSlice();
    return this.#now();
  }

  #leaveSlice(): void {
    if (this.#control[Control.rejections] !== 0) this.#reportRejections();
    this.timers.clearAll();
    if (this.scope.used) this.scope.end();
    this.messages.endSlice();
    this.#rejection = null;
    this.#control[Control.slice] = 0;
    this.#index++;
  }

  /**
   * A promise that is rejected and that nobody handles by the end of its Slice is reported then: before the result, and
   * while listeners of the Slice are there. Its promise jobs may still handle it: they run now, and so do those that the
   * listeners leave, who may reject more.
   */
  #reportRejections(): void {
    const { host, reports } = this;
    for (let round = 0; round < MAX_REPORT_ROUNDS; round++) {
      host.runMicrotasks();
      if (this.#control[Control.rejections] === 0) return;
      reports.rejections(host.takeRejections());
    }
    reports.rejections(host.takeRejections(), false);
  }

  #nextBatch(): boolean {
    const last = this.#batch;
    if (last !== null && last.numbers.length >= LONG_BATCH) this.host.release(last.columns);
    this.#batch = this.#waitingBatches.shift() ?? null;
    this.#index = 0;
    return this.#batch !== null;
  }

  /**
   * Gives CPU time to the entries that lack it. The short ones got a share of a common reading, by their wall time;
   * a long one that comes last (`exact`) gets the rest, which is its own but for that share.
   */
  #apportionCpu(exact = -1): void {
    const cpu = this.host.cpuNow();
    let left = max(cpu - this.#control[Control.cpuReadMs]!, 0);
    this.#control[Control.cpuReadMs] = cpu;
    const end = exact < 0 ? this.#count : exact;
    let wall = 0;
    for (let entry = this.#cpuFrom; entry < end; entry++) wall += this.#elapsedMs[entry]!;
    const rate = wall > 0 ? min(left / wall, 1) : 0;
    for (let entry = this.#cpuFrom; entry < end; entry++) this.#cpuMs[entry] = this.#elapsedMs[entry]! * rate;
    left -= wall * rate;
    if (exact >= 0) this.#cpuMs[exact] = max(left, 0);
    this.#cpuFrom = this.#count;
  }

  /** What waits to leave, leaves. */
  flush(): void {
    const count = this.#count;
    if (count === 0) return;
    if (this.#cpuFrom < count) this.#apportionCpu();
    const { heads, headEnds, segments, segmentEnds } = this.#writer.take();
    this.#full = !this.host.deliver(
      count,
      this.#numbers,
      this.#outcomes,
      this.#elapsedMs,
      this.#cpuMs,
      heads,
      heads.byteLength,
      headEnds,
      segments.length === 0 ? segments : segments.map((segment) => this.#unshared(segment)),
      segmentEnds,
      this.#webgpuMs ?? undefined,
    );
    this.#count = 0;
    this.#cpuFrom = 0;
    this.#control[Control.undelivered] = 0;
  }

  #unshared(segment: Uint8Array): Uint8Array {
    const kept = this.#jobBuffers;
    return kept !== null && apply(has, kept, [segment.buffer]) ? segment.slice() : segment;
  }
}

/** Objects with a callable `then`, as `await` sees them. Primitives and most objects leave at the first check. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
