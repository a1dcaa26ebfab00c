/** The layers that an evaluator process is confined by. docs/CONFINEMENT.md says what each of them does. */
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

/**
 * - `require`: no evaluator without every layer that was asked for.
 * - `best-effort`: with those that the machine allows.
 * - `off`: with none.
 */
export type ConfinementMode = 'require' | 'best-effort' | 'off';
