import {
  completeManagerOptions,
  Manager,
  type CompleteManagerOptions,
  type Decision,
  type ManagerOptions,
} from '../manager/index.js';
import { InvalidArgumentError } from '../model/index.js';

/** What of the machine is watched, and what for. */
export interface MachineWatchOptions {
  /** What stops, freezes or holds work. */
  readonly gating: ManagerOptions;
  /** What tells that somebody uses the machine; null: nobody asks. */
  readonly presence: ManagerOptions | null;
}

export interface MachineWatchOwner {
  /** What may run from now on. The first comes at the start. */
  onDecision(decision: Decision): void;
  /** Somebody uses the machine, or nobody does any more. The first comes at the start. */
  onPresence(isInUse: boolean): void;
  /** Something cannot be watched; one sentence why. */
  onUnavailable(monitor: string, why: string): void;
}

/** Options that were checked. */
export interface CheckedWatch {
  readonly gating: CompleteManagerOptions;
  readonly presence: CompleteManagerOptions | null;
}

/** Throws `InvalidArgumentError`, naming the field below `field`. */
export function checkMachineWatch(field: string, { gating, presence }: MachineWatchOptions): CheckedWatch {
  try {
    return {
      gating: completeManagerOptions(gating),
      presence: presence === null ? null : completeManagerOptions(presence),
    };
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const message = error.message.slice(error.field.length + 2);
    throw new InvalidArgumentError(`${field}, ${error.field}`, message);
  }
}

/** Managers of a Worker that may be told to watch something else while it runs. Watches nothing before `watch`. */
export class MachineWatch {
  #gating: Manager | null = null;
  #presence: Manager | null = null;

  constructor(private readonly owner: MachineWatchOwner) {}

  /** From now on. What is watched already is watched on: what was found of it still holds (`Manager.change`). */
  watch({ gating, presence }: CheckedWatch): void {
    if (this.#gating !== null) this.#gating.change(gating);
    else this.#gating = this.#begin(gating, (manager) => this.owner.onDecision(manager.decision));
    if (presence === null) this.#endPresence();
    else if (this.#presence !== null) this.#presence.change(presence);
    else this.#presence = this.#begin(presence, (manager) => this.owner.onPresence(manager.isBusy));
  }

  // An ended one says nothing any more; nobody waits until the last of its looks is over.
  close(): void {
    void this.#gating?.stop();
    this.#gating = null;
    this.#endPresence();
  }

  #endPresence(): void {
    void this.#presence?.stop();
    this.#presence = null;
  }

  #begin(options: CompleteManagerOptions, tell: (manager: Manager) => void): Manager {
    let isStarted = false;
    const manager = new Manager(options, {
      onDecision: () => {
        if (isStarted) tell(manager);
      },
      onUnavailable: (monitor, why) => this.owner.onUnavailable(monitor, why),
    });
    manager.start();
    isStarted = true;
    tell(manager);
    return manager;
  }
}
