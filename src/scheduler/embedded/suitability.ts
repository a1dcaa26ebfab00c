import { offersOrigins, offersWebgpu, requiredInVain } from '../../model/index.js';
import type { TaskRequest } from '../scheduler.js';
import type { JobBrief, JobNumber, Jobs } from './jobs.js';
import type { Store } from './store.js';

/** Requests that differ whose verdicts are kept: a Worker asks for less when its GPUs are busy, or the CPU is somebody else's. */
const MAX_ASKED = 16;
/** Verdicts on one of them. */
const MAX_VERDICTS = 100_000;

/**
 * Which Jobs are for the Worker that asks. Those that are not never get a turn, so they stay at the front of the queue, and every
 * request goes past all of them: what was found of a Job is kept, since it changes only with what is asked for.
 */
export class Suitability {
  /** By what was asked for, oldest first. */
  private readonly asked = new Map<string, Map<JobNumber, boolean>>();
  private aborts = 0;

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
  ) {}

  /** Whether a Job suits. `takesPublic`: those of no Compute Group may. For use inside one read or transaction of the store. */
  of(request: TaskRequest, takesPublic: boolean): (number: JobNumber) => boolean {
    const verdicts = this.verdictsOn(request, takesPublic);
    return (number) => {
      let suits = verdicts.get(number);
      if (suits === undefined) {
        suits = isFor(this.jobs.briefOf(number), request, takesPublic);
        if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
        verdicts.set(number, suits);
      }
      return suits && !request.exceptJobs.includes(this.jobs.briefOf(number).id);
    };
  }

  private verdictsOn(
    { computeGroups, jobIds, capabilities }: TaskRequest,
    takesPublic: boolean,
  ): Map<JobNumber, boolean> {
    if (this.store.aborts !== this.aborts) {
      // A Job that was created in an aborted transaction leaves its number to another.
      this.aborts = this.store.aborts;
      this.asked.clear();
    }
    const key = JSON.stringify([computeGroups, takesPublic, jobIds, capabilities]);
    let verdicts = this.asked.get(key);
    if (verdicts === undefined) {
      const [oldest] = this.asked.keys();
      if (oldest !== undefined && this.asked.size >= MAX_ASKED) this.asked.delete(oldest);
      verdicts = new Map<JobNumber, boolean>();
      this.asked.set(key, verdicts);
    }
    return verdicts;
  }
}

/** All but `exceptJobs`. What takes longest to find out comes last. */
function isFor({ id, spec }: JobBrief, request: TaskRequest, takesPublic: boolean): boolean {
  const isWelcome =
    spec.computeGroups.length === 0
      ? takesPublic
      : spec.computeGroups.some((key) => request.computeGroups.includes(key));
  if (!isWelcome) return false;
  if (request.jobIds !== null && !request.jobIds.includes(id)) return false;
  const { webgpu = false, fetch = false } = spec.requirements.environment ?? {};
  if (requiredInVain(spec.requirements).length > 0) return false;
  if (webgpu === false && request.capabilities.webgpuOnly === true) return false;
  if (webgpu !== false && !offersWebgpu(request.capabilities.webgpu, webgpu)) return false;
  return fetch === false || offersOrigins(request.capabilities.fetch, fetch);
}
