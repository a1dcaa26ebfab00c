import type { Evaluator, SandboxRequest, SliceRejection } from '../evaluator/index.js';
import type { ResultBatch, SliceMessage } from '../model/index.js';
import type { GpuShare } from './gpu-share.js';
import type { HeldTask } from './held-task.js';
import { LOADING, type JobDesk } from './job-desk.js';
import type { ManagedSandbox, ManagedSandboxOwner, OwedSlice } from './managed-sandbox.js';
import type { CompleteSupervisorOptions } from './options.js';
import { SandboxPool } from './sandbox-pool.js';
import type { SupervisorStatus } from './status.js';
import type { WorkAction } from './work-gate.js';

/** Data handed over at once, but for a Slice that is larger by itself, and the part of a Sandbox's memory it may take. */
const CHUNK_BYTES = 16 * 2 ** 20;
const CHUNK_SHARE = 1 / 8;

/** What the owner of the Sandboxes decides, and hears of them. */
export interface SandboxAllocatorOwner {
  /** The Jobs of which something is held. */
  desks(): Iterable<JobDesk>;
  mayHandOver(): boolean;
  /** What is to happen to the work of a Job. */
  actionFor(desk: JobDesk): WorkAction;
  onHandOver(desk: JobDesk, sandbox: ManagedSandbox, slices: number): void;
  onResults(desk: JobDesk, held: HeldTask, results: ResultBatch): void;
  onRejected(desk: JobDesk, owed: OwedSlice, rejection: SliceRejection): void;
  onMessages(desk: JobDesk, messages: SliceMessage[]): void;
  onProgress(desk: JobDesk, slice: number, fraction: number | null): void;
  /** Resolves when results are welcome again; undefined: they are now. */
  untilRoom(): Promise<void> | undefined;
  onRequest(
    desk: JobDesk,
    request: SandboxRequest,
    signal: AbortSignal,
  ): ReturnType<ManagedSandboxOwner['onRequest']>;
  /** Some Sandbox owes less than before, or is gone; Slices have been handed over. */
  onRoom(): void;
  /** `desk` is null when the Sandbox had no Job. */
  onEnded(
    desk: JobDesk | null,
    error: Error | null,
    running: OwedSlice | null,
    behind: readonly OwedSlice[],
  ): void;
  /** A Sandbox ended, by no doing of ours, while it was assigned. */
  onAssignmentFailed(desk: JobDesk, error: Error): void;
  onOpenFailed(error: unknown, failures: number, retryMs: number): void;
  /** The Evaluator has created a Sandbox. */
  onOpened(): void;
  /** A Job that was held up by the Evaluator is not any more. */
  onNotHeldUp(): void;
}

/** Which Sandbox works for which Job, and when it is handed which Slices. */
export class SandboxAllocator {
  /** Sandboxes with a Job, those that are ending included. */
  readonly #assigned = new Map<ManagedSandbox, JobDesk>();
  readonly #pool: SandboxPool;
  readonly #chunkBytes: number;
  /** Of Jobs that are held up: when to look again. */
  #lookAgain: NodeJS.Timeout | undefined;

