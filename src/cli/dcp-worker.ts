#!/usr/bin/env node
import path from 'node:path';
import { Command, Option, type OptionValues } from 'commander';
import { defaultSchedulerDirectory } from '../compute/index.js';
import { WorkerService, type ServiceSettings } from '../service/index.js';
import type { EvaluatorKind } from '../worker/index.js';
import { concurrencyOf, withConcurrencyOptions } from './concurrency.js';
import { DEFAULT_PREFIX } from './evaluator-launch.js';
import { gpuOptionsOf, withGpuOptions } from './gpu-options.js';
import { claimPidFile, makeFolderOf } from './pid-file.js';
import { ExitCode, origins, programVersion, runProgram, seconds } from './program.js';
import { oneSpelling } from './spellings.js';
import { StdoutSink } from './stdout-sink.js';

const DEFAULT_PID_FILE = path.join(DEFAULT_PREFIX, 'run/dcp-worker.pid');

const HELP = `
Ctrl-C or SIGTERM: Slices that run may end, results are submitted, the rest goes back to the Scheduler. A second one, or
SIGQUIT, ends the Slices, too; a third one ends the program at once. Whatever ends it, no Slice is lost.

Names of options may be spelled either way: --maxSandboxes, --max-sandboxes.

Exit codes:
  0        stopped as told
  1        the Scheduler or the evaluator cannot be used, or the process that the pid file names is alive
  2        the command line is wrong
  128 + n  ended at once by signal n: 130 for SIGINT, 143 for SIGTERM`;

const program = new Command('dcp-worker')
  .description('Runs Slices of the Jobs in an embedded Scheduler.')
  .option(
    '--scheduler <dir>',
    "the embedded Scheduler's directory; default: $DCP_SCHEDULER_DIR, or ~/.dcp/scheduler",
  );

withConcurrencyOptions(program);
withGpuOptions(program)
  .option('-j, --job-id <id...>', 'take only these Jobs; default: any')
  .option(
    '-g, --join <key...>',
    'join keys of Compute Groups, or key,secret, of which an embedded Scheduler asks the key alone; Jobs of no group are ' +
      'always taken',
  )
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
    '-f, --pidFile [file]',
    `write the process id into a file while the Worker runs; default: none; without a value: ${DEFAULT_PID_FILE}`,
  )
  .option('--exit-when-idle', 'stop when there is nothing to do')
  .option('--json', 'print JSON lines')
  .option('-v, --verbose', 'tell every Task; show the stack of errors')
  .addHelpText('after', HELP)
  .action(runWorker);

async function runWorker(options: OptionValues): Promise<void> {
  const { sandboxes, gpuSandboxes, gpuUtilization } = concurrencyOf(options);
  const gpu = gpuSandboxes === 0 ? null : gpuOptionsOf(options);
  const settings: ServiceSettings = {
    version: programVersion(),
    worker: {
      scheduler: (options['scheduler'] as string | undefined) ?? defaultSchedulerDirectory(),
      cores: sandboxes,
      evaluator: options['evaluator'] as EvaluatorKind,
      leaseMs: options['lease'] as number,
      jobIds: (options['jobId'] as string[] | undefined) ?? null,
      computeGroups: ((options['join'] as string[] | undefined) ?? []).map(joinKeyOf),
      gpu: gpu && {
        ...gpu,
        ...(gpuSandboxes === null ? {} : { sandboxes: gpuSandboxes }),
        utilization: gpuUtilization,
      },
      allowedOrigins: (options['allowedOrigins'] as string[] | undefined) ?? [],
    },
    evaluator: options['evaluator'] as string,
    stopTimeoutMs: options['stopTimeout'] as number,
    cleanupTimeoutMs: 60_000,
    reportIntervalMs: null,
    exitWhenIdle: options['exitWhenIdle'] === true,
    identity: null,
    paymentAddress: null,
  };
  claimPidFileOf(options);
  const outputs = new StdoutSink({ json: options['json'] === true, verbose: options['verbose'] === true });
  await new WorkerService(settings, outputs).run();
}

/** A Scheduler that knows people asks for the secret behind the comma; an embedded one has none to compare it with. */
function joinKeyOf(join: string): string {
  return join.split(',', 1)[0]!;
}

function claimPidFileOf({ pidFile }: { pidFile?: string | true }): void {
  if (pidFile === undefined) return;
  if (pidFile === true) makeFolderOf(DEFAULT_PID_FILE);
  claimPidFile(pidFile === true ? DEFAULT_PID_FILE : pidFile, (message) => {
    process.stderr.write(`${program.name()}: ${message}\n`);
  });
}

const { argv } = oneSpelling(
  process.argv,
  program.options.map((option) => option.name()),
);
process.exitCode = ExitCode.ok;
await runProgram(program, argv);
