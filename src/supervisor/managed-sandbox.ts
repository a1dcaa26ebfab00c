import type {
  Evaluator,
  Sandbox,
  SandboxJob,
  SandboxLimits,
  SandboxObserver,
  SandboxRequest,
  SliceRejection,
} from '../evaluator/index.js';
import {
  MAX_OPEN_REQUESTS,
  subResults,
  type EvaluatorError,
  type ResultBatch,
  type SliceMessage,
  type WorkFunctionError,
} from '../model/index.js';
import type { Chunk, HeldTask } from './held-task.js';

/**
 * - `opening`: being created.
 * - `warm`: belongs to no Job yet.
 * - `assigning`: compiles a Job's Work Function.
 * - `ready`: runs Slices of its Job, or waits for some.
 * - `ending`: disposed of; what it owes is not known yet.
 * - `ended`: gone.
 */
export type ManagedSandboxState = 'opening' | 'warm' | 'assigning' | 'ready' | 'ending' | 'ended';

/** The Slice a Sandbox runs. */
export interface RunningSlice {
  readonly number: number;
  /** How long it has been running, milliseconds. */
  readonly sinceMs: number;
  /** What it reported last, 0 to 1; null: nothing. */
  readonly progress: number | null;
}

/** A Slice that was handed over and did not come back. */
export interface OwedSlice {
  readonly held: HeldTask;
  /** Index in the Task. */
  readonly index: number;
  readonly number: number;
}

/** What the owner of a Sandbox hears. Every Slice named was owed, and is named once. */
export interface ManagedSandboxOwner {
  onResults(sandbox: ManagedSandbox, held: HeldTask, results: ResultBatch): void;
  onRejected(sandbox: ManagedSandbox, owed: OwedSlice, rejection: SliceRejection): void;
  onMessages(sandbox: ManagedSandbox, messages: SliceMessage[]): void;
  onProgress(sandbox: ManagedSandbox, slice: number, fraction: number | null): void;
  /** Resolves when results are welcome again; undefined: they are now. */
  untilRoom(): Promise<void> | undefined;
  /** Does not reject; what it answers once `signal` is aborted is of no use. */
  onRequest(
    sandbox: ManagedSandbox,
    request: SandboxRequest,
    signal: AbortSignal,
  ): Promise<{ readonly text: string; readonly segments: readonly Uint8Array[] }>;
  /** The Sandbox owes less than before. */
  onRoom(sandbox: ManagedSandbox): void;
  /** `running` is the Slice that ran at the end (null: none), `behind` those queued after it. */
  onEnded(
    sandbox: ManagedSandbox,
    error: Error | null,
    running: OwedSlice | null,
    behind: readonly OwedSlice[],
  ): void;
}

/**
 * One Sandbox and the account of what it owes. It is the border to what untrusted code can make an Evaluator
 * say: results of Slices it was not given, or gave back already, stop here.
 */
export class ManagedSandbox implements SandboxObserver {
  #state: ManagedSandboxState = 'opening';
  #sandbox: Sandbox | null = null;
  #job: SandboxJob | null = null;
  /** Oldest first; each still owes something. */
  #chunks: Chunk[] = [];
  /** When it was last seen to begin a Slice (monotonic, ms): results came, or it had none and was handed some. */
  #beganAt = 0;
  /** The last report of progress that named a fraction. */
  #reported = { slice: 0, fraction: 0 };
  #slicesRun = 0;
  #slicesHanded = 0;
  /** Requests without an answer. */
  readonly #requests = new Map<number, AbortController>();
  /** Set when it shall get nothing more: it ends once it owes nothing. */
  retiring = false;

  constructor(private readonly owner: ManagedSandboxOwner) {}

  get state(): ManagedSandboxState {
    return this.#state;
  }
  /** The Evaluator's number for it, 0 while it is being created. */
  get id(): number {
    return this.#sandbox?.id ?? 0;
  }
  get job(): SandboxJob | null {
    return this.#job;
  }
  /** Its end is our doing, whether it has come or not. */
  get isDisposed(): boolean {
    return this.#isDisposed;
  }
  #isDisposed = false;
  /** Hand-overs of which something is owed. */
  get chunks(): number {
    return this.#chunks.length;
  }
  get slicesRun(): number {
    return this.#slicesRun;
  }
  /** Those it was handed, run or not. */
  get slicesHanded(): number {
    return this.#slicesHanded;
  }

