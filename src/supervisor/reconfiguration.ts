import { InvalidArgumentError, offersOrigins } from '../model/index.js';
import type { JobDesk } from './job-desk.js';
import { completeOptions, type CompleteSupervisorOptions, type SupervisorOptions } from './options.js';

/** The options that may change while a Supervisor runs. */
const CHANGEABLE = [
  'sandboxes',
  'spareSandboxes',
  'computeGroups',
  'leavePublicGroup',
  'publicGroupFallback',
  'jobIds',
  'allowedOrigins',
  'targetMs',
  'maxSandboxUse',
  'freezeLeaseMs',
] as const;

/** What changes; the rest stays as it is. */
export interface SupervisorChange extends Pick<SupervisorOptions, (typeof CHANGEABLE)[number]> {
  /** As `gpu.sandboxes`; 0: nothing that requires WebGPU for now. More than 0 needs `gpu` from the start. */
  gpuSandboxes?: number;
}

/** The options with a change. Throws `InvalidArgumentError` for a value out of range, or an option that cannot change. */
export function withChange(
  given: SupervisorOptions,
  change: SupervisorChange,
): { readonly given: SupervisorOptions; readonly complete: CompleteSupervisorOptions } {
  const { gpuSandboxes, ...rest } = change;
  for (const name of Object.keys(rest))
    if (!(CHANGEABLE as readonly string[]).includes(name))
      throw new InvalidArgumentError(
        name,
        `cannot change while it runs; what can: ${[...CHANGEABLE, 'gpuSandboxes'].join(', ')}`,
      );
  const changed = { ...given };
  for (const name of CHANGEABLE)
    if (change[name] !== undefined) Object.assign(changed, { [name]: change[name] });
  if (gpuSandboxes !== undefined) {
    if (given.gpu) changed.gpu = { ...given.gpu, sandboxes: gpuSandboxes };
    else if (gpuSandboxes !== 0)
      throw new InvalidArgumentError(
        'gpuSandboxes',
        `expected 0, as there were no adapters when it started, got ${String(gpuSandboxes)}`,
      );
  }
  const complete = completeOptions(changed);
  return { given: changed, complete };
}

/** Whether a Worker with these options is given Slices of the Job. */
export function isWelcome(desk: JobDesk, options: CompleteSupervisorOptions): boolean {
  const { jobIds, computeGroups, publicGroup, allowedOrigins, gpu } = options;
  const { fetch = false } = desk.job.requirements.environment ?? {};
  if (jobIds !== null && !jobIds.includes(desk.id)) return false;
  if (desk.usesGpu && (gpu?.sandboxes ?? 0) === 0) return false;
  if (fetch !== false && !offersOrigins(allowedOrigins, fetch)) return false;
  return desk.computeGroups.length === 0
    ? publicGroup !== 'leave'
    : desk.computeGroups.some((key) => computeGroups.includes(key));
}
