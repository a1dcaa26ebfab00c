/** The options of `dcp-evaluator`: of the program itself, and of those that start it and pass words on. */
import { Command, CommanderError, Option, type OptionValues } from 'commander';
import { CONFINEMENT_MODES, type ClassicSettings, type ConfinementMode } from '../evaluator/index.js';
import { checkClassicOptions, type ClassicOptions } from './classic-evaluator.js';
import { gpuOptionsOf, withGpuOptions } from './gpu-options.js';
import type { ListenOptions } from './listen.js';
import { refuseOptionsAsValues } from './option-values.js';
import { UsageError, wholeNumber } from './program.js';

/** Where `--frames` finds the channel to the host. */
export const CHANNEL_FD = 3;

export function withEvaluatorOptions(program: Command): Command {
  return withGpuOptions(
    program
      .argument('[files...]', 'startup files, run in this order in every Sandbox before the first line')
      .option(
        '-p, --port <port>',
        'listen on this TCP port, 0 to 65535 (0: any that is free)',
        wholeNumber(0, 65_535),
      )
      .option(
        '--listen <address>',
        "with --port: the address to listen on; any: all of the machine's. Default: loopback",
      )
      .option('--socket <path>', 'listen on a UNIX socket of this name')
      .option(
        '-d, --debug-level <level>',
        'what goes to standard error, 0 to 7 as in syslog: 3 errors, 4 what ended connections, 6 connections',
        wholeNumber(0, 7),
        4,
      )
      .option(
        '--options <options>',
        'options of V8, as --max-old-space-size=2048; may be repeated',
        collect,
        [],
      )
      .option(
        '--spare <n>',
        'Sandboxes kept ready for connections to come, 0 to 1024; default: 2',
        wholeNumber(0, 1024),
      )
      .option(
        '--frames',
        `speak frames: with those who connect, or on descriptor ${CHANNEL_FD}, a UNIX stream socket`,
      )
      .option(
        '--connections <n>',
        'with --frames: connections at a time, 1 to 1024; more are refused; default: 64',
        wholeNumber(1, 1024),
      )
      .addOption(
        new Option(
          '--confinement <mode>',
          'what the operating system keeps the processes that run Jobs from: ' +
            'require: from everything, or it does not start; best-effort: from what this machine allows; off: from nothing',
        )
          .choices(CONFINEMENT_MODES)
          .default('best-effort'),
      )
      // How a listening one starts the process of a connection; the GPUs it has found.
      .addOption(new Option('--accepted <gpus>').hideHelp())
      // How a process of classic Sandboxes is started that is confined; as JSON.
      .addOption(new Option('--confined <setup>').hideHelp())
      // It has been said already what evaluators are confined by.
      .addOption(new Option('--confinement-told').hideHelp())
      .addOption(
        new Option(
          '--parent <pid>',
          'with startup files: end when this process does, which must have started it',
        ).argParser(wholeNumber(1, 2 ** 30)),
      )
      // Which calls of the kernel a process keeps that a Worker of ours starts.
      .addOption(new Option('--seccomp <profiles>').default('off').hideHelp())
      .addOption(new Option('--require-seccomp').hideHelp())
      .option(
        '--threads <n>',
        'Sandboxes that run at the same time, 1 to 1024; default: one per core',
        wholeNumber(1, 1024),
      )
      .option('--gpu-info', 'say which GPUs Jobs that require WebGPU get, and what is missing')
      .option('--json', 'with --gpu-info: as JSON'),
  );
}

/** What they mean with startup files. Throws `UsageError` for options that do not go with these. */
export function classicOptionsOf(files: readonly string[], options: OptionValues): ClassicOptions {
  for (const name of ['frames', 'gpuInfo'] as const)
    if (options[name] === true)
      throw new UsageError(
        `${name === 'frames' ? '--frames' : '--gpu-info'} and startup files: one or the other`,
      );
  return {
    files,
    ...listenOptionsOf(options),
    ...classicSettingsOf(options),
    confinement: options['confinement'] as ConfinementMode,
    parent: (options['parent'] as number | undefined) ?? null,
    isTold: options['confinementTold'] === true,
  };
}

export function classicSettingsOf(options: OptionValues): ClassicSettings {
  return {
    debugLevel: options['debugLevel'] as number,
    v8Options: options['options'] as readonly string[],
    threads: options['threads'] as number | undefined,
    spare: options['spare'] as number | undefined,
    gpu: gpuOptionsOf(options),
  };
}

export function listenOptionsOf(options: OptionValues): ListenOptions {
  return {
    port: options['port'] as number | undefined,
    listen: options['listen'] as string | undefined,
    socket: options['socket'] as string | undefined,
  };
}

/**
 * For whoever starts it with startup files: throws `UsageError` for words with which it would end at its start.
 * @param mayHelp it may be asked for its help, with which it ends, too
 */
export function checkClassicWords(words: readonly string[], mayHelp: boolean): void {
  const parser = withEvaluatorOptions(new Command('dcp-evaluator'))
    .helpOption(mayHelp ? '-h, --help' : false)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, outputError: () => undefined });
  refuseOptionsAsValues(parser);
  try {
    parser.parse(words, { from: 'user' });
    checkClassicOptions(classicOptionsOf(parser.args, parser.opts()));
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return;
    } else if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`for dcp-evaluator: ${error.message.replace(/^error: /, '')}`, { cause: error });
  }
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
