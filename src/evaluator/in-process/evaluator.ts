import { setTimeout } from 'node:timers/promises';
import { EvaluatorError } from '../../model/index.js';
import type { Evaluator, Sandbox, SandboxLimits, SandboxObserver } from '../evaluator.js';
import { completeGpuOptions, findDawn, type CompleteGpuOptions, type GpuOptions } from '../gpu/index.js';
import { loadNative, type NativeEvaluator, type NativeEvent, type NativeStats } from '../native.js';
import { InspectorServer, type InspectOptions } from '../inspector/index.js';
import { completeLimits, completeThreads } from '../options.js';
import { classicScript, sandboxScripts } from '../scripts.js';
import { throwLater } from '../throw-later.js';
import { ClassicSandbox, type ClassicObserver, type StartupFile } from '../classic/sandbox.js';
import { Executors } from './executors.js';
import { InProcessSandbox } from './sandbox.js';

export interface InProcessEvaluatorOptions {
  /** Threads that run Sandboxes, 1 to 1024. Default: one per core. More Sandboxes than threads is fine. */
  readonly threads?: number | undefined;
  /** Debuggers may look into Sandboxes, whose Slices wait for one. Default: none. For one's own code only. */
  readonly inspect?: InspectOptions | null;
  /** What Sandboxes of Jobs that require WebGPU get; null: such Jobs are refused. Default: any GPU there is. */
  readonly gpu?: GpuOptions | null | undefined;
}

/** What happens to threads and Sandboxes that only the end of this process can mend. */
export interface LossObserver {
  /** A thread does not come back from a builtin; its Sandbox has ended. */
  onStuck(): void;
  /** A GPU does not come back; its Sandbox has ended, and all it held is lost. */
  onDisowned(): void;
  /** A thread has died. Another takes its place, if it can load what it runs. */
  onThreadDied(): void;
}
const IGNORE_LOSSES: LossObserver = {
  onStuck: () => undefined,
  onDisowned: () => undefined,
  onThreadDied: () => undefined,
};
/** Hears the names of adapters that Jobs get. */
export type OnAdapter = (name: string) => void;

/** A Sandbox of any kind, as the evaluator sees it. */
interface Resident {
  readonly id: number;
  handle(event: NativeEvent): void;
  dispose(): void;
}

const WARNING = 'DcpEvaluatorWarning';

/** Threads that replace those stuck in builtins, or held by peers that do not read; beyond, the evaluator has fewer. */
const SPARE_THREADS = 64;
/** How long a thread may take to come back when the evaluator closes or the process ends. */
const STUCK_MS = 2000;
/** How long a GPU may take besides (kGpuGraceMs of native/sandbox). */
const GPU_GRACE_MS = 2000;

/** Opens an evaluator whose Sandboxes live in this process. Resolves when its threads run. */
export async function openInProcessEvaluator(
  options: InProcessEvaluatorOptions = {},
): Promise<InProcessEvaluator> {
  const threads = completeThreads(options.threads);
  const inspector = options.inspect ? await InspectorServer.open(options.inspect) : null;
  try {
    return new InProcessEvaluator(threads, options.gpu, inspector);
  } catch (error) {
    await inspector?.close();
    throw error;
  }
}

/**
 * Sandboxes in this process, run by piscina threads through the native run queue.
 *
 * It cannot promise what only a process of its own can: a V8 that runs out of memory inside one allocation, or a
 * builtin that never looks up, takes this process with it or keeps a thread.
 */
export class InProcessEvaluator implements Evaluator {
  readonly #native: NativeEvaluator;
  readonly #sandboxes = new Map<number, Resident>();
  readonly #setups = new Map<readonly StartupFile[], number>();
  readonly #executors: Executors;
  readonly #onExit = (code: number): void => {
    this.#native.stop();
    const patience = Date.now() + STUCK_MS;
    while (this.#native.stats().executors > 0) {
      // Node would wait for a thread that is stuck in a builtin, for ever.
      if (Date.now() > patience) loadNative().exitNow(code);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
    // So might the GPU's driver, for what it still works on.
    const { gpu, disowned } = this.#native.stats();
    if (gpu.busy + disowned > 0) loadNative().exitNow(code);
  };
  #lastId = 0;
  #closing: Promise<void> | null = null;
  #blocked = 0;
  #lent = 0;

  #gpuPrepared = false;
  readonly #gpu: CompleteGpuOptions | null;

