import { DcpError } from '../model/index.js';

/**
 * - `created`: nothing runs yet.
 * - `running`: asks for Tasks and keeps its Sandboxes busy.
 * - `paused`: asks for nothing and hands nothing over; what the Sandboxes already have goes on.
 * - `finishing`: asks for nothing and hands over what it still holds, then stops.
 * - `stopping`: gives back what it holds, delivers what it has.
 * - `stopped`: for good.
 */
export type SupervisorState = 'created' | 'running' | 'paused' | 'finishing' | 'stopping' | 'stopped';

const NEXT: Readonly<Record<SupervisorState, readonly SupervisorState[]>> = {
  created: ['running', 'stopped'],
  running: ['paused', 'finishing', 'stopping'],
  paused: ['running', 'finishing', 'stopping'],
  finishing: ['stopping'],
  stopping: ['stopped'],
  stopped: [],
};

/** A call that the present lifecycle state does not allow. */
export class LifecycleError extends DcpError {
  constructor(subject: string, from: string, to: string) {
    super('ELIFECYCLE', `${subject}: cannot go from "${from}" to "${to}"`);
  }
}

/** Where a Supervisor is in its life; illegal moves throw. */
export class Lifecycle {
  #state: SupervisorState = 'created';

  constructor(private readonly onState: (state: SupervisorState) => void) {}

  get state(): SupervisorState {
    return this.#state;
  }

  /** Throws `LifecycleError` when the present state does not lead to `next`. */
  enter(next: SupervisorState): void {
    if (!NEXT[this.#state].includes(next)) throw new LifecycleError('supervisor', this.#state, next);
    this.#state = next;
    this.onState(next);
  }
}
