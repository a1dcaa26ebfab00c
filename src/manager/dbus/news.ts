import type { Finding, MonitorName, MonitorOwner } from '../monitor.js';

/** Tells a monitor's owner what changed, and nothing twice. */
export class News {
  #last: string | null = null;
  #found = false;
  #closed = false;

  constructor(
    private readonly name: MonitorName,
    private readonly owner: MonitorOwner,
  ) {}

  /** null is told too when it is the first that is known: the machine has what is watched. */
  found(finding: Finding | null): void {
    if (!this.#isNew(['found', finding])) return;
    this.#found = finding !== null;
    this.owner.onFinding(this.name, finding);
  }

  /** What was found before holds no more. */
  unavailable(why: string): void {
    if (!this.#isNew(['unavailable', why])) return;
    if (this.#found) this.owner.onFinding(this.name, null);
    this.#found = false;
    this.owner.onUnavailable(this.name, why);
  }

  /** Nothing is told any more. */
  close(): void {
    this.#closed = true;
  }

  #isNew(news: unknown): boolean {
    const text = JSON.stringify(news);
    if (this.#closed || text === this.#last) return false;
    this.#last = text;
    return true;
  }
}
