import type { EvaluatorGate, GateAction, GatedWork } from '../evaluator/index.js';
import { InvalidArgumentError, offersWebgpu, type JobId, type WebgpuOffer } from '../model/index.js';
import type { GpuShare, NamedOffer } from './gpu-share.js';
import type { JobDesk } from './job-desk.js';

/** From the mildest to the strictest; what each means is said in src/manager/decision.ts. */
const ACTIONS = ['run', 'hold', 'freeze', 'kill'] as const;
export type WorkAction = (typeof ACTIONS)[number];

/** Why work may not run. */
export interface WorkReason {
  /** Who found it. */
  readonly monitor: string;
  /** Machine-readable: `LOAD_HIGH`. */
  readonly code: string;
  /** One sentence for people. */
  readonly text: string;
}

export interface WorkVerdict {
  readonly action: WorkAction;
  readonly reasons: readonly WorkReason[];
}

/** What may be done with the machine now: for Jobs that use the CPU alone, and for each GPU. A `Decision` of src/manager is one. */
export interface WorkDecision {
  readonly cpu: WorkVerdict;
  /** By the place of the GPU among the adapters, from 0. One that is not named has the verdict of `anyGpu`. */
  readonly gpus: ReadonlyMap<number, WorkVerdict>;
  readonly anyGpu: WorkVerdict;
}

/** Work that may not run now. */
export interface GateStatus extends WorkVerdict {
  /** `cpu`, or the number of an adapter, from 0. */
  readonly target: 'cpu' | number;
  /** The name of that adapter. */
  readonly adapter: string | null;
  /** Since when it is so, milliseconds since 1970. */
  readonly since: number;
  /** When what is to be frozen is ended at the latest, milliseconds since 1970; null: that is not what is to happen. */
  readonly endsAt: number | null;
}

const RUN: WorkVerdict = Object.freeze({ action: 'run', reasons: Object.freeze([]) });
const OPEN: WorkDecision = Object.freeze({ cpu: RUN, gpus: new Map<number, WorkVerdict>(), anyGpu: RUN });

export interface WorkGateOwner {
  deskOf(jobId: JobId): JobDesk | undefined;
  /** Something has been frozen for too long, and is to be ended. */
  onExpired(): void;
}

interface Target {
  verdict: WorkVerdict;
  since: number;
  /** Runs while it is frozen. */
  timer: NodeJS.Timeout | undefined;
  /** It was frozen for too long. */
  isExpired: boolean;
}

/** Timers of Node go no further. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What of the work may run now, by what it uses. What is frozen longer than its leases are renewed is ended. */
export class WorkGate {
  #decision = OPEN;
  readonly #targets = new Map<'cpu' | number, Target>();
  #isClosed = false;

  constructor(
    private readonly gpu: GpuShare,
    /** Whether the Evaluator can; else what would be frozen may end what it has. */
    private readonly canFreeze: boolean,
    private readonly freezeLeaseMs: () => number,
    private readonly owner: WorkGateOwner,
  ) {}

  /** Throws `InvalidArgumentError` for what is no decision. */
  set(decision: WorkDecision): void {
    checkDecision(decision);
    this.#decision = decision;
    this.refresh();
  }

