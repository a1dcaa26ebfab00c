import { isEmptyList } from '../../codec/index.js';
import { requiresWebgpu } from '../../model/index.js';
import type { JobDescription } from '../../sandbox/index.js';
import type { SandboxJob } from '../evaluator.js';

/** A Job as its Sandboxes are told of it. */
interface DescribedJob {
  /** A `JobDescription`. */
  readonly json: string;
  /** A Sandbox need not read it before its first Slice. */
  readonly plain: boolean;
  readonly webgpu: boolean;
  readonly hasArguments: boolean;
}

/** Many Sandboxes are handed the same Job. */
const known = new WeakMap<SandboxJob, DescribedJob>();

export function describe(job: SandboxJob): DescribedJob {
  let described = known.get(job);
  if (described === undefined) {
    described = make(job);
    known.set(job, described);
  }
  return described;
}

function make(job: SandboxJob): DescribedJob {
  const { environment } = job.requirements;
  const { id, public: publicInfo, inputSet, determinism, fetch } = job;
  const sharedArrayBuffer = environment?.sharedArrayBuffer === true;
  const fineClock = environment?.fineClock === true;
  const webgpu = requiresWebgpu(environment?.webgpu);
  const description: JobDescription = {
    id,
    public: publicInfo,
    inputSet,
    sharedArrayBuffer,
    fineClock,
    determinism,
    fetch,
    webgpu,
  };
  return {
    json: JSON.stringify(description),
    plain:
      inputSet.kind === 'list' &&
      job.modules === null &&
      determinism === null &&
      !(sharedArrayBuffer || fineClock || fetch || webgpu),
    webgpu,
    hasArguments: !isEmptyList(job.arguments),
  };
}
