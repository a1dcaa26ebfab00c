import { setTimeout as sleep } from 'node:timers/promises';
import { controlGroupOf, type ControlGroup } from './control-group.js';
import { isStopped, processTree } from './process-tree.js';

/** How often it is looked whether everything stands still, and for how long at most: what waits for a disk stops when that answers. */
const LOOK_MS = 2;
const PATIENCE_MS = 2_000;

/** By which means processes are held still. Null: as the machine allows. */
export type FreezeMeans = 'cgroup' | 'signals';

/**
 * Holds a process of ours and all that descend from it still: by a control group where one may be written, which nobody else can undo, else by
 * SIGSTOP to each of them. Both let a SIGKILL through.
 */
export class Freezer {
  #group: ControlGroup | null = null;
  #state: 'running' | 'freezing' | 'frozen' = 'running';

  constructor(
    /** Of the first of them, which may not be known from the start. */
    private readonly pidOf: () => number,
    private readonly means: FreezeMeans | null = null,
  ) {}

  /** How it holds them still now; null: it does not. */
  get inForce(): FreezeMeans | null {
    if (this.#state === 'running') return null;
    return this.#group === null ? 'signals' : 'cgroup';
  }

  /** Resolves when nothing of it runs, or it was thawed meanwhile. */
  async freeze(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'freezing';
    if (this.means !== 'signals') {
      this.#group ??= controlGroupOf(processTree(this.pidOf()));
      if (this.#group?.freeze() === false) this.#group = null;
    }
    const group = this.#group;
    if (group !== null) await this.#until(() => group.isFrozen);
    else await this.#until(() => this.#stopAll());
    if (this.#isFreezing()) this.#state = 'frozen';
  }

  thaw(): void {
    if (this.#state === 'running') return;
    this.#state = 'running';
    if (this.#group !== null) this.#group.thaw();
    else for (const pid of processTree(this.pidOf())) signal(pid, 'SIGCONT');
  }

  /** The process is gone. */
  forget(): void {
    this.#state = 'running';
    this.#group?.remove();
    this.#group = null;
  }

  /** Whether all of them are. A process that starts another before it stops has that one seen the next time. */
  #stopAll(): boolean {
    const running = processTree(this.pidOf()).filter((pid) => !isStopped(pid));
    for (const pid of running) signal(pid, 'SIGSTOP');
    return running.length === 0;
  }

  async #until(isStill: () => boolean): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    while (this.#isFreezing() && !isStill() && performance.now() < until) await sleep(LOOK_MS);
  }

  // A method, because the compiler would take a state read before an await for its state after it.
  #isFreezing(): boolean {
    return this.#state === 'freezing';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}
