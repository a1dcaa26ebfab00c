import type { Evaluator, SandboxLimits } from '../evaluator/index.js';
import { ManagedSandbox, type ManagedSandboxOwner } from './managed-sandbox.js';
import { backoffMs } from './wakeable.js';

export interface SandboxPoolOwner extends ManagedSandboxOwner {
  /** Sandboxes that should be warm, or on their way, at this moment. */
  wantedWarm(): number;
  /** One more is warm. */
  onWarm(): void;
  /** The Evaluator could not create a Sandbox, `failures` times in a row. */
  onOpenFailed(error: unknown, failures: number, retryMs: number): void;
}

/** Warm Sandboxes: created ahead, so that a Job need not wait for one. */
export class SandboxPool {
  readonly #warm: ManagedSandbox[] = [];
  readonly #opening = new Set<ManagedSandbox>();
  #failures = 0;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(
    private readonly evaluator: Evaluator,
    private readonly limits: Partial<SandboxLimits>,
    private readonly owner: SandboxPoolOwner,
  ) {}

  /** A warm Sandbox; null while there is none. */
  take(): ManagedSandbox | null {
    return this.#warm.shift() ?? null;
  }

  /** Creates what is missing. */
  fill(): void {
    if (this.#closed || this.#retry !== null) return;
    // After a failure one is tried at a time.
    const wanted = this.#failures > 0 ? Math.min(1, this.owner.wantedWarm()) : this.owner.wantedWarm();
    while (this.#warm.length + this.#opening.size < wanted) this.#open();
  }

  /** Ends those that are warm and not wanted any more. */
  trim(): void {
    while (this.#warm.length > 0 && this.#warm.length + this.#opening.size > this.owner.wantedWarm())
      this.#warm.pop()!.dispose();
  }

  /** A Sandbox ended that had no Job. */
  remove(sandbox: ManagedSandbox): void {
    const at = this.#warm.indexOf(sandbox);
    if (at >= 0) this.#warm.splice(at, 1);
    this.#opening.delete(sandbox);
  }

  /** Disposes of all and creates no more. */
  close(): ManagedSandbox[] {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    const rest = [...this.#warm, ...this.#opening];
    for (const sandbox of rest) sandbox.dispose();
    return rest;
  }

  #open(): void {
    const sandbox = new ManagedSandbox(this.owner);
    this.#opening.add(sandbox);
    sandbox.open(this.evaluator, this.limits).then(
      () => {
        this.#opening.delete(sandbox);
        this.#failures = 0;
        if (sandbox.state !== 'warm') return;
        this.#warm.push(sandbox);
        this.owner.onWarm();
        this.fill();
      },
      (error: unknown) => {
        this.#opening.delete(sandbox);
        if (this.#closed || this.#retry !== null) return;
        const retryMs = backoffMs(++this.#failures);
        this.#retry = setTimeout(() => {
          this.#retry = null;
          this.fill();
        }, retryMs);
        this.owner.onOpenFailed(error, this.#failures, retryMs);
      },
    );
  }
}
