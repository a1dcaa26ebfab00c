import { InvalidArgumentError } from '../../model/index.js';
import type { ProfileName } from './profile-name.js';

/**
 * What an evaluator process keeps of the kernel's calls once it runs Jobs: profiles, which are added to each other; null: all of
 * them. The calls of each are in native/confinement/allowed_calls.cc.
 *
 * - `cpu`: what every evaluator needs. No file can be opened.
 * - `software-gpu`: a Vulkan driver that computes on the CPU. Files can be opened for reading.
 * - `nvidia`, `mesa`: drivers of hardware, and their device files.
 * - `connections`: connections of a classic evaluator that listens are handed over by the process that accepts them, and threads
 *   that are stuck are replaced, whose code is read from files. (One profile, for who needs the one needs the other: allowed_calls.h.)
 */
export type SeccompSetting = readonly CallProfile[] | null;
export type CallProfile = ProfileName | 'connections';

const PROFILES: readonly CallProfile[] = ['cpu', 'software-gpu', 'nvidia', 'mesa', 'connections'];

/** `cpu`, `nvidia,mesa`, `off`. Throws `InvalidArgumentError` that names what is none. */
export function parseSeccomp(text: string): SeccompSetting {
  if (text === 'off') return null;
  return text.split(',').map((name) => {
    const profile = PROFILES.find((known) => known === name);
    if (profile === undefined)
      throw new InvalidArgumentError('seccomp', `expected ${PROFILES.join(', ')} or off, got ${name}`);
    return profile;
  });
}

export function seccompText(setting: SeccompSetting): string {
  return setting === null ? 'off' : setting.join(',');
}
