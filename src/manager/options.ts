import { Fields } from './fields.js';
import { kindOf } from './kinds.js';
import { MONITOR_NAMES, type MonitorName, type Target } from './monitor.js';
import { STOPS, type Stop } from './monitor-kind.js';

/**
 * What is watched, and what becomes of findings. Times are milliseconds.
 *
 * A monitor is `true`: watched as it is by default; `false`: not watched; or its settings, as its file in `monitors/` names
 * them, beside `target`, `stop`, `freezeForMs`, `afterMs` and `goneForMs` (`Rule`). A list of settings watches several times: a
 * program that wants a GPU, and another one that wants all.
 */
export interface ManagerOptions {
  /** What findings do, where neither the monitor nor its settings say otherwise. Default `kill`. */
  readonly stop?: 'freeze' | 'kill';
  /** How long frozen evaluators are kept before they are ended, 0 to a day. Default 60,000. */
  readonly freezeForMs?: number;
  /** What holds new work back (load) counts only while something else is found, which by itself stops nothing then. Default false. */
  readonly onlyLimits?: boolean;
  /** In place of `/`, for files of the kernel's: for tests. */
  readonly root?: string;
  readonly monitors?: Readonly<Partial<Record<MonitorName, boolean | object | readonly object[]>>>;
}

/** One monitor with its settings, and what its findings do. */
export interface Rule {
  readonly monitor: MonitorName;
  readonly settings: unknown;
  /** What is stopped. Default `all`. */
  readonly target: Target;
  readonly stop: Stop;
  /** How long what it froze is kept before it is ended. */
  readonly freezeForMs: number;
  /** How long a finding must last before it counts. */
  readonly afterMs: number;
  /** How long it must be gone before it ends. */
  readonly goneForMs: number;
}

export interface CompleteManagerOptions {
  readonly onlyLimits: boolean;
  readonly root: string;
  readonly rules: readonly Rule[];
}

const DAY_MS = 86_400_000;
const DEFAULT_FREEZE_MS = 60_000;

/**
 * Fills in defaults. `watched` are the monitors that watch unless told otherwise. Throws InvalidArgumentError that names the field, as
 * `monitors.load.max`, and for a name that is not known the nearest.
 */
export function completeManagerOptions(
  options: ManagerOptions,
  watched: readonly MonitorName[] = [],
): CompleteManagerOptions {
  const fields = new Fields('', options);
  const common = {
    stop: fields.choice('stop', ['freeze', 'kill'] as const, 'kill'),
    freezeForMs: fields.number('freezeForMs', 0, DAY_MS, 'milliseconds', DEFAULT_FREEZE_MS),
  };
  const onlyLimits = fields.flag('onlyLimits', false);
  const root = fields.text('root', '/');
  const monitors = new Fields('monitors', fields.get('monitors'));
  fields.end();
  const rules = MONITOR_NAMES.flatMap((name) => {
    const given = monitors.get(name) ?? watched.includes(name);
    if (given === false) return [];
    const each: readonly unknown[] = Array.isArray(given) ? given : [given];
    return each.map((settings, i) => {
      const path = Array.isArray(given) ? `monitors.${name}[${i}]` : `monitors.${name}`;
      return ruleOf(name, new Fields(path, settings === true ? {} : settings), common);
    });
  });
  monitors.end();
  return { onlyLimits, root, rules };
}

function ruleOf(
  monitor: MonitorName,
  fields: Fields,
  common: { readonly stop: Stop; readonly freezeForMs: number },
): Rule {
  const kind = kindOf(monitor);
  const { policy } = kind;
  const rule = {
    monitor,
    settings: kind.complete(fields),
    target: targetIn(fields),
    stop: fields.choice('stop', STOPS, policy.stop ?? common.stop),
    freezeForMs: fields.number('freezeForMs', 0, DAY_MS, 'milliseconds', common.freezeForMs),
    afterMs: fields.number('afterMs', 0, DAY_MS, 'milliseconds', policy.afterMs),
    goneForMs: fields.number('goneForMs', 0, DAY_MS, 'milliseconds', policy.goneForMs),
  };
  fields.end();
  return rule;
}

function targetIn(fields: Fields): Target {
  const target = fields.text('target', 'all');
  if (target === 'all' || target === 'cpu' || target === 'gpu') return target;
  if (/^gpu:\d{1,3}$/.test(target)) return target as Target;
  throw fields.error('target', `expected all, cpu, gpu or gpu:NUMBER, got "${target}"`);
}
