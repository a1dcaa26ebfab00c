/** Classic Sandboxes that have run their startup files before anybody connects. */
import type { SandboxLimits } from '../evaluator.js';
import type { InProcessEvaluator } from '../in-process/evaluator.js';
import type { ClassicSandbox, StartupFile } from './sandbox.js';

/** After a Sandbox that could not start, none is made ahead for so long: the next would not either. */
const RETRY_MS = 1000;

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
  #starting = 0;
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
    return this.#create(false);
  }

  close(): void {
    this.#closed = true;
    if (this.#retry) clearTimeout(this.#retry);
    for (const sandbox of this.#ready) sandbox.dispose();
    this.#ready.clear();
  }

  /** One at a time: they start in the order in which they are wanted, and leave threads to those who work. */
  #refill(): void {
    if (this.#closed || this.#retry || this.#starting > 0 || this.#ready.size >= this.options.spare) return;
    this.#create(true);
  }

  #create(spare: boolean): ClassicSandbox {
    if (spare) this.#starting++;
    let starting = spare;
    const settle = (): void => {
      if (starting) this.#starting--;
      starting = false;
    };
    const sandbox: ClassicSandbox = this.evaluator.createClassicSandbox(
      this.options.startup,
      {
        onReady: () => {
          settle();
          if (this.#closed) return sandbox.dispose();
          this.#ready.add(sandbox);
          this.#refill();
        },
        onOutput: () => undefined,
        onRoom: () => undefined,
        onEnded: (reason) => {
          settle();
          this.#ready.delete(sandbox);
          if (this.#closed) return;
          this.options.onFailure(reason ?? 'a startup file ended the Sandbox');
          this.#retry ??= setTimeout(() => {
            this.#retry = null;
            this.#refill();
          }, RETRY_MS);
        },
      },
      this.options.limits,
    );
    return sandbox;
  }
}