  /**
   * As far as is known: results travel together, so of Slices of less than some 10 ms it is one that ran lately. Null: none
   * is owed.
   */
  get running(): RunningSlice | null {
    const [chunk] = this.#chunks;
    if (chunk === undefined) return null;
    const { slice, fraction } = this.#reported;
    // Results of short Slices in front of a long one come with it; that it runs is known from what it reports.
    const reports = chunk.owes(slice);
    const number = reports ? slice : chunk.next;
    if (number === null) return null;
    return { number, sinceMs: performance.now() - this.#beganAt, progress: reports ? fraction : null };
  }

  /** Rejects when the Evaluator cannot create a Sandbox; the state is then `ended`. */
  async open(evaluator: Evaluator, limits: Partial<SandboxLimits>): Promise<void> {
    let sandbox: Sandbox;
    try {
      sandbox = await evaluator.createSandbox(this, limits);
    } catch (error) {
      this.#state = 'ended';
      throw error;
    }
    this.#sandbox = sandbox;
    const state = this.#state;
    if (state === 'opening') this.#state = 'warm';
    else if (state === 'ending') sandbox.dispose();
  }

  /** From `warm` to `ready`. Rejects when the Work Function is no good or the Sandbox is lost; it ends then. */
  async assign(job: SandboxJob): Promise<void> {
    this.#state = 'assigning';
    this.#job = job;
    await this.#sandbox!.assign(job);
    if ((this.#state as ManagedSandboxState) === 'assigning') this.#state = 'ready';
  }

  /** Only while `ready`. */
  handOver(held: HeldTask, count: number): number {
    const { chunk, batch } = held.cut(count);
    if (this.#chunks.length === 0) this.#beganAt = performance.now();
    this.#chunks.push(chunk);
    this.#slicesHanded += chunk.numbers.length;
    this.#sandbox!.run(batch);
    return chunk.numbers.length;
  }

  dispose(): void {
    if (this.#state === 'ending' || this.#state === 'ended') return;
    this.#state = 'ending';
    this.#isDisposed = true;
    this.#sandbox?.dispose();
  }

  onResults(results: ResultBatch): Promise<void> | undefined {
    const { numbers } = results;
    for (let from = 0; from < numbers.length;) {
      const chunk = this.#settle(numbers[from]!)?.chunk;
      let to = from + 1;
      if (chunk !== undefined) {
        while (to < numbers.length && chunk.settle(numbers[to]!) >= 0) to++;
        const part = to - from === numbers.length ? results : subResults(results, from, to);
        this.#slicesRun += to - from;
        this.owner.onResults(this, chunk.held, part);
      }
      from = to;
    }
    this.#beganAt = performance.now();
    this.#makeRoom();
    return this.owner.untilRoom();
  }

  onRejected(rejection: SliceRejection): void {
    const settled = this.#settle(rejection.slice);
    if (settled === null) return;
    this.#slicesRun++;
    this.#beganAt = performance.now();
    this.owner.onRejected(
      this,
      { held: settled.chunk.held, index: settled.index, number: rejection.slice },
      rejection,
    );
    this.#makeRoom();
  }

  onMessages(messages: SliceMessage[]): void {
    this.owner.onMessages(this, messages);
  }

  onProgress(slice: number, fraction: number | null): void {
    if (fraction !== null) this.#reported = { slice, fraction };
    this.owner.onProgress(this, slice, fraction);
  }

  onRequest(request: SandboxRequest): void {
    // The prelude waits for answers before it asks for more, and uses no number twice.
    if (this.#requests.size >= MAX_OPEN_REQUESTS || this.#requests.has(request.id)) return;
    const dropping = new AbortController();
    this.#requests.set(request.id, dropping);
    void this.owner.onRequest(this, request, dropping.signal).then(({ text, segments }) => {
      if (dropping.signal.aborted) return;
      this.#requests.delete(request.id);
      this.#sandbox?.answer(request.id, text, segments);
    });
  }

  onRequestDropped(id: number): void {
    this.#requests.get(id)?.abort();
    this.#requests.delete(id);
  }

  onDrained(): void {
    // What came back is counted Slice by Slice; a Sandbox's own word for it is not needed.
  }

  onEnded(error: EvaluatorError | WorkFunctionError | null, unfinished: Uint32Array): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    for (const dropping of this.#requests.values()) dropping.abort();
    this.#requests.clear();
    const owed: OwedSlice[] = [];
    for (const chunk of this.#chunks) {
      for (const { index, number } of chunk.unsettled()) owed.push({ held: chunk.held, index, number });
    }
    this.#chunks = [];
    const first = unfinished[0];
    const at = first === undefined ? -1 : owed.findIndex((slice) => slice.number === first);
    const running = at < 0 ? null : owed.splice(at, 1)[0]!;
    this.owner.onEnded(this, error, running, owed);
  }

  #settle(number: number): { chunk: Chunk; index: number } | null {
    for (const chunk of this.#chunks) {
      const index = chunk.settle(number);
      if (index >= 0) return { chunk, index };
    }
    return null;
  }

  #makeRoom(): void {
    const before = this.#chunks.length;
    while (this.#chunks.length > 0 && this.#chunks[0]!.owed === 0) this.#chunks.shift();
    if (this.#chunks.length < before) this.owner.onRoom(this);
  }
}
