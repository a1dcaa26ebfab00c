/** Classic Sandboxes that have run their startup files before anybody connects. */
import type { SandboxLimits } from '../evaluator.js';
import type { InProcessEvaluator } from '../in-process/evaluator.js';
import type { ClassicObserver, ClassicSandbox, StartupFile } from './sandbox.js';

/** After a Sandbox that could not start, none is made ahead for so long: the next would not either. */
const RETRY_MS = 1000;

const UNHEARD: ClassicObserver = {
  onReady: () => undefined,
  onOutput: () => undefined,
  onRoom: () => undefined,
  onEnded: () => undefined,
};

export interface ClassicPoolOptions {
  readonly startup: readonly StartupFile[];
  /** Sandboxes kept ready. */
  readonly spare: number;
  readonly limits?: Partial<SandboxLimits>;
  /** A Sandbox ended before anybody had it. */
  readonly onFailure: (reason: string) => void;
}

export class ClassicPool {
  readonly #ready = new Set<ClassicSandbox>();
  #starting = false;
  #closed = false;
  #retry: NodeJS.Timeout | null = null;

  constructor(
    private readonly evaluator: InProcessEvaluator,
    private readonly options: ClassicPoolOptions,
  ) {
    this.#refill();
  }

  /** A Sandbox for a new peer: one that is ready, or else a new one that is about to be. */
  take(): ClassicSandbox {
    const [ready] = this.#ready;
    if (ready !== undefined) {
      this.#ready.delete(ready);
      // Not before the peer has had its turn.
      setImmediate(() => this.#refill());
      return ready;
    }
    // Whoever takes it hears what becomes of it.
    return this.#create(UNHEARD);
  }

  close(): void {
    this.#closed = true;
    if (this.#retry) clearTimeout(this.#retry);
    for (const sandbox of this.#ready) sandbox.dispose();
    this.#ready.clear();
  }

  /** One at a time: they start in the order in which they are wanted, and leave threads to those who work. */
  #refill(): void {
    if (this.#closed || this.#retry || this.#starting || this.#ready.size >= this.options.spare) return;
    this.#starting = true;
    const sandbox = this.#create({
      ...UNHEARD,
      onReady: () => {
        this.#starting = false;
        if (this.#closed) return sandbox.dispose();
        this.#ready.add(sandbox);
        this.#refill();
      },
      onEnded: (reason) => {
        // One that was ready has been counted as started before.
        if (!this.#ready.delete(sandbox)) this.#starting = false;
        if (this.#closed) return;
        this.options.onFailure(reason ?? 'a startup file ended the Sandbox');
        this.#retry ??= setTimeout(() => {
          this.#retry = null;
          this.#refill();
        }, RETRY_MS).unref();
      },
    });
  }

  #create(observer: ClassicObserver): ClassicSandbox {
    return this.evaluator.createClassicSandbox(this.options.startup, observer, this.options.limits);
  }
}
