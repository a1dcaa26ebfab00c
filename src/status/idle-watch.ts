import type { SupervisorStatus, WorkAction } from '../supervisor/index.js';
import { gateText, reasonsText } from './gate-text.js';
import { IDLE_REASONS, type IdleCode, type IdleReason } from './idle-reason.js';

/** What a call came to is believed for so long after it was to be made again, milliseconds. */
const BELIEVED_MS = 2_000;

const GATE_CODES: Readonly<Record<WorkAction, IdleCode | null>> = {
  run: null,
  hold: 'HELD',
  freeze: 'FROZEN',
  kill: 'GATED',
};

interface Trouble {
  readonly message: string;
  /** On `performance.now()`'s clock. */
  readonly until: number;
}

/** Finds why places for Slices are free. */
export class IdleWatch {
  readonly #troubles = new Map<'scheduler' | 'evaluator', Trouble>();
  #code: IdleCode | null = null;
  #since = Date.now();

  /** A call failed and will be made again. */
  trouble(subject: 'scheduler' | 'evaluator', error: unknown, retryMs: number): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#troubles.set(subject, { message, until: performance.now() + retryMs + BELIEVED_MS });
  }

  /** A call did what it should. */
  fine(subject: 'scheduler' | 'evaluator'): void {
    this.#troubles.delete(subject);
  }

  /** Null while no place is free, or what is held is just on its way to one. `supervisor` is null before there is one. */
  look(supervisor: SupervisorStatus | null, places: number, busy: number): IdleReason | null {
    const code = this.#codeOf(supervisor, places - busy);
    if (code !== this.#code) {
      this.#code = code;
      this.#since = Date.now();
    }
    if (code === null) return null;
    const { text, remedy } = IDLE_REASONS[code];
    const said = this.#saidOf(code, supervisor);
    return {
      code,
      text: said === null ? text : `${text}: ${said}`,
      remedy,
      places: places - busy,
      since: this.#since,
    };
  }

  #codeOf(supervisor: SupervisorStatus | null, free: number): IdleCode | null {
    if (supervisor === null) return this.#troubled('scheduler') ? 'SCHEDULER_UNAVAILABLE' : 'STARTING';
    const { state, jobs, jobsSetAside, holdsBack, evaluatorFails } = supervisor;
    if (free <= 0) return null;
    if (state === 'created') return 'STARTING';
    if (state === 'paused') return 'PAUSED';
    if (state !== 'running') return 'STOPPING';
    const gate = supervisor.gates.find(({ target }) => target === 'cpu');
    if (gate !== undefined) return GATE_CODES[gate.action];
    if (holdsBack) return 'RESULTS_WAITING';
    // One that stays away is told of once.
    if (evaluatorFails || this.#troubled('evaluator')) return 'EVALUATOR_UNAVAILABLE';
    if (jobs.some(({ queued }) => queued > 0)) return null;
    if (this.#troubled('scheduler')) return 'SCHEDULER_UNAVAILABLE';
    return jobsSetAside > 0 ? 'JOBS_SET_ASIDE' : 'NO_WORK';
  }

  #troubled(subject: 'scheduler' | 'evaluator'): boolean {
    return (this.#troubles.get(subject)?.until ?? 0) > performance.now();
  }

  #saidOf(code: IdleCode, supervisor: SupervisorStatus | null): string | null {
    const gates = supervisor?.gates ?? [];
    const cpu = gates.find(({ target }) => target === 'cpu');
    if (cpu !== undefined && GATE_CODES[cpu.action] === code) return reasonsText(cpu) || null;
    // Work for them may be all that there is.
    if (code === 'NO_WORK' && gates.length > 0)
      return gates.map((gate) => gateText(gate, Date.now())).join('; ');
    if (code === 'EVALUATOR_UNAVAILABLE') return this.#troubles.get('evaluator')?.message ?? null;
    if (code === 'SCHEDULER_UNAVAILABLE') return this.#troubles.get('scheduler')?.message ?? null;
    return null;
  }
}
