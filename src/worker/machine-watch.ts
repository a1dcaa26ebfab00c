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
  #managers: Manager[] = [];
  #watched = '';

  constructor(private readonly owner: MachineWatchOwner) {}

  /** From now on; nothing happens when that is what is watched already. */
  watch({ gating, presence }: CheckedWatch): void {
    const watched = JSON.stringify([gating, presence]);
    if (watched === this.#watched) return;
    this.#watched = watched;
    this.#end();
    this.#begin(gating, (manager) => this.owner.onDecision(manager.decision));
    if (presence !== null) this.#begin(presence, (manager) => this.owner.onPresence(manager.isBusy));
  }

  close(): void {
    this.#watched = '';
    this.#end();
  }

  #begin(options: CompleteManagerOptions, tell: (manager: Manager) => void): void {
    let isStarted = false;
    const manager = new Manager(options, {
      onDecision: () => {
        if (isStarted) tell(manager);
      },
      onUnavailable: (monitor, why) => this.owner.onUnavailable(monitor, why),
    });
    this.#managers.push(manager);
    manager.start();
    isStarted = true;
    tell(manager);
  }

  #end(): void {
    // An ended one says nothing any more; nobody waits until the last of its looks is over.
    for (const manager of this.#managers.splice(0)) void manager.stop();
  }
}