  constructor(
    threads: number,
    gpu: GpuOptions | null = {},
    private readonly inspector: InspectorServer | null = null,
    private readonly losses = IGNORE_LOSSES,
    private readonly onAdapter: OnAdapter = () => undefined,
  ) {
    this.#gpu = gpu && completeGpuOptions(gpu);
    // The addon is loaded here first: the last thread that has it must not be one that comes and goes.
    const { NativeEvaluator } = loadNative();
    this.#native = new NativeEvaluator(sandboxScripts(), (events) => {
      this.#dispatch(events);
    });
    this.#executors = new Executors(this.#native.queueId, threads, threads + SPARE_THREADS, (cause) => {
      const what = this.#isSealed ? 'is not replaced' : 'is replaced';
      process.emitWarning(`an evaluator thread died and ${what}: ${String(cause)}`, WARNING);
      this.#lastDeath = cause;
      losses.onThreadDied();
      if (this.#isSealed && this.#executors.serving === 0) this.#onWorn(cause);
    });
    // Node waits for its threads at exit; they must not be inside a Slice then.
    process.once('exit', this.#onExit);
  }

  /** Resolves when its threads have loaded all they need. Rejects with `EvaluatorError` when none of them could. */
  async begun(): Promise<void> {
    await this.#executors.begun();
    if (this.#executors.serving === 0)
      throw new EvaluatorError(`there is no thread that could run Sandboxes: ${String(this.#lastDeath)}`, {
        cause: this.#lastDeath,
      });
  }
  #lastDeath: unknown = null;

  /**
   * No thread is added any more in place of one that is stuck or has died: it could not load what it runs.
   * @param onWorn hears why the last of them has died: no Sandbox runs any more
   */
  seal(onWorn: (cause: unknown) => void): void {
    this.#isSealed = true;
    this.#executors.seal();
    this.#onWorn = onWorn;
  }
  #isSealed = false;
  #onWorn: (cause: unknown) => void = () => undefined;

  async createSandbox(observer: SandboxObserver, limits: Partial<SandboxLimits> = {}): Promise<Sandbox> {
    if (this.#closing) throw new EvaluatorError('the evaluator is closed');
    const id = ++this.#lastId;
    const sandbox = new InProcessSandbox(
      id,
      this.#native,
      observer,
      completeLimits(limits),
      this.inspector,
      () => this.#prepareGpu(),
    );
    this.#sandboxes.set(id, sandbox);
    await sandbox.start();
    return sandbox;
  }

  /**
   * A Sandbox that speaks the classic protocol. Startup files are read and compiled once for each list of them (the same
   * array).
   */
  createClassicSandbox(
    startup: readonly StartupFile[],
    observer: ClassicObserver,
    limits: Partial<SandboxLimits> = {},
  ): ClassicSandbox {
    if (this.#closing) throw new EvaluatorError('the evaluator is closed');
    const complete = completeLimits(limits);
    const setup = this.#setupOf(startup);
    const id = ++this.#lastId;
    const sandbox = new ClassicSandbox(id, this.#native, observer);
    this.#sandboxes.set(id, sandbox);
    sandbox.start(setup, complete);
    return sandbox;
  }

  /** Reads now what the first of these Sandboxes would otherwise find in files. */
  prepareClassic(startup: readonly StartupFile[]): void {
    this.#setupOf(startup);
  }

  #setupOf(startup: readonly StartupFile[]): number {
    let setup = this.#setups.get(startup);
    if (setup === undefined) {
      // Every Sandbox asks whether there is WebGPU.
      this.#prepareGpu();
      const names = startup.map(({ name }) => name);
      const sources = startup.map(({ source }) => source);
      setup = this.#native.defineClassic(names, sources, classicScript());
      this.#setups.set(startup, setup);
    }
    return setup;
  }

  /** Jobs that come from now on do not get these adapters, either; they are named as in `GpuOptions`. */
  closeAdapters(names: readonly string[]): void {
    this.#closedAdapters = names.map((name) => name.toLowerCase());
    if (!this.#gpuPrepared) return;
    this.#gpuPrepared = false;
    this.#prepareGpu();
  }
  #closedAdapters: readonly string[] = [];

  /** Opens Dawn's library, or says why there is none: when the first Job requires it, because it takes memory and time. */
  #prepareGpu(): void {
    if (this.#gpuPrepared) return;
    this.#gpuPrepared = true;
    if (this.#gpu === null) return this.#native.refuseGpu('this evaluator offers no WebGPU');
    const library = findDawn();
    if (typeof library === 'string') return this.#native.refuseGpu(library);
    const { adapters, bannedAdapters, allowSoftware } = this.#gpu;
    const banned = [...bannedAdapters, ...this.#closedAdapters];
    const problem = this.#native.offerGpu(library.path, adapters, banned, allowSoftware);
    if (problem === '') return;
    // What the dynamic loader says names it already.
    this.#native.refuseGpu(problem.startsWith(library.path) ? problem : `${library.path}: ${problem}`);
  }

  /** Figures of the native side, for metrics and tests. */
  stats(): NativeStats {
    return this.#native.stats();
  }

  /** The process runs on while the evaluator is open. So it is to begin with. */
  ref(): void {
    this.#native.ref();
  }

  /** The process may end, and the Sandboxes with it, when nothing else keeps it running. */
  unref(): void {
    this.#native.unref();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.inspector?.close();
    const patience = new AbortController();
    const stuck = setTimeout(
      STUCK_MS + (this.#gpuPrepared ? GPU_GRACE_MS : 0),
      'stuck' as const,
      patience,
    ).catch(() => 'stuck' as const);
    const left = await Promise.race([this.#endAll(), stuck]);
    patience.abort();
    if (left === 'stuck') {
      this.#stopThreads();
      // The process can go on, and end, but not with these threads: `#onExit` stays, and does not wait for them.
      await this.#executors.abandon();
      process.emitWarning('an evaluator thread is stuck in a builtin and is left behind', WARNING);
      for (const sandbox of this.#sandboxes.values()) {
        sandbox.handle(lost(sandbox.id));
        this.#native.forget(sandbox.id);
      }
      this.#sandboxes.clear();
      this.#native.close();
      return;
    }
    if (this.#native.stats().disowned === 0) process.off('exit', this.#onExit);
    this.#native.close();
    await this.#executors.destroy();
  }

  async #endAll(): Promise<void> {
    await this.#endSandboxes();
    this.#stopThreads();
    await this.#executors.ended();
  }

  /** No thread takes up a Sandbox any more, and none that ends is replaced. */
  #stopThreads(): void {
    this.#executors.stop();
    this.#native.stop();
  }

  /** A Sandbox holds its thread while its peer does not read: the others get one instead, which stays for the next time. */
  #lendThread(): void {
    this.#blocked++;
    if (this.#isSealed || this.#blocked <= this.#lent || this.#lent === SPARE_THREADS) return;
    this.#lent++;
    this.#executors.add();
  }

  /** Every Sandbox is told to end and reports it, so that its observer learns what was unfinished. */
  #endSandboxes(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      for (const sandbox of this.#sandboxes.values()) sandbox.dispose();
      if (this.#sandboxes.size === 0) resolve();
    });
  }
  #onEmpty: () => void = () => undefined;

  #dispatch(events: readonly NativeEvent[]): void {
    for (const event of events) {
      const sandbox = this.#sandboxes.get(event.sandbox);
      if (!sandbox) continue;
      if (event.kind === 'adapter') {
        this.onAdapter(event.text);
        continue;
      }
      if (event.kind === 'lost') {
        const what = this.#isSealed ? 'left behind' : 'replaced';
        process.emitWarning(`an evaluator thread is stuck in a builtin and is ${what}`, WARNING);
        if (!this.#isSealed) this.#executors.add();
      }
      if (event.kind === 'blocked') this.#lendThread();
      if (event.kind === 'unblocked') this.#blocked--;
      if (event.kind === 'ended' || event.kind === 'lost') {
        this.#sandboxes.delete(event.sandbox);
        hand(sandbox, event);
        this.#native.forget(event.sandbox);
      } else {
        hand(sandbox, event);
      }
      if (event.kind === 'lost') this.losses.onStuck();
      if (event.kind === 'ended' && event.disowned) {
        process.emitWarning(
          'a GPU does not come back from what a Sandbox submitted: its memory is lost until this process ends',
          WARNING,
        );
        this.losses.onDisowned();
      }
      if (this.#sandboxes.size === 0) this.#onEmpty();
    }
  }
}

/** The events behind this one are other Sandboxes'. */
function hand(sandbox: Resident, event: NativeEvent): void {
  try {
    sandbox.handle(event);
  } catch (error) {
    throwLater(error);
  }
}

/** What the end of a Sandbox looks like whose thread was left behind. */
function lost(sandbox: number): NativeEvent {
  return {
    kind: 'lost',
    sandbox,
    code: 'EEVALUATOR',
    text: 'its thread is stuck in a builtin',
    slice: 0,
    elapsedMs: 0,
    cpuMs: 0,
    webgpuMs: 0,
    firstWasRunning: true,
    disowned: false,
    unfinished: new Uint32Array(0),
  };
}
