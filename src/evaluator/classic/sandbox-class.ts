/** Classic Sandboxes for programs that use dcp-client as a library: a class in place of its connection to an evaluator. */
import { EventEmitter } from 'node:events';
import { totalmem } from 'node:os';
import { EvaluatorError } from '../../model/index.js';
import type { SandboxLimits } from '../evaluator.js';
import { askForGpus, type GpuOptions } from '../gpu/index.js';
import { openInProcessEvaluator } from '../in-process/evaluator.js';
import { LineSplitter } from './line-splitter.js';
import { ClassicPool } from './pool.js';
import type { ClassicObserver, ClassicSandbox, StartupFile } from './sandbox.js';

const MIB = 2 ** 20;
const MEMORY_MIB = 4096;

export interface SandboxClassOptions {
  /** What a Sandbox runs before its first message, as `startupFilesOf` finds it. */
  readonly startup: readonly StartupFile[];
  /** Sandboxes that run at the same time. Default: one per core. */
  readonly threads?: number | undefined;
  /** Sandboxes kept ready. Default: 2. */
  readonly spare?: number;
  /** Null: Sandboxes have no WebGPU. Default: any GPU there is. */
  readonly gpu?: GpuOptions | null;
  readonly limits?: Partial<SandboxLimits>;
}

/** The interface of dcp-client's StandaloneWorker, which is that of a web worker, as far as its Worker uses it. */
export interface InProcessWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((error: Error) => void) | null;
  /** `message` with `{ data }`, `error` with an Error, `end` once when the Sandbox has ended. */
  addEventListener(type: string, listener: (...args: never[]) => void): void;
  removeEventListener(type: string, listener: (...args: never[]) => void): void;
  removeAllListeners(type?: string): void;
  /** @param message anything that JSON can say: what KVIN has marshalled */
  postMessage(message: unknown): void;
  /** The Sandbox ends at once, whatever it is doing. */
  terminate(): void;
  /** dcp-client calls them. What keeps the process running is not one Sandbox but the class, until `close`. */
  ref(): this;
  unref(): this;
}

export interface SandboxClass {
  /** For `sandboxOptions.SandboxConstructor` of dcp-client's Worker. */
  readonly SandboxConstructor: new (options?: { readonly name?: string }) => InProcessWorker;
  /** Ends all its Sandboxes and their threads, which keep the process running until then. */
  close(): Promise<void>;
}

/** Opens an evaluator in this process and makes the class whose instances are its Sandboxes. */
export async function openSandboxClass(options: SandboxClassOptions): Promise<SandboxClass> {
  const gpu = await usableGpu(options.gpu === undefined ? {} : options.gpu);
  const evaluator = await openInProcessEvaluator({ threads: options.threads, gpu });
  let pool: ClassicPool;
  try {
    pool = new ClassicPool(evaluator, {
      startup: options.startup,
      spare: options.spare ?? 2,
      limits: { ...classicLimits(), ...options.limits },
      onFailure: (reason) =>
        process.emitWarning(`a Sandbox could not start: ${reason}`, 'DcpEvaluatorWarning'),
    });
  } catch (error) {
    await evaluator.close();
    throw error;
  }
  return {
    SandboxConstructor: class extends SandboxHandle {
      constructor() {
        super(pool.take());
      }
    },
    async close() {
      pool.close();
      await evaluator.close();
    },
  };
}

/** None where no Sandbox would get an adapter: to find that out takes each of them long. A driver may hang or crash. */
export async function usableGpu(gpu: GpuOptions | null): Promise<GpuOptions | null> {
  if (gpu === null) return null;
  const { adapters } = await askForGpus(gpu);
  return adapters.length === 0 ? null : gpu;
}

/** What existing Workers expect: as much as there is, as long as one Sandbox leaves something to the others. */
export function classicLimits(): Pick<SandboxLimits, 'heapMiB' | 'bufferMiB'> {
  const memoryMiB = Math.max(16, Math.min(MEMORY_MIB, Math.floor(totalmem() / MIB / 2)));
  return { heapMiB: memoryMiB, bufferMiB: memoryMiB };
}

/** What the startup files write (docs/CLASSIC_EVALUATOR.md). */
type FromSandbox =
  | { readonly type: 'workerMessage'; readonly message: unknown }
  | { readonly type: 'nop' }
  | {
      readonly type: 'result';
      readonly exception?: { readonly name: string; readonly message: string; readonly stack: string };
    };

class SandboxHandle implements InProcessWorker, ClassicObserver {
  readonly #events = new EventEmitter();
  readonly #lines = new LineSplitter((line) => this.#receive(line));
  #onmessage: InProcessWorker['onmessage'] = null;
  #onerror: InProcessWorker['onerror'] = null;
  #ended = false;

  constructor(private readonly sandbox: ClassicSandbox) {
    // An error that nobody listens to must not end the process.
    this.#events.on('error', () => undefined);
    sandbox.observe(this);
    // Listeners come after the constructor.
    setImmediate(() => this.onOutput());
  }

  get onmessage(): InProcessWorker['onmessage'] {
    return this.#onmessage;
  }
  set onmessage(listener: InProcessWorker['onmessage']) {
    if (this.#onmessage) this.#events.off('message', this.#onmessage);
    this.#onmessage = listener;
    if (listener) this.#events.on('message', listener);
  }

  get onerror(): InProcessWorker['onerror'] {
    return this.#onerror;
  }
  set onerror(listener: InProcessWorker['onerror']) {
    if (this.#onerror) this.#events.off('error', this.#onerror);
    this.#onerror = listener;
    if (listener) this.#events.on('error', listener);
  }

  addEventListener(type: string, listener: (...args: never[]) => void): void {
    this.#events.on(type, listener as (...args: unknown[]) => void);
  }

  removeEventListener(type: string, listener: (...args: never[]) => void): void {
    this.#events.off(type, listener as (...args: unknown[]) => void);
  }

  removeAllListeners(type?: string): void {
    this.#events.removeAllListeners(type);
    this.#events.on('error', () => undefined);
  }

  postMessage(message: unknown): void {
    if (this.#ended) return;
    this.sandbox.read(Buffer.from(`${JSON.stringify({ type: 'workerMessage', message })}\n`));
  }

  terminate(): void {
    this.sandbox.dispose();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  onReady(): void {
    // What was posted before has waited in the Sandbox.
  }

  onOutput(): void {
    for (const chunk of this.sandbox.takeOutput()) {
      this.#lines.add(chunk);
      this.sandbox.releaseOutput(chunk.length);
    }
  }

  onRoom(): void {
    // Messages are handed over whole; nobody was told to wait.
  }

  onEnded(reason: string | null): void {
    this.onOutput();
    this.#ended = true;
    if (reason !== null) this.#events.emit('error', new EvaluatorError(`the Sandbox ended: ${reason}`));
    this.#events.emit('end');
  }

  #receive(line: string): void {
    if (!line.startsWith('MSG:')) return;
    let said: FromSandbox;
    try {
      said = JSON.parse(line.slice('MSG:'.length)) as FromSandbox;
    } catch (cause) {
      this.#events.emit('error', new EvaluatorError('a Sandbox wrote a line that is no message', { cause }));
      return;
    }
    if (said.type === 'workerMessage') this.#events.emit('message', { data: said.message });
    else if (said.type === 'result' && said.exception) {
      const { name, message, stack } = said.exception;
      const error = new Error(message);
      error.name = `Worker${name}`;
      error.stack = stack;
      this.#events.emit('error', error);
    }
  }
}
