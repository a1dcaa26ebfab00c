/** The options of `dcp-evaluator-manager` that say what is watched, and what they mean to the library. */
import {
  InvalidArgumentError as InvalidOptionError,
  Option,
  type Command,
  type OptionValues,
} from 'commander';
import { InvalidArgumentError, knownName } from '../../model/index.js';
import { UsageError } from '../program.js';
import {
  completeManagerOptions,
  LOAD_TYPES,
  MONITOR_NAMES,
  SIGNAL_MODES,
  watchedSignal,
  type CompleteManagerOptions,
  type ManagerOptions,
  type MonitorName,
} from '../../manager/index.js';

/** What watches unless told otherwise. The others need a figure to go by. */
const WATCHED: readonly MonitorName[] = ['pts', 'screensaver', 'logind', 'signal', 'battery'];
/** A name of the published program for what here is more than one. */
const ALSO: Readonly<Partial<Record<MonitorName, readonly MonitorName[]>>> = { session: ['pts'] };
/** Those that need to be told what to look at. */
const NEED_MORE: Readonly<Partial<Record<MonitorName, string>>> = {
  program: '--exclusive',
  schedule: '--hours',
};

/** Which option a field comes from, where its values are checked by the library alone. */
const OPTION_OF: Readonly<Record<string, string>> = {
  'monitors.program.names': '--exclusive',
  'monitors.schedule.allow': '--hours',
};

type Settings = Record<string, unknown>;

export function withManagerOptions(program: Command): Command {
  return program
    .option('-a', 'always run evaluators: no monitor counts but --max-load')
    .option(
      '-d, --disable-monitor <name,...>',
      `watch without it: ${MONITOR_NAMES.join(', ')}; session is pts, too; may be repeated`,
      collect,
    )
    .option(
      '-m, --monitor <name,...>',
      'watch with it, too, with the figures in docs/MANAGER.md; may be repeated',
      collect,
    )
    .option(
      '-i <seconds>',
      'how long nobody must have typed at terminals, 1 to 86400; default: 30',
      number(1, 86_400),
    )
    .option('--pts <dir>', "where the system's pseudo terminals are; default: /dev/pts")
    .option(
      '-r, --rate <seconds>',
      'least time between two evaluators that are started, 0 to 86400; default: 0',
      number(0, 86_400),
    )
    .option(
      '-l, --max-load <load>',
      'no evaluators are started above this load average, 0 to 100000; default: any load',
      number(0, 100_000),
    )
    .addOption(
      new Option(
        '-T, --loadavg-type <type>',
        `which load: ${LOAD_TYPES.join(', ')}: of 1, 5, 15 minutes, or made up, 0 to 1`,
      )
        .argParser((text) => choice(text === 'med' ? 'medium' : text, LOAD_TYPES))
        .default('short'),
    )
    .option(
      '-L',
      '--max-load and --rate count only while the machine is busy, and nothing else stops evaluators',
    )
    .option(
      '-s, --signal <name,mode>',
      'which signal stops evaluators, and how: toggle: until the next one; quick: those that run; ' +
        'SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGPWR, or a number; default: SIGPWR,toggle',
    )
    .option(
      '--max-foreign-cpu <percent>',
      'of all cores, that other programs may use, 0 to 100; default: any',
      number(0, 100),
    )
    .option(
      '--max-pressure <resource=percent,...>',
      'of the time, in which tasks may wait for cpu, memory, io, 1 to 100 each; default: any',
    )
    .option(
      '--min-memory <percent>',
      'of the memory, that must be available, 0 to 100; default: any',
      number(0, 100),
    )
    .option('--on-battery', 'run evaluators on battery, too')
    .option('--min-battery <percent>', 'least charge, on mains, too, 0 to 100; default: 0', number(0, 100))
    .option(
      '--max-temperature <celsius>',
      'of the hottest chip that computes, 20 to 120; default: any',
      number(20, 120),
    )
    .option(
      '--exclusive <program,...>',
      'no evaluators while one of these runs, names or paths of files; may be repeated',
      collect,
    )
    .option(
      '--hours <when>',
      'run evaluators only then, local time: "mon-fri 22:00-06:00", "sat,sun"; may be repeated',
      append,
    )
    .addOption(
      new Option(
        '--stop <how>',
        'what becomes of evaluators that run: kill: they are ended; freeze: they stand still, and are ended later',
      )
        .choices(['kill', 'freeze'])
        .default('kill'),
    )
    .option(
      '--freeze-for <seconds>',
      'how long frozen evaluators are kept, 0 to 86400; default: 60',
      number(0, 86_400),
    )
    .option('--after <monitor=seconds,...>', 'how long something must last before it counts, 0 to 86400')
    .option(
      '--gone-for <monitor=seconds,...>',
      'how long it must be gone before evaluators may run, 0 to 86400',
    );
}

