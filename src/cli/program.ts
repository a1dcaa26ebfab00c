import { createRequire } from 'node:module';
import { parseOriginRule } from '../model/index.js';
import { Command, CommanderError, InvalidArgumentError as InvalidOptionError } from 'commander';
import { leaveGoneTerminalsAtExit } from './gone-terminals.js';
import { refuseOptionsAsValues } from './option-values.js';

/** What every program's exit code means. */
export const ExitCode = {
  ok: 0,
  /** Something did not work out: a Slice failed, a Job was cancelled, the Scheduler cannot be used. */
  failure: 1,
  /** The command line, or the Job file, is wrong. */
  usage: 2,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

/** How long a program may take to end by itself once it has nothing to do, milliseconds. */
const LINGER_MS = 500;

/** A mistake in what the caller gave: exit code 2. */
export class UsageError extends Error {}

/**
 * What happens when whoever read standard output has gone, as `head` does. Null: what is left to say interests nobody, and
 * the program ends.
 */
let onReaderGone: (() => void) | null = null;
let otherErrors: 'throw' | 'exit' = 'exit';

/**
 * For a program that does more than to tell: `act` is called once, in place of the exit. Other errors of standard output
 * are thrown, for whoever listens for those that nobody caught, or exit as without this. Null: everything is as before.
 */
export function whenReaderGone(act: (() => void) | null, others: 'throw' | 'exit' = 'throw'): void {
  onReaderGone = act;
  otherErrors = act === null ? 'exit' : others;
}

/** A program of this package; `--version` says which. */
export function newProgram(name: string): Command {
  const program = new Command(name).option('-V, --version', 'output the version number');
  // Looked up when it is asked for: evaluators start often, and where they are confined they see few files.
  return program.on('option:version', () => {
    process.stdout.write(`${programVersion()}\n`);
    throw new CommanderError(0, 'commander.version', programVersion());
  });
}

/**
 * Parses the command line and runs the command it names. An error is one line, `<program>: <message>`; with `-v` its
 * stack follows. Sets the exit code; the process ends when nothing is left to do.
 */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  const every = [program, ...program.commands];
  for (const command of every) {
    command.exitOverride().configureOutput({
      outputError: (text, write) => write(`${program.name()}: ${text.replace(/^error: /, '')}`),
    });
    command.showHelpAfterError(`(${program.name()} --help tells more)`);
    refuseOptionsAsValues(command);
  }
  leaveGoneTerminalsAtExit();
  // What is left to say there interests nobody either, and what the program does for others goes on.
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // EIO: a terminal that is gone.
    const isReaderGone = error.code === 'EPIPE' || error.code === 'EIO';
    if (!isReaderGone && otherErrors === 'throw') throw error;
    if (isReaderGone && onReaderGone !== null) {
      const act = onReaderGone;
      onReaderGone = () => {};
      act();
      return;
    }
    if (isReaderGone) process.exit(ExitCode.ok);
    // A file on a disk that is full: what is in it is not all.
    process.stderr.write(`${program.name()}: standard output cannot be written: ${error.message}\n`);
    process.exit(ExitCode.failure);
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
      return;
    }
    process.exitCode = isUsageError(error) ? ExitCode.usage : ExitCode.failure;
    reportError(program.name(), error, argv.includes('-v') || argv.includes('--verbose'));
  } finally {
    // All is done. What can still keep the process is an evaluator thread that is stuck in a builtin.
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
}

function reportError(program: string, error: unknown, verbose: boolean): void {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(message.replace(/^/gm, `${program}: `) + '\n');
  for (let shown = error; verbose && shown instanceof Error; shown = shown.cause)
    process.stderr.write(`${shown === error ? '' : 'caused by '}${shown.stack ?? ''}\n`);
}

function isUsageError(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'EINVAL' || code === 'ECONFIG' || code === 'EENCODING' || code === 'EMODULE';
}

/** Of the package that the program comes with. */
export function programVersion(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  return version;
}

/** Parser of an option that is a whole number in a range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidOptionError(`expected a whole number from ${least} to ${most}.`);
  };
}

/** Parser of an option that takes origins, separated by commas, and may be given more than once. */
export function origins(text: string, before: readonly string[] = []): readonly string[] {
  const entries = text.split(',').map((entry) => entry.trim());
  try {
    for (const entry of entries) parseOriginRule('', entry);
  } catch (error) {
    throw new InvalidOptionError(`${(error as Error).message.replace(/^: /, '')}.`);
  }
  return [...before, ...entries];
}

/** A directory as a person would type it for a shell. */
export function quoted(directory: string): string {
  return /^[\w@%+=:,./~-]+$/.test(directory) ? directory : `'${directory.replaceAll("'", `'\\''`)}'`;
}
