import {
  offersOrigins,
  requiredInVain,
  webgpuLack,
  type JobSpec,
  type JobStatus,
  type WebgpuAdapter,
} from '../../model/index.js';
import { note, type Finding } from './finding.js';

/** What a Worker asks a Scheduler for. */
export interface WorkerOffer {
  readonly jobIds: readonly string[] | null;
  readonly computeGroups: readonly string[];
  /** Whether Jobs of no group are taken: always, never, or when those of its groups have nothing. */
  readonly publicGroup: 'always' | 'never' | 'fallback';
  readonly allowedOrigins: readonly string[];
  readonly adapters: readonly WebgpuAdapter[];
}

/** Why a Scheduler does not give a Worker this Job's Slices; empty: it does. Each reason comes with what would change it. */
export function obstacles(
  spec: Pick<JobSpec, 'requirements' | 'computeGroups'>,
  status: Pick<JobStatus, 'id' | 'state' | 'total' | 'done' | 'leased' | 'known'>,
  offer: WorkerOffer,
): Finding[] {
  const { webgpu = false, fetch = false } = spec.requirements.environment ?? {};
  const found: Finding[] = [];
  const inVain = requiredInVain(spec.requirements);
  if (inVain.length > 0)
    found.push(
      note('JOB_NEEDS_OTHER_WORKER', `requires ${inVain.join(', ')}, which no Worker of this kind has`),
    );
  if (webgpu !== false) {
    const lacks = offer.adapters.map((adapter) => [adapter.name, webgpuLack(adapter, webgpu)] as const);
    if (lacks.length === 0)
      found.push(
        note('JOB_NEEDS_WEBGPU', 'requires WebGPU, and there is no adapter', 'dcp-evaluator --gpu-info'),
      );
    else if (lacks.every(([, lack]) => lack !== null)) {
      const reasons = lacks.map(([name, lack]) => `${name}: ${lack}`).join('; ');
      found.push(note('JOB_NEEDS_WEBGPU', `requires a GPU that can do more (${reasons})`));
    }
  }
  if (fetch !== false && !offersOrigins(offer.allowedOrigins, fetch)) {
    const asked = fetch === true ? 'some origin' : fetch.join(', ');
    found.push(
      note(
        'JOB_NEEDS_ORIGINS',
        `fetches from ${asked}, which this Worker does not allow`,
        fetch === true
          ? 'dcp-worker --allowedOrigins LIST'
          : `dcp-worker --allowedOrigins '${fetch.join(',')}'`,
      ),
    );
  }
  found.push(...ofGroups(spec.computeGroups, offer));
  if (offer.jobIds !== null && !offer.jobIds.includes(status.id))
    found.push(
      note(
        'JOB_NOT_CHOSEN',
        'is not among the Jobs that this Worker may take',
        `dcp-worker --job-id ${status.id}`,
      ),
    );
  const rest = (status.total ?? status.known) - status.done - status.leased;
  if (found.length === 0 && rest <= 0)
    found.push(note('JOB_HAS_NOTHING_LEFT', 'has no Slice that nobody works on'));
  return found;
}

function ofGroups(groups: readonly string[], { computeGroups, publicGroup }: WorkerOffer): Finding[] {
  if (groups.length === 0)
    return publicGroup === 'never'
      ? [
          note(
            'JOB_OF_OTHER_GROUP',
            'is of no Compute Group, and this Worker takes none of those',
            'leave out --leavePublicGroup',
          ),
        ]
      : [];
  if (groups.some((key) => computeGroups.includes(key))) return [];
  // Join keys are not secret, but whoever is not in a group need not see them.
  return [
    note(
      'JOB_OF_OTHER_GROUP',
      'is for a Compute Group that this Worker has not joined',
      'dcp-worker --join KEY',
    ),
  ];
}
