/** Classic Sandboxes for programs that use dcp-client as a library: a class in place of its connection to an evaluator. */
import { EventEmitter } from 'node:events';
import { EvaluatorError } from '../../model/index.js';
import { throwLater } from '../throw-later.js';
import { LineSplitter } from './line-splitter.js';
import { openClassicHost, type ClassicHost, type ClassicOptions } from './open.js';
import type { ClassicObserver, ClassicSandbox } from './sandbox.js';

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
  /** The process runs on while the Sandbox has not ended. So it is to begin with. */
  ref(): this;
  /** The process may end, and the Sandbox with it, when nothing else keeps it running. */
  unref(): this;
}

export interface SandboxClass {
  /** For `sandboxOptions.SandboxConstructor` of dcp-client's Worker. */
  readonly SandboxConstructor: new (options?: { readonly name?: string }) => InProcessWorker;
  /** Ends all its Sandboxes and their threads. */
  close(): Promise<void>;
}

/** Opens an evaluator in this process and makes the class whose instances are its Sandboxes. */
export async function openSandboxClass(options: ClassicOptions): Promise<SandboxClass> {
  const host = await openClassicHost(options, (reason) => {
    process.emitWarning(`a Sandbox could not start: ${reason}`, 'DcpEvaluatorWarning');
  });
  const keeper = new Keeper(host);
  return {
    SandboxConstructor: class extends SandboxHandle {
      constructor() {
        super(host.pool.take(), keeper);
      }
    },
    close: () => host.close(),
  };
}

/** What the startup files write (docs/CLASSIC_EVALUATOR.md). */
type FromSandbox =
  | { readonly type: 'workerMessage'; readonly message: unknown }
  | { readonly type: 'nop' }
  | {
      readonly type: 'result';
      readonly exception?: { readonly name: string; readonly message: string; readonly stack: string };
    };

/** Keeps the process running while there is a Sandbox that wants it to. */
class Keeper {
  readonly #holders = new Set<SandboxHandle>();

  constructor(private readonly host: ClassicHost) {
    host.unref();
  }

  hold(sandbox: SandboxHandle): void {
    this.#holders.add(sandbox);
    this.host.ref();
  }

  release(sandbox: SandboxHandle): void {
    this.#holders.delete(sandbox);
    if (this.#holders.size === 0) this.host.unref();
  }
}

class SandboxHandle implements InProcessWorker, ClassicObserver {
  readonly #events = new EventEmitter();
  readonly #lines = new LineSplitter((line) => this.#receive(line));
  #onmessage: InProcessWorker['onmessage'] = null;
  #onerror: InProcessWorker['onerror'] = null;
  #ended = false;

  constructor(
    private readonly sandbox: ClassicSandbox,
    private readonly keeper: Keeper,
  ) {
    keeper.hold(this);
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
    if (!this.#ended) this.keeper.hold(this);
    return this;
  }

  unref(): this {
    this.keeper.release(this);
    return this;
  }

  onReady(): void {
    // What was posted before has waited in the Sandbox.
  }

  onOutput(): void {
    for (const chunk of this.sandbox.takeOutput()) {
      try {
        this.#lines.add(chunk);
      } finally {
        this.sandbox.releaseOutput(chunk.length);
      }
    }
  }

  onRoom(): void {
    // Messages are handed over whole; nobody was told to wait.
  }

  onEnded(reason: string | null): void {
    this.onOutput();
    this.#ended = true;
    this.keeper.release(this);
    if (reason !== null) this.#emit('error', new EvaluatorError(`the Sandbox ended: ${reason}`));
    this.#emit('end');
  }

  #receive(line: string): void {
    if (!line.startsWith('MSG:')) return;
    let said: FromSandbox;
    try {
      said = messageOf(line.slice('MSG:'.length));
    } catch (cause) {
      this.#emit('error', new EvaluatorError('a Sandbox wrote a line that is no message', { cause }));
      return;
    }
    if (said.type === 'workerMessage') this.#emit('message', { data: said.message });
    else if (said.type === 'result' && said.exception) {
      const { name, message, stack } = said.exception;
      const error = new Error(message);
      error.name = `Worker${name}`;
      error.stack = stack;
      this.#emit('error', error);
    }
  }

  /** The lines behind the one that a listener hears of are to be heard, too. */
  #emit(type: string, ...args: readonly unknown[]): void {
    try {
      this.#events.emit(type, ...args);
    } catch (error) {
      throwLater(error);
    }
  }
}

function messageOf(text: string): FromSandbox {
  const said: unknown = JSON.parse(text);
  if (typeof said !== 'object' || said === null) throw new TypeError('it is no object');
  return said as FromSandbox;
}
