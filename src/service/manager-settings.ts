import type { ConfigValues } from '../config/index.js';
import { checkMachineWatch, type CheckedWatch, type MachineWatchOptions } from '../worker/index.js';

type Monitors = NonNullable<MachineWatchOptions['gating']['monitors']>;
type ManagerValues = ConfigValues['worker']['manager'];

/**
 * What `worker.manager` says to watch. With the profile `auto`, what tells of somebody at the machine changes the profile instead of stopping
 * work. Throws `InvalidArgumentError`, naming the key.
 */
export function machineWatchOf({ worker: { manager } }: ConfigValues, isAuto: boolean): CheckedWatch {
  const common = { stop: manager.stop, freezeForMs: freezeMsOf(manager) };
  const presence = Object.fromEntries(
    manager.presence.map((name): [string, object] => [
      name,
      name === 'pts' ? { idleS: manager.presenceIdle } : {},
    ]),
  ) as Monitors;
  const machine = machineMonitors(manager);
  const resuming = (monitors: Monitors): Monitors => withResumption(monitors, manager.resumeAfter);
  return checkMachineWatch('worker.manager', {
    gating: { ...common, monitors: resuming(isAuto ? machine : { ...machine, ...presence }) },
    presence: isAuto ? { ...common, monitors: resuming(presence) } : null,
  });
}

export function freezeMsOf({ freezeMinutes }: ManagerValues): number {
  return freezeMinutes * 60_000;
}

/** @param resumeAfter seconds; null: as each monitor has it */
function withResumption(monitors: Monitors, resumeAfter: number | null): Monitors {
  if (resumeAfter === null) return monitors;
  const goneForMs = resumeAfter * 1000;
  const each = (rule: object): object => ({ ...rule, goneForMs });
  return Object.fromEntries(
    Object.entries(monitors).map(([name, rules]): [string, object] => [
      name,
      Array.isArray(rules) ? rules.map((rule: object) => each(rule)) : each(rules as object),
    ]),
  );
}

/** What nobody said is not watched. */
function machineMonitors(manager: ManagerValues): Monitors {
  const { maxLoad, maxForeignCpu, minMemory, maxTemperature, battery, pressure } = manager;
  const { cpu, memory, io } = pressure;
  return {
    ...(maxLoad !== null && { load: { max: maxLoad } }),
    ...(maxForeignCpu !== null && { 'foreign-cpu': { maxPercent: maxForeignCpu } }),
    ...(minMemory !== null && { memory: { minPercent: minMemory } }),
    ...(maxTemperature !== null && { temperature: { max: maxTemperature } }),
    ...((battery.pause || battery.minPercent !== null) && {
      battery: { allowed: !battery.pause, minPercent: battery.minPercent ?? 0 },
    }),
    ...((cpu ?? memory ?? io) !== null && { pressure: { cpu, memory, io } }),
    ...(manager.allowedHours.length > 0 && { schedule: { allow: manager.allowedHours } }),
    ...programs(manager),
  };
}

function programs({ programs: all, gpuPrograms }: ManagerValues): Monitors {
  const rules = [
    ...(all.length === 0 ? [] : [{ names: all }]),
    ...Object.entries(gpuPrograms)
      .filter(([, names]) => names.length > 0)
      .map(([gpu, names]) => ({ names, target: gpu === 'all' ? 'gpu' : `gpu:${gpu}` })),
  ];
  return rules.length === 0 ? {} : { program: rules };
}
