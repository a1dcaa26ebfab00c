#!/usr/bin/env node
import type { OptionValues } from 'commander';
import {
  parseSeccomp,
  probeGpu,
  serveFrames,
  type ConfinedSetup,
  type ConfinementMode,
  type FoundGpus,
  type SeccompSetting,
} from '../evaluator/index.js';
import { runClassicEvaluator, runConfinedEvaluator } from './classic-evaluator.js';
import {
  CHANNEL_FD,
  classicOptionsOf,
  classicSettingsOf,
  listenOptionsOf,
  withEvaluatorOptions,
} from './evaluator-options.js';
import { runFrameEvaluator } from './frame-evaluator.js';
import { gpuInfoText } from './gpu-info.js';
import { gpuOptionsOf } from './gpu-options.js';
import { addressesOf } from './listen.js';
import { ExitCode, newProgram, runProgram, UsageError } from './program.js';

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

const program = withEvaluatorOptions(
  newProgram('dcp-evaluator').description(
    'Runs untrusted JavaScript and WebAssembly in Sandboxes, for a Worker in another process.',
  ),
)
  .addHelpText('after', HELP)
  .action(runEvaluator);

function seccompOf(value: string): SeccompSetting {
  try {
    return parseSeccomp(value);
  } catch (error) {
    throw new UsageError(`--seccomp: ${(error as Error).message}`);
  }
}

async function runEvaluator(files: readonly string[], options: OptionValues): Promise<void> {
  if (files.length > 0) return runClassicEvaluator(classicOptionsOf(files, options));
  const gpu = gpuOptionsOf(options);
  if (options['gpuInfo'] === true) {
    if (gpu === null) throw new UsageError('--gpu-info and --no-gpu: one or the other');
    const report = await probeGpu(gpu);
    process.stdout.write(options['json'] === true ? `${JSON.stringify(report)}\n` : gpuInfoText(report));
    if (report.adapters.length === 0) process.exitCode = ExitCode.failure;
    return;
  }
  if (options['confined'] !== undefined)
    return runConfinedEvaluator(
      JSON.parse(options['confined'] as string) as ConfinedSetup,
      classicSettingsOf(options),
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

await runProgram(program, process.argv);
