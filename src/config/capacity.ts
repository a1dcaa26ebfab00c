import type { ConfigValues } from './schema.js';

export type ProfileName = keyof ConfigValues['worker']['profiles'];

/** How much of the machine the Worker uses, as configured: null is what the Worker finds right. */
export interface Capacity {
  readonly cores: { readonly cpu: number | null; readonly gpu: number | null };
  readonly utilization: { readonly cpu: number; readonly gpu: number };
  readonly maxSandboxes: number | null;
}

/**
 * The capacity that a profile leaves; `profile` null: that of no profile. Default: the one that is configured. `auto` begins as
 * nobody uses the machine.
 */
export function capacityOf(
  { worker }: ConfigValues,
  profile: ProfileName | 'auto' | null = worker.profile,
): Capacity {
  const over = profile === null ? null : worker.profiles[profile === 'auto' ? 'idle' : profile];
  return {
    cores: { cpu: over?.cores.cpu ?? worker.cores.cpu, gpu: over?.cores.gpu ?? worker.cores.gpu },
    utilization: {
      cpu: over?.utilization.cpu ?? worker.utilization.cpu,
      gpu: over?.utilization.gpu ?? worker.utilization.gpu,
    },
    maxSandboxes: over?.maxSandboxes ?? worker.maxSandboxes,
  };
}

/** When Jobs that are in no Compute Group are taken: `always`, `never`, or when the groups have none. */
export type PublicGroup = 'always' | 'never' | 'fallback';

/** `leavePublicGroup` is stronger than `publicGroupFallback`, and its value "fallback" the same as the latter. */
export function publicGroupOf({ worker }: ConfigValues): PublicGroup {
  if (worker.leavePublicGroup === true) return 'never';
  return worker.leavePublicGroup === 'fallback' || worker.publicGroupFallback ? 'fallback' : 'always';
}
