export const LAYERS = [
  'user-namespace',
  'mount-namespace',
  'network-namespace',
  'pid-namespace',
  'ipc-namespace',
  'rlimits',
  'cgroup',
  'oom-score',
  'parent-death',
  'no-new-privileges',
  'capabilities',
  'landlock',
  'descriptors',
  'seccomp',
] as const;
export type LayerName = (typeof LAYERS)[number];

export interface LayerState {
  readonly name: LayerName;
  readonly state: 'on' | 'off' | 'missing';
  /** One sentence when it is not on. */
  readonly why: string | null;
}

export type ConfinementMode = 'require' | 'best-effort' | 'off';