  /** The adapters may be others than before. */
  refresh(): void {
    const { cpu } = this.#decision;
    this.#setTarget('cpu', cpu);
    const { length } = this.gpu.adapters;
    for (let index = 0; index < length; index++) this.#setTarget(index, this.#verdictOf(index));
    for (const [target, { timer }] of this.#targets)
      if (typeof target === 'number' && target >= length) {
        clearTimeout(timer);
        this.#targets.delete(target);
      }
  }

  /** What is frozen is ended, now and from now on: nobody will thaw it. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#targets.values()) clearTimeout(timer);
  }

  get cpu(): WorkAction {
    return this.#actionAt('cpu');
  }

  /** Adapters that new work may use. */
  openAdapters(): readonly NamedOffer[] {
    return this.gpu.adapters.filter((_, index) => this.#actionAt(index) === 'run');
  }

  /** For what the Job has in Sandboxes, and for more of it. */
  actionFor(desk: JobDesk): WorkAction {
    if (!desk.usesGpu) return this.cpu;
    const used = this.#used(desk.adapters);
    if (used.length > 0) return strictest(used.map((index) => this.#actionAt(index)));
    // It would be given those adapters alone that are open.
    const requirement = desk.job.requirements.environment?.webgpu ?? true;
    const suitable = this.gpu.adapters.flatMap((offer, index) =>
      suits(offer, requirement) ? [this.#actionAt(index)] : [],
    );
    return suitable.length === 0 ? this.#decision.anyGpu.action : mildest(suitable);
  }

  /** For the Evaluator. */
  forEvaluator(): EvaluatorGate {
    return {
      actionOf: (work) => this.#actionOf(work),
      closedAdapters: this.gpu.adapters.flatMap(({ name }, index) =>
        name !== undefined && this.#actionAt(index) !== 'run' ? [name] : [],
      ),
    };
  }

  status(): GateStatus[] {
    const gated: GateStatus[] = [];
    for (const [target, { verdict, since }] of this.#targets) {
      const action = this.#actionAt(target);
      if (action === 'run') continue;
      gated.push({
        target,
        adapter: target === 'cpu' ? null : (this.gpu.adapters[target]?.name ?? null),
        action,
        reasons: verdict.reasons.map(({ monitor, code, text }) => ({ monitor, code, text })),
        since,
        endsAt: verdict.action === 'freeze' && action !== 'kill' ? since + this.freezeLeaseMs() : null,
      });
    }
    return gated;
  }

  #actionOf({ jobId, adapters }: GatedWork): GateAction {
    if (jobId === null) {
      const all = [this.cpu, ...this.gpu.adapters.map((_, index) => this.#actionAt(index))];
      return mildest(all) === 'kill' ? 'kill' : 'run';
    }
    const desk = this.owner.deskOf(jobId);
    if (desk === undefined) return 'run';
    desk.adapters = adapters;
    const action = this.actionFor(desk);
    // Another process may get other ones.
    if (action === 'kill') desk.adapters = new Set();
    return action === 'hold' ? 'run' : action;
  }

  #used(names: ReadonlySet<string>): number[] {
    return this.gpu.adapters.flatMap(({ name }, index) =>
      name !== undefined && names.has(name) ? [index] : [],
    );
  }

  #verdictOf(index: number): WorkVerdict {
    return this.#decision.gpus.get(index) ?? this.#decision.anyGpu;
  }

  #actionAt(target: 'cpu' | number): WorkAction {
    const found = this.#targets.get(target);
    if (found === undefined) return 'run';
    const { action } = found.verdict;
    if (action !== 'freeze') return action;
    if (found.isExpired) return 'kill';
    // What could not be frozen runs, and may end what it has.
    if (!this.canFreeze) return 'hold';
    return this.#isClosed ? 'kill' : 'freeze';
  }

  #setTarget(target: 'cpu' | number, verdict: WorkVerdict): void {
    const before = this.#targets.get(target);
    if (before?.verdict.action === verdict.action) {
      before.verdict = verdict;
      return;
    }
    clearTimeout(before?.timer);
    const next: Target = { verdict, since: Date.now(), timer: undefined, isExpired: false };
    this.#targets.set(target, next);
    if (verdict.action !== 'freeze' || this.#isClosed) return;
    next.timer = setTimeout(
      () => {
        next.isExpired = true;
        this.owner.onExpired();
      },
      Math.min(this.freezeLeaseMs(), MAX_TIMER_MS),
    ).unref();
  }
}

function suits(offer: WebgpuOffer, requirement: Parameters<typeof offersWebgpu>[1] | false): boolean {
  return requirement !== false && offersWebgpu([offer], requirement);
}

function mildest(actions: readonly WorkAction[]): WorkAction {
  return ACTIONS[Math.min(...actions.map((action) => ACTIONS.indexOf(action)))]!;
}

function strictest(actions: readonly WorkAction[]): WorkAction {
  return ACTIONS[Math.max(...actions.map((action) => ACTIONS.indexOf(action)))]!;
}

function checkDecision({ cpu, gpus, anyGpu }: WorkDecision): void {
  const verdicts: [string, WorkVerdict][] = [
    ['cpu', cpu],
    ['anyGpu', anyGpu],
    ...Array.from(gpus, ([index, verdict]): [string, WorkVerdict] => [`gpus[${index}]`, verdict]),
  ];
  for (const [field, verdict] of verdicts)
    if (!ACTIONS.includes(verdict.action))
      throw new InvalidArgumentError(
        `${field}.action`,
        `expected one of ${ACTIONS.join(', ')}, got ${String(verdict.action)}`,
      );
}
