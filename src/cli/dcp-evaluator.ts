#!/usr/bin/env node
import { Command, Option, type OptionValues } from 'commander';
import {
  CONFINEMENT_MODES,
  parseSeccomp,
  probeGpu,
  serveFrames,
  type ClassicSettings,
  type ConfinedSetup,
  type ConfinementMode,
  type FoundGpus,
  type GpuOptions,
  type SeccompSetting,
} from '../evaluator/index.js';
import { runClassicEvaluator, runConfinedEvaluator } from './classic-evaluator.js';
import { runFrameEvaluator } from './frame-evaluator.js';
import { gpuInfoText } from './gpu-info.js';
import { gpuOptionsOf, withGpuOptions } from './gpu-options.js';
import { addressesOf, type ListenOptions } from './listen.js';
import { ExitCode, runProgram, UsageError, wholeNumber } from './program.js';

/** Where `--frames` finds the channel to the host. */
const CHANNEL_FD = 3;

const HELP = `
With startup files it speaks the protocol of existing DCP Workers, lines of text: with --port or --socket each connection
gets a Sandbox of its own, else there is one on standard input and output. (A service manager may hand over listening
sockets as systemd does.) The process that Sandboxes are in is confined: with a port it is not the one that listens. dcp-evaluator-start finds the startup files of an installed dcp-client and passes them.

With --frames and --port or --socket it is a standing evaluator for dcp-worker --evaluator: each connection gets a process
of its own, which ends with it. Whoever can connect runs code here, and nobody is asked who they are: it listens on
loopback unless --listen says otherwise. It may be ended at any moment, by SIGKILL, too: Workers wait until it is back.

With --frames alone a Worker of ours has started it and speaks frames with it on descriptor ${CHANNEL_FD}. It ends when the other
side closes that descriptor; SIGINT, SIGTERM and SIGHUP, which a terminal or a service manager sends to all processes of a
Worker, are left to the Worker.

With --gpu-info it looks for Dawn, Vulkan and adapters, says what it found and what to do about what is missing.

Exit codes:
  0    the other side has closed, or SIGTERM came; --gpu-info: Jobs can have WebGPU here
  1    it cannot listen there, the Sandbox on standard input failed, no thread is left that runs
       it, or what came were no frames;
       --gpu-info: Jobs cannot have WebGPU here
  2    the command line is wrong, or nobody is on the other side
  130  SIGINT came while it listened`;

const program = new Command('dcp-evaluator')
  .description('Runs untrusted JavaScript and WebAssembly in Sandboxes, for a Worker in another process.')
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
  .option('--options <options>', 'options of V8, as --max-old-space-size=2048; may be repeated', collect, [])
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
  .option('--json', 'with --gpu-info: as JSON')
  .addHelpText('after', HELP)
  .action(runEvaluator);

withGpuOptions(program);

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function seccompOf(value: string): SeccompSetting {
  try {
    return parseSeccomp(value);
  } catch (error) {
    throw new UsageError(`--seccomp: ${(error as Error).message}`);
  }
}

async function runEvaluator(files: readonly string[], options: OptionValues): Promise<void> {
  const gpu = gpuOptionsOf(options);
  if (options['gpuInfo'] === true) {
    if (gpu === null) throw new UsageError('--gpu-info and --no-gpu: one or the other');
    if (files.length > 0) throw new UsageError('--gpu-info and startup files: one or the other');
    const report = await probeGpu(gpu);
    process.stdout.write(options['json'] === true ? `${JSON.stringify(report)}\n` : gpuInfoText(report));
    if (report.adapters.length === 0) process.exitCode = ExitCode.failure;
    return;
  }
  if (files.length > 0) {
    if (options['frames'] === true) throw new UsageError('--frames and startup files: one or the other');
    return runClassicEvaluator({
      files,
      ...listenOptionsOf(options),
      ...classicSettingsOf(options, gpu),
      confinement: options['confinement'] as ConfinementMode,
      parent: (options['parent'] as number | undefined) ?? null,
      isTold: options['confinementTold'] === true,
    });
  }
  if (options['confined'] !== undefined)
    return runConfinedEvaluator(
      JSON.parse(options['confined'] as string) as ConfinedSetup,
      classicSettingsOf(options, gpu),
    );
  if (options['frames'] !== true) {
    throw new UsageError(
      'nothing says how to be spoken to; there are startup files, --frames and --gpu-info',
    );
  }
  if ((options['options'] as readonly string[]).length > 0)
    throw new UsageError(
      '--options: only with startup files; Workers say the limits of Sandboxes that speak frames',
    );
  const threads = options['threads'] as number | undefined;
  const where = listenOptionsOf(options);
  const accepted = options['accepted'] as string | undefined;
  const addresses = accepted === undefined ? addressesOf(where) : [];
  if (addresses.length === 0)
    return serveFrames(CHANNEL_FD, {
      threads,
      gpu,
      seccomp: seccompOf(options['seccomp'] as string),
      requireSeccomp: options['requireSeccomp'] === true,
      ...(accepted !== undefined && { parent: process.stdin, found: JSON.parse(accepted) as FoundGpus }),
    });
  await runFrameEvaluator(addresses, {
    ...where,
    threads,
    gpu,
    connections: options['connections'] as number | undefined,
    confinement: options['confinement'] as ConfinementMode,
    debugLevel: options['debugLevel'] as number,
  });
}

function classicSettingsOf(options: OptionValues, gpu: GpuOptions | null): ClassicSettings {
  return {
    debugLevel: options['debugLevel'] as number,
    v8Options: options['options'] as readonly string[],
    threads: options['threads'] as number | undefined,
    spare: options['spare'] as number | undefined,
    gpu,
  };
}

function listenOptionsOf(options: OptionValues): ListenOptions {
  return {
    port: options['port'] as number | undefined,
    listen: options['listen'] as string | undefined,
    socket: options['socket'] as string | undefined,
  };
}

await runProgram(program, process.argv);
