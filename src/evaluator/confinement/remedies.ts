import { readFileSync } from 'node:fs';
import type { LayerName, LayerState } from './layers.js';

/** Settings of a kernel that keep ordinary users from making user namespaces, with the value at which they do. */
const SETTINGS = [
  ['kernel.unprivileged_userns_clone', '0', 'sysctl -w kernel.unprivileged_userns_clone=1'],
  [
    'kernel.apparmor_restrict_unprivileged_userns',
    '1',
    'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for dcp-confine that allows userns',
  ],
  ['user.max_user_namespaces', '0', 'sysctl -w user.max_user_namespaces=10000'],
] as const;

const OF_A_NAMESPACE = 'it needs the user namespace';

const REMEDIES: Partial<Record<LayerName, string>> = {
  'mount-namespace': OF_A_NAMESPACE,
  'network-namespace': OF_A_NAMESPACE,
  'pid-namespace': OF_A_NAMESPACE,
  'ipc-namespace': OF_A_NAMESPACE,
  'oom-score': '/proc must be writable',
  cgroup: 'a service with Delegate= and a subgroup for the Worker (docs/CONFINEMENT.md)',
  landlock: 'Linux 5.13 or newer, with landlock in lsm= of its command line',
  seccomp: 'Linux with CONFIG_SECCOMP_FILTER, and no service or container around it that refuses seccomp(2)',
};

/** What would bring a layer that is missing; null: nothing that is known. */
export function remedyOf({ name, state }: LayerState): string | null {
  if (state !== 'missing') return null;
  return name === 'user-namespace' ? remedyOfUserNamespace() : (REMEDIES[name] ?? null);
}

function remedyOfUserNamespace(): string {
  for (const [name, value, remedy] of SETTINGS) if (settingOf(name) === value) return remedy;
  return 'a container or service around it must allow namespaces: RestrictNamespaces=user mnt net pid ipc with systemd';
}

function settingOf(name: string): string | null {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
  } catch {
    return null;
  }
}
