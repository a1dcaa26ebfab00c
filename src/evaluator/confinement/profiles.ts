import { InvalidArgumentError } from '../../model/index.js';
import { findDawn, namedDrivers, type GpuOptions } from '../gpu/index.js';

/**
 * What a process needs of the kernel besides what every evaluator needs; the calls of each are in
 * native/confinement/allowed_calls.cc.
 *
 * - `cpu`: nothing more. No file can be opened.
 * - `software-gpu`: a Vulkan driver that computes on the CPU. Files can be opened for reading.
 * - `nvidia`, `mesa`: drivers of hardware, and their device files.
 */
export const SECCOMP_PROFILES = ['cpu', 'software-gpu', 'nvidia', 'mesa'] as const;
export type SeccompProfile = (typeof SECCOMP_PROFILES)[number];

/** Profiles that are added to each other; null: no filter. */
export type SeccompSetting = readonly SeccompProfile[] | null;

/** `cpu`, `nvidia,mesa`, `off`. Throws `InvalidArgumentError` that names what is none. */
export function parseSeccomp(text: string): SeccompSetting {
  if (text === 'off') return null;
  return text.split(',').map((name) => {
    const profile = SECCOMP_PROFILES.find((known) => known === name);
    if (profile === undefined)
      throw new InvalidArgumentError('seccomp', `expected ${SECCOMP_PROFILES.join(', ')} or off, got ${name}`);
    return profile;
  });
}

export function seccompText(setting: SeccompSetting): string {
  return setting === null ? 'off' : setting.join(',');
}

/** What evaluators need that offer these GPUs, on this machine. */
export function profilesFor(gpu: GpuOptions | null): readonly SeccompProfile[] {
  if (gpu === null || typeof findDawn() === 'string') return ['cpu'];
  const profiles = new Set<SeccompProfile>();
  for (const { library, problem } of namedDrivers()) if (problem === null) profiles.add(profileOf(library));
  return profiles.size === 0 ? ['cpu'] : SECCOMP_PROFILES.filter((profile) => profiles.has(profile));
}

/** Of a Vulkan driver, by the name of its library. */
function profileOf(library: string): SeccompProfile {
  if (/swiftshader|lvp|lavapipe/i.test(library)) return 'software-gpu';
  return /nvidia|libGLX_nv/i.test(library) ? 'nvidia' : 'mesa';
}
