#!/usr/bin/env node
import { availableParallelism } from 'node:os';
import { Command, Option, type OptionValues } from 'commander';
import { defaultSchedulerDirectory } from '../compute/index.js';
import { Worker, type EvaluatorKind } from '../worker/index.js';
import { gpuOptionsOf, withGpuOptions } from './gpu-options.js';
import { ExitCode, origins, runProgram, seconds, wholeNumber } from './program.js';
import { slicesText } from './present.js';
import { WorkerLog } from './worker-log.js';

const HELP = `
Ctrl-C or SIGTERM: Slices that run may end, results are submitted, the rest goes back to the Scheduler. A second one ends
the Slices, too; a third one ends the program at once. Whatever ends it, no Slice is lost.

Exit codes:
  0    stopped as told
  1    the Scheduler or the evaluator cannot be used
  2    the command line is wrong
  130  ended at once`;

const program = new Command('dcp-worker')
  .description('Runs Slices of the Jobs in an embedded Scheduler.')
  .option(
    '--scheduler <dir>',
    "the embedded Scheduler's directory; default: $DCP_SCHEDULER_DIR, or ~/.dcp/scheduler",
  )
  .option(
    '--cores <n>',
    `Slices run at the same time, 1 to 1024; default: all cores (${availableParallelism()} here)`,
    wholeNumber(1, 1024),
  )
  .option('--job-id <id...>', 'take only these Jobs; default: any')
  .option('--group <key...>', 'join keys of Compute Groups; Jobs of no group are always taken')
  .option(
    '-a, --allowedOrigins <list>',
    'origins that Work Functions may fetch from if their Job requires it, separated by commas or given one by one: ' +
      'https://host, https://*.domain, https://*, *; private:… for addresses that are not public; default: none',
    origins,
  )
  .addOption(
    new Option('--lease <seconds>', 'after this time without a sign of life others get the Slices, from 1')
      .argParser(seconds(1, 86_400))
      .default(60_000, '60'),
  )
  .addOption(
    new Option('--stop-timeout <seconds>', 'how long running Slices may take to end when told to stop')
      .argParser(seconds(0, 86_400))
      .default(10_000, '10'),
  )
  .addOption(
    new Option(
      '--evaluator <where>',
      'child: Slices run in processes of their own, one a Job; in-process: in this one, for code that is trusted',
    )
      .choices(['child', 'in-process'])
      .default('child'),
  )
  .option(
    '--gpu-sandboxes <n>',
    'Slices of Jobs that require WebGPU run at the same time, 1 to 1024; default: two for each adapter',
    wholeNumber(1, 1024),
  )
  .option('--exit-when-idle', 'stop when there is nothing to do')
  .option('--json', 'print JSON lines')
  .option('-v, --verbose', 'tell every Task; show the stack of errors')
  .addHelpText('after', HELP)
  .action(runWorker);

withGpuOptions(program);

async function runWorker(options: OptionValues): Promise<void> {
  const scheduler = (options['scheduler'] as string | undefined) ?? defaultSchedulerDirectory();
  const cores = (options['cores'] as number | undefined) ?? availableParallelism();
  const stopTimeoutMs = options['stopTimeout'] as number;
  const gpu = gpuOptionsOf(options);
  const gpuSandboxes = options['gpuSandboxes'] as number | undefined;
  let signals = 0;
  let stopping: Promise<void> | null = null;
  const stop = (): void => {
    stopping ??= worker.stop({ finish: 'slice', timeoutMs: stopTimeoutMs });
  };
  const log = new WorkerLog({ json: options['json'] === true, verbose: options['verbose'] === true }, () => {
    if (options['exitWhenIdle'] === true) stop();
  });
  const worker = new Worker({
    scheduler,
    cores,
    evaluator: options['evaluator'] as EvaluatorKind,
    leaseMs: options['lease'] as number,
    jobIds: (options['jobId'] as string[] | undefined) ?? null,
    computeGroups: (options['group'] as string[] | undefined) ?? [],
    gpu: gpu && (gpuSandboxes === undefined ? gpu : { ...gpu, sandboxes: gpuSandboxes }),
    allowedOrigins: (options['allowedOrigins'] as string[] | undefined) ?? [],
    observer: log,
  });
  const onSignal = (): void => {
    signals++;
    if (signals > 2) process.exit(ExitCode.interrupted);
    log.say(
      { type: 'stopping', now: signals > 1 },
      signals > 1 ? 'stopping now' : 'stopping when the running Slices have ended',
    );
    stop();
    if (signals > 1) void worker.stop({ finish: 'now' });
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await worker.start();
    const { workerId } = worker.status()!;
    const { adapters, problems } = worker.gpu;
    const sandboxes = cores === 1 ? '1 Sandbox' : `${cores} Sandboxes`;
    const gpus = adapters.length === 0 ? '' : `, GPU ${adapters.join(', ')}`;
    log.say(
      { type: 'started', worker: workerId, cores, scheduler, adapters },
      `worker ${workerId}: ${sandboxes}, Scheduler ${scheduler}${gpus}`,
    );
    for (const problem of problems) log.detail({ type: 'noWebgpu', problem }, `no WebGPU: ${problem}`);
    await worker.ended;
    log.flush();
    const { done, failed } = worker.status()!.counts;
    log.say(
      { type: 'stopped', slices: done, failed },
      `stopped after ${slicesText(done)}${failed > 0 ? `, ${failed} failed` : ''}`,
    );
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

process.exitCode = ExitCode.ok;
await runProgram(program, process.argv);