/** Throws UsageError, or InvalidArgumentError, that names the option. */
export function managerOptionsOf(options: OptionValues): CompleteManagerOptions {
  const disabled = disabledBy(options);
  const monitors: Partial<Record<MonitorName, Settings | false>> = {};
  const give = (name: MonitorName, settings: Settings): void => {
    const known = Object.entries(settings).filter(([, value]) => value !== undefined);
    if (known.length > 0 && !disabled.has(name)) monitors[name] = Object.fromEntries(known);
  };
  for (const name of addedBy(options)) monitors[name] = {};
  give('pts', { directory: options['pts'], idleS: options['i'] });
  if (options['maxLoad'] !== undefined)
    give('load', { max: options['maxLoad'], type: options['loadavgType'] });
  if (options['signal'] !== undefined) give('signal', signalOf(options['signal'] as string));
  give('foreign-cpu', { maxPercent: options['maxForeignCpu'] });
  if (options['maxPressure'] !== undefined) give('pressure', pressureOf(options['maxPressure'] as string));
  give('memory', { minPercent: options['minMemory'] });
  give('battery', { allowed: options['onBattery'], minPercent: options['minBattery'] });
  give('temperature', { max: options['maxTemperature'] });
  give('program', { names: options['exclusive'] });
  give('schedule', { allow: options['hours'] });
  for (const name of disabled) monitors[name] = false;
  timesOf('--after', 'afterMs', options['after'], monitors);
  timesOf('--gone-for', 'goneForMs', options['goneFor'], monitors);
  const freezeFor = options['freezeFor'] as number | undefined;
  return complete({
    stop: options['stop'] as 'kill' | 'freeze',
    ...(freezeFor !== undefined && { freezeForMs: freezeFor * 1000 }),
    onlyLimits: options['L'] === true,
    monitors,
  });
}

function complete(options: ManagerOptions): CompleteManagerOptions {
  try {
    return completeManagerOptions(options, WATCHED);
  } catch (error) {
    const option = error instanceof InvalidArgumentError ? OPTION_OF[error.field] : undefined;
    if (option === undefined) throw error;
    throw new UsageError((error as Error).message.replace((error as InvalidArgumentError).field, option));
  }
}

function disabledBy(options: OptionValues): ReadonlySet<MonitorName> {
  const given = ((options['disableMonitor'] as readonly string[] | undefined) ?? []).flatMap((text) => {
    const name = knownName('--disable-monitor', text, MONITOR_NAMES);
    return [name, ...(ALSO[name] ?? [])];
  });
  return new Set(options['a'] === true ? MONITOR_NAMES.filter((name) => name !== 'load') : given);
}

function addedBy(options: OptionValues): readonly MonitorName[] {
  return ((options['monitor'] as readonly string[] | undefined) ?? []).map((text) => {
    const name = knownName('--monitor', text, MONITOR_NAMES);
    const option = NEED_MORE[name];
    if (option !== undefined) throw new UsageError(`--monitor: ${name} watches when ${option} says what for`);
    return name;
  });
}

function signalOf(text: string): Settings {
  const [name = '', mode = ''] = text.split(',');
  return {
    ...(name !== '' && { signal: watchedSignal('--signal', name) }),
    ...(mode !== '' && { mode: knownName('--signal', mode, SIGNAL_MODES) }),
  };
}

function pressureOf(text: string): Settings {
  const pairs = pairsIn('--max-pressure', text, 1, 100).map(
    ([name, percent]) => [knownName('--max-pressure', name, ['cpu', 'memory', 'io']), percent] as const,
  );
  return { memory: null, ...Object.fromEntries(pairs) };
}

/** Puts seconds of an option into the settings of monitors that watch. */
function timesOf(
  option: string,
  key: 'afterMs' | 'goneForMs',
  text: unknown,
  monitors: Partial<Record<MonitorName, Settings | false>>,
): void {
  if (typeof text !== 'string') return;
  for (const [given, seconds] of pairsIn(option, text, 0, 86_400)) {
    const name = knownName(option, given, MONITOR_NAMES);
    const settings = monitors[name] ?? (WATCHED.includes(name) ? {} : undefined);
    if (settings === undefined || settings === false)
      throw new UsageError(`${option}: the monitor ${name} does not watch; an option of its own lets it`);
    monitors[name] = { ...settings, [key]: seconds * 1000 };
  }
}

function pairsIn(option: string, text: string, least: number, most: number): (readonly [string, number])[] {
  return text.split(',').map((pair) => {
    const [name = '', value = ''] = pair.split('=').map((word) => word.trim());
    const seconds = Number(value);
    if (value === '' || !(seconds >= least && seconds <= most))
      throw new UsageError(
        `${option}: expected NAME=NUMBER, the number from ${least} to ${most}; got "${pair}"`,
      );
    return [name, seconds] as const;
  });
}

function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidOptionError(`expected a number from ${least} to ${most}.`);
  };
}

function choice<Name extends string>(text: string, known: readonly Name[]): Name {
  const found = known.find((name) => name === text);
  if (found !== undefined) return found;
  throw new InvalidOptionError(`expected one of ${known.join(', ')}.`);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').map((word) => word.trim())];
}

function append(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
