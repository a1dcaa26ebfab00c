/** What programs that run for minutes are told by their command line, most of them with numbers from a seed. */
import { parseArgs } from 'node:util';

export interface LongRun {
  readonly minutes: number;
  readonly seed: number;
  /** Of what may happen; empty: everything. */
  readonly only: ReadonlySet<string>;
  /** Results are to be damaged, to see that it fails then. */
  readonly damage: boolean;
}

export interface LongRunProgram {
  /** The script of package.json that runs it. */
  readonly script: string;
  /** In one line, what it does. */
  readonly about: string;
  /** How long it lasts when nobody says. */
  readonly minutes: number;
  /** What may happen in it, by name: it has `--only` and `--damage` then. */
  readonly happenings?: readonly string[];
}

/** What the programs of the package exit with then, too. */
const USAGE = 2;

/** What is wrong with the command line. */
class OptionError extends Error {}

/** Reads the command line. Prints the help, or what is wrong with an option, and ends the process. */
export function longRun(program: LongRunProgram): LongRun {
  return orUsage(program.script, () => read(program));
}

/** What `read` makes of the command line; where an option is wrong, what is, and the end of the process. */
export function orUsage<Options>(script: string, read: () => Options): Options {
  try {
    return read();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!(error instanceof OptionError) && code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    process.stderr.write(`${script}: ${message}\n`);
    process.exit(USAGE);
  }
}

function read(program: LongRunProgram): LongRun {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: String(program.minutes) },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      only: { type: 'string', default: '' },
      damage: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { minutes, seed, only, damage } = values;
  if (values.help) {
    process.stdout.write(help(program));
    process.exit(0);
  }
  const { happenings } = program;
  if (happenings === undefined && (only !== '' || damage))
    throw new OptionError('there is no --only and no --damage: nothing happens in it that has a name');
  const names = only.split(',').filter(Boolean);
  for (const name of names)
    if (!happenings!.includes(name))
      throw new OptionError(`--only: "${name}" is none of ${happenings!.join(', ')}`);
  return {
    minutes: numberOf('minutes', minutes, 'a number above 0', (value) => value > 0 && value < Infinity),
    seed: numberOf(
      'seed',
      seed,
      'a whole number from 0',
      (value) => value >= 0 && Number.isSafeInteger(value),
    ),
    only: new Set(names),
    damage,
  };
}

/** Throws what `orUsage` tells, with the option's name and its value. */
export function numberOf(
  option: string,
  text: string,
  expected: string,
  isRight: (value: number) => boolean,
): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!isRight(value)) throw new OptionError(`--${option}: "${text}" is not ${expected}`);
  return value;
}

function help({ script, about, minutes, happenings }: LongRunProgram): string {
  const rows = [
    ['--minutes N', `how long it lasts; default ${minutes}`],
    ['--seed N', 'where random numbers come from, a whole number; default: another each time'],
  ];
  if (happenings !== undefined)
    rows.push(
      ['--only NAME,…', 'nothing else happens'],
      ['--damage', 'damages some results: it must fail then'],
    );
  const named = happenings?.map((name) => `  ${name}`);
  return helpText(script, about, rows) + (named ? `\nWhat may happen:\n${named.join('\n')}\n` : '');
}

/** @param options each with what it does */
export function helpText(script: string, about: string, options: readonly (readonly string[])[]): string {
  const lines = options.map(([option, what]) => `  ${option!.padEnd(14)} ${what}`);
  return `npm run ${script} [-- OPTION…]\n\n${about}\n\n${lines.join('\n')}\n`;
}