  constructor(
    private readonly evaluator: Evaluator,
    private readonly options: CompleteSupervisorOptions,
    private readonly gpu: GpuShare,
    private readonly owner: SandboxAllocatorOwner,
  ) {
    const { bufferMiB = Infinity } = options.sandboxLimits;
    this.#chunkBytes = Math.min(CHUNK_BYTES, bufferMiB * 2 ** 20 * CHUNK_SHARE);
    this.#pool = new SandboxPool(evaluator, options.sandboxLimits, {
      ...this.#sandboxOwner(),
      wantedWarm: () => options.sandboxes - this.#places() + options.spareSandboxes,
      onWarm: () => {
        owner.onOpened();
        this.dispatch();
      },
      onOpenFailed: (error, failures, retryMs) => owner.onOpenFailed(error, failures, retryMs),
    });
  }

  /** Sandboxes with a Job. */
  get size(): number {
    return this.#assigned.size;
  }

  /** Sandboxes that owe Slices, and do not stand still. */
  get busy(): number {
    let busy = 0;
    for (const [sandbox, desk] of this.#assigned) if (sandbox.chunks > 0 && !this.#isFrozen(desk)) busy++;
    return busy;
  }

  /** Sandboxes that may still be assigned to Jobs that require WebGPU. */
  get freeForGpu(): number {
    return Math.max(0, this.gpu.sandboxes - this.#places((desk) => desk.usesGpu));
  }

  status(): SupervisorStatus['sandboxes'] {
    return Array.from(this.#assigned, ([sandbox, desk]) => {
      const { running } = sandbox;
      return {
        id: sandbox.id,
        jobId: desk.id,
        state: sandbox.state,
        usesGpu: desk.usesGpu,
        isFrozen: this.#isFrozen(desk),
        slices: sandbox.slicesRun,
        slice: running?.number ?? null,
        sinceMs: running?.sinceMs ?? null,
        progress: running?.progress ?? null,
      };
    });
  }

  /** Creates Sandboxes ahead of any Job. */
  prewarm(): void {
    this.#pool.fill();
  }

  /** Gives every Sandbox that can take some its Slices, and Jobs that wait their Sandboxes. */
  dispatch(): void {
    if (!this.owner.mayHandOver()) return;
    // First one hand-over for each, then the second: the last Slices are shared evenly.
    this.#feedAll(() => 1);
    this.#allocate();
    this.#feedAll((desk) => desk.depth);
    this.#pool.fill();
  }

  /**
   * `options` has changed. Of Sandboxes that are now too many those without Slices end at once, the others when they have run
   * what they have; until then nobody begins in their place.
   */
  resize(): void {
    const usesGpu = (desk: JobDesk): boolean => desk.usesGpu;
    this.#retire(this.#places(usesGpu) - this.gpu.sandboxes, usesGpu);
    this.#retire(this.#places() - this.options.sandboxes, () => true);
    this.#pool.trim();
    this.dispatch();
  }

  #retire(surplus: number, of: (desk: JobDesk) => boolean): void {
    const places = [...this.#assigned].filter(
      ([{ state, retiring }, desk]) => state !== 'ending' && !retiring && of(desk) && !this.#isFrozen(desk),
    );
    places.sort(([a], [b]) => a.chunks - b.chunks);
    for (const [sandbox] of places.slice(0, Math.max(0, surplus))) {
      sandbox.retiring = true;
      if (sandbox.chunks === 0) sandbox.dispose();
    }
  }

  /** Ends the Sandboxes of a Job, whatever they do. */
  dismiss(desk: JobDesk): void {
    for (const [sandbox, of] of this.#assigned) if (of === desk) sandbox.dispose();
  }

  /** Ends all Sandboxes; none is created any more. */
  close(): void {
    clearTimeout(this.#lookAgain);
    for (const sandbox of [...this.#pool.close(), ...this.#assigned.keys()]) sandbox.dispose();
  }

  /**
   * Sandboxes that take up a place. Those that get nothing more do not: whoever follows is made ready for its Job
   * meanwhile, and runs its first Slice when they have run their last. Nor do those that stand still: what uses something else may run.
   */
  #places(of: (desk: JobDesk) => boolean = () => true): number {
    let places = 0;
    for (const [sandbox, desk] of this.#assigned)
      if (sandbox.state !== 'ending' && !sandbox.retiring && of(desk) && !this.#isFrozen(desk)) places++;
    return places;
  }

  #isFrozen(desk: JobDesk): boolean {
    return this.owner.actionFor(desk) === 'freeze';
  }

  #feedAll(depthFor: (desk: JobDesk) => number): void {
    let idle = this.options.sandboxes - this.busy;
    for (const [sandbox, desk] of this.#assigned) {
      if (sandbox.state !== 'ready' || this.owner.actionFor(desk) !== 'run') continue;
      const wasIdle = sandbox.chunks === 0;
      if (wasIdle && sandbox.retiring) sandbox.dispose();
      else if (!wasIdle || idle > 0) this.#feed(sandbox, desk, depthFor(desk));
      if (wasIdle && sandbox.chunks > 0) idle--;
    }
  }

  #feed(sandbox: ManagedSandbox, desk: JobDesk, depth: number): void {
    while (!sandbox.retiring && sandbox.chunks < depth) {
      const held = desk.nextTask();
      if (held === null) return;
      // It was allowed more when it was handed them.
      if (sandbox.slicesHanded >= this.options.maxSandboxUse) {
        sandbox.retiring = true;
        if (sandbox.chunks === 0) sandbox.dispose();
        return;
      }
      const allowed = desk.allowance(held);
      if (allowed === 0) return;
      const most = Math.min(allowed, this.options.maxSandboxUse - sandbox.slicesHanded);
      const handed = sandbox.handOver(held, held.countWithin(most, this.#chunkBytes));
      if (sandbox.slicesHanded >= this.options.maxSandboxUse) sandbox.retiring = true;
      desk.running += handed;
      this.owner.onHandOver(desk, sandbox, handed);
    }
  }

  /** Assigns warm Sandboxes to Jobs whose Slices wait, Jobs with the fewest Sandboxes first. */
  #allocate(): void {
    const desks = [...this.owner.desks()].filter(
      (desk) => desk.queued > 0 && this.owner.actionFor(desk) === 'run',
    );
    desks.sort((a, b) => a.sandboxes - b.sandboxes);
    // A place that is made for a Job without any is not for those behind it.
    let isPromised = false;
    for (const desk of desks) {
      const useful = this.#usefulSandboxes(desk);
      // What cannot run takes no place from what can.
      if (useful === 0) continue;
      let waiting = isPromised ? 0 : Math.min(desk.queued, useful - desk.sandboxes);
      for (const [sandbox, of] of this.#assigned) if (of === desk && sandbox.state === 'assigning') waiting--;
      for (; waiting > 0; waiting--) {
        const sandbox = this.#takePlace(desk);
        if (sandbox === null) break;
        void this.#assign(sandbox, desk);
      }
      desk.waitingSince = desk.sandboxes > 0 ? null : (desk.waitingSince ?? performance.now());
      if (desk.waitingSince === null || isPromised) continue;
      // A Job that waits for the GPU alone leaves other places to others.
      isPromised = this.#places() >= this.options.sandboxes;
      this.#makePlace(desk, desk.waitingSince);
    }
  }

  #usefulSandboxes(desk: JobDesk): number {
    const heldUpMs = this.evaluator.heldUpMs?.(desk.id) ?? 0;
    if (heldUpMs === 0) return desk.usefulSandboxes;
    desk.heldUpUntil = performance.now() + heldUpMs;
    this.#lookAgain ??= setTimeout(() => {
      this.#lookAgain = undefined;
      this.dispatch();
      this.owner.onNotHeldUp();
    }, heldUpMs);
    return 0;
  }

  /** A warm Sandbox, if there is one and a place for it. An idle Sandbox of a Job without Slices makes place. */
  #takePlace(desk: JobDesk): ManagedSandbox | null {
    const gpuIsFull = desk.usesGpu && this.freeForGpu === 0;
    if (!gpuIsFull && this.#places() < this.options.sandboxes) return this.#pool.take();
    for (const [sandbox, of] of this.#assigned) {
      if (of === desk || (gpuIsFull && !of.usesGpu)) continue;
      if (sandbox.state !== 'ready' || sandbox.chunks > 0 || of.queued > 0) continue;
      sandbox.dispose();
      return this.#pool.take();
    }
    return null;
  }

  /**
   * A Job waits and has no Sandbox at all: the one with the most gives up one of them. A Job with a single one
   * keeps it for `targetMs`, so that Jobs take turns and don't only change places.
   */
  #makePlace(waiting: JobDesk, waitingSince: number): void {
    const gpuIsFull = waiting.usesGpu && this.freeForGpu === 0;
    let from: ManagedSandbox | null = null;
    let most = performance.now() - waitingSince >= this.options.targetMs ? 0 : 1;
    for (const [sandbox, desk] of this.#assigned) {
      if (sandbox.retiring || sandbox.state === 'ending') return;
      if (sandbox.state !== 'ready' || desk.sandboxes <= most || (gpuIsFull && !desk.usesGpu)) continue;
      most = desk.sandboxes;
      from = sandbox;
    }
    if (from === null) return;
    from.retiring = true;
    if (from.chunks === 0) from.dispose();
  }

  async #assign(sandbox: ManagedSandbox, desk: JobDesk): Promise<void> {
    this.#assigned.set(sandbox, desk);
    desk.sandboxes++;
    try {
      await sandbox.assign(desk.job);
      desk.failedAssignments = 0;
      desk.acquit([LOADING]);
      this.dispatch();
    } catch (error) {
      const ours = sandbox.isDisposed;
      sandbox.dispose();
      if (!ours) this.owner.onAssignmentFailed(desk, error as Error);
    }
  }

  #sandboxOwner(): ManagedSandboxOwner {
    // Only a Sandbox with a Job can have anything to say of Slices.
    const deskOf = (sandbox: ManagedSandbox): JobDesk => this.#assigned.get(sandbox)!;
    return {
      onResults: (sandbox, held, results) => {
        const desk = deskOf(sandbox);
        desk.running -= results.numbers.length;
        this.owner.onResults(desk, held, results);
      },
      onRejected: (sandbox, owed, rejection) => {
        const desk = deskOf(sandbox);
        desk.running--;
        this.owner.onRejected(desk, owed, rejection);
      },
      onMessages: (sandbox, messages) => {
        const desk = this.#assigned.get(sandbox);
        if (desk !== undefined) this.owner.onMessages(desk, messages);
      },
      onProgress: (sandbox, slice, fraction) => {
        const desk = this.#assigned.get(sandbox);
        if (desk !== undefined) this.owner.onProgress(desk, slice, fraction);
      },
      untilRoom: () => this.owner.untilRoom(),
      onRequest: (sandbox, request, signal) => this.owner.onRequest(deskOf(sandbox), request, signal),
      onRoom: () => this.#onRoom(),
      onEnded: (sandbox, error, running, behind) => {
        const desk = this.#assigned.get(sandbox) ?? null;
        if (desk === null) this.#pool.remove(sandbox);
        else {
          this.#assigned.delete(sandbox);
          desk.sandboxes--;
          desk.running -= behind.length + (running === null ? 0 : 1);
        }
        this.owner.onEnded(desk, error, running, behind);
        // Others of the same process are told behind this one: nothing must be handed to those meanwhile.
        if (error === null) this.#onRoom();
        else setImmediate(() => this.#onRoom());
      },
    };
  }

  #onRoom(): void {
    this.dispatch();
    this.owner.onRoom();
  }
}
