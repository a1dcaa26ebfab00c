#!/usr/bin/env node
import { Command, type OptionValues } from 'commander';
import { probeGpu, serveFrames } from '../evaluator/index.js';
import { gpuInfoText } from './gpu-info.js';
import { gpuOptionsOf, withGpuOptions } from './gpu-options.js';
import { ExitCode, runProgram, UsageError, wholeNumber } from './program.js';

/** Where `--frames` finds the channel to the host. */
const CHANNEL_FD = 3;

const HELP = `
A Worker starts this program by itself and speaks frames with it on descriptor ${CHANNEL_FD}. It ends when the other side
closes that descriptor; SIGINT, SIGTERM and SIGHUP, which a terminal or a service manager sends to all processes of a
Worker, are left to the Worker.

With --gpu-info it looks for Dawn, Vulkan and adapters, says what it found and what to do about what is missing.

Exit codes:
  0  the other side closed the descriptor; --gpu-info: Jobs can have WebGPU here
  1  what came there were no frames; --gpu-info: Jobs cannot have WebGPU here
  2  the command line is wrong, or nobody is on the other side`;

const program = new Command('dcp-evaluator')
  .description('Runs untrusted JavaScript and WebAssembly in Sandboxes, for a Worker in another process.')
  .option('--frames', `speak frames on descriptor ${CHANNEL_FD}, a UNIX stream socket`)
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

async function runEvaluator(options: OptionValues): Promise<void> {
  const gpu = gpuOptionsOf(options);
  if (options['gpuInfo'] === true) {
    if (gpu === null) throw new UsageError('--gpu-info and --no-gpu: one or the other');
    const report = await probeGpu(gpu);
    process.stdout.write(options['json'] === true ? `${JSON.stringify(report)}\n` : gpuInfoText(report));
    if (report.adapters.length === 0) process.exitCode = ExitCode.failure;
    return;
  }
  if (options['frames'] !== true) {
    throw new UsageError('nothing says how to be spoken to; there are --frames and --gpu-info');
  }
  await serveFrames(CHANNEL_FD, options['threads'] as number | undefined, gpu);
}

await runProgram(program, process.argv);
