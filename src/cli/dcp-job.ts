#!/usr/bin/env node
import { availableParallelism } from 'node:os';
import { InvalidArgumentError as InvalidOptionError, type Command, type OptionValues } from 'commander';
import { defaultSchedulerDirectory } from '../compute/index.js';
import { adapterOptionsOf, withAdapterOptions } from './gpu-options.js';
import {
  cancelJobs,
  listJobs,
  removeJobs,
  showResults,
  showStatus,
  type JobCommandOptions,
} from './job-commands.js';
import { ExitCode, newProgram, origins, runProgram, UsageError, wholeNumber } from './program.js';
import { DEFAULT_OUTPUT, runJob } from './run-job.js';

const EXIT_CODES = `
Exit codes:
  0    done, and no Slice has failed; of a Job that is open, so far
  1    a Slice failed, the Job was cancelled, or the Scheduler cannot be used
  2    the command line or the Job file is wrong
  130  ended by Ctrl-C`;

const RUN_HELP = `
A Job file is an ES module:
  export default function (compute, { args }) { return compute.for(1, 10, (n) => n * n); }
  export async function done(results, { job, outputDirectory, args }) {}   // optional

Without "done" the results are printed, line n for Slice n, in the order of the input set: as JSON, or as Node's
util.inspect shows them where JSON cannot hold them (typed arrays, Map, BigInt, …). The line of a Slice that failed is
empty. Everything else goes to standard error, errors with the number of their Slice. "done" is called when every Slice
has succeeded; when it is not, or throws, the results are printed as if there were none.
With --json everything on standard output is a JSON line with a "type": accepted, status, console, custom, inspector,
warning, complete, result (with "value", "inspect" or "error"), cancelled, detached.

Ctrl-C leaves a deployed Job with the Scheduler and says how to follow or cancel it; a Job that runs with --local, or is
still being uploaded, is cancelled. A second Ctrl-C ends the program at once. A Job that runs with --local is also cancelled
by SIGTERM, SIGQUIT and SIGHUP, which the program then ends by, and when nobody reads standard output any more.
${EXIT_CODES}`;

const program = newProgram('dcp-job')
  .description('Deploys Jobs and looks after them.')
  .addHelpText('after', EXIT_CODES);

/** The options every command has. */
function common(command: Command): Command {
  return command
    .option(
      '--scheduler <dir>',
      "the embedded Scheduler's directory; default: $DCP_SCHEDULER_DIR, or ~/.dcp/scheduler",
    )
    .option('--json', 'print JSON lines')
    .option('-v, --verbose', 'show the stack of errors');
}

function commonOptions({ scheduler, json }: OptionValues): JobCommandOptions {
  if (scheduler === '') throw new UsageError('--scheduler: expected the path of a directory, got nothing');
  return { scheduler: (scheduler as string | undefined) ?? defaultSchedulerDirectory(), json: json === true };
}

const wholeCores = wholeNumber(1, 1024);
/** True: as many as fit. */
const cores = (text: string): number | true =>
  text === '' ? true : text === 'all' ? availableParallelism() : wholeCores(text);

/** Where Chrome looks for debuggers' targets by itself. */
const INSPECT_AT = '127.0.0.1:9229';

const OF_WORKERS = '; for Workers it is an option of dcp-worker';
/** Options that only a run in this process heeds. */
const LOCAL_OPTIONS = [
  ['inspectSandbox', '--inspect-sandbox', ''],
  ['allowedOrigins', '--allowedOrigins', OF_WORKERS],
  ['gpuAdapter', '--gpu-adapter', OF_WORKERS],
  ['gpuBan', '--gpu-ban', OF_WORKERS],
  ['allowSoftwareGpu', '--allow-software-gpu', OF_WORKERS],
] as const;

/** `[host:]port` */
function inspectAddress(text: string): { host: string; port: number } {
  const [, ipv6, name, digits] = /^(?:(?:\[(.+)\]|([^:]+)):)?(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535)
    throw new InvalidOptionError('expected [host:]port, as in 127.0.0.1:9229.');
  return { host: ipv6 ?? name ?? '127.0.0.1', port };
}

/**
 * Words of options that may stand alone before the file: `--local` takes the next one only when it is a number,
 * `--inspect-sandbox` only with `=`.
 */
function completeOptions(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, i) => {
    if (end >= 0 && i > end) return word;
    if (word === '--inspect-sandbox') return `--inspect-sandbox=${INSPECT_AT}`;
    if (word !== '--local') return word;
    const next = argv[i + 1] ?? '--';
    return /^(-?[\d.]+|all)$/.test(next) || next.startsWith('-') ? word : '--local=';
  });
}

/** What looks like a number of cores that `--local` does not take, behind the file, where it would be the first argument for it. */
function refuseMistakenCores(argv: readonly string[], file: string, args: readonly string[]): void {
  const end = argv.indexOf('--');
  const options = end < 0 ? argv : argv.slice(0, end);
  const word = options[options.indexOf('--local') + 1];
  if (!options.includes('--local') || word === undefined || word === file || args[0] !== word) return;
  throw new UsageError(
    `--local: expected a whole number from 1 to 1024, or all, got ${JSON.stringify(word)}; arguments for the file follow "--"`,
  );
}

withAdapterOptions(common(program.command('run <file> [args...]')), 'with --local: ')
  .description('deploy the Job that a file makes, wait for its results; arguments for the file follow "--"')
  .option('--local [cores]', 'run it in this process instead, on 1 to 1024 cores, or all (default)', cores)
  .option(
    '--inspect-sandbox [host:port]',
    `with --local, on one core unless told otherwise: wait for a debugger (default ${INSPECT_AT}, loopback only)`,
    inspectAddress,
  )
  .option(
    '-a, --allowedOrigins <list>',
    'with --local: origins that Work Functions may fetch from, as for dcp-worker',
    origins,
  )
  .option(
    '--output <dir>',
    'where the file\'s "done" writes to; it is made when there is none',
    DEFAULT_OUTPUT,
  )
  .addHelpText('after', RUN_HELP)
  .action(async (file: string, args: string[], options: OptionValues) => {
    for (const [name, option, elsewhere] of LOCAL_OPTIONS)
      if (options[name] !== undefined && options['local'] === undefined)
        throw new UsageError(`${option}: only with --local${elsewhere}`);
    refuseMistakenCores(process.argv, file, args);
    const inspect = (options['inspectSandbox'] as ReturnType<typeof inspectAddress> | undefined) ?? null;
    const allowedOrigins = (options['allowedOrigins'] as string[] | undefined) ?? [];
    const local = options['local'] as number | true | undefined;
    const allCores = inspect === null ? availableParallelism() : 1;
    process.exitCode = await runJob(file, {
      ...commonOptions(options),
      local: local === undefined ? null : local === true ? allCores : local,
      inspect,
      allowedOrigins,
      gpu: adapterOptionsOf(options),
      output: options['output'] as string,
      args,
    });
  });

common(program.command('ls'))
  .description('list all Jobs, oldest first')
  .action(async (options: OptionValues) => {
    process.exitCode = await listJobs(commonOptions(options));
  });

common(program.command('status <job>'))
  .description('show how far a Job is')
  .action(async (id: string, options: OptionValues) => {
    process.exitCode = await showStatus(id, commonOptions(options));
  });

common(program.command('results <job>'))
  .description(
    'print the results there are, line n for Slice n: it is empty without one; errors go to standard error',
  )
  .option('--wait', 'wait until every Slice has a result')
  .action(async (id: string, options: OptionValues) => {
    process.exitCode = await showResults(id, { ...commonOptions(options), wait: options['wait'] === true });
  });

common(program.command('cancel <job...>'))
  .description('hand out no more Slices; results are kept')
  .action(async (ids: string[], options: OptionValues) => {
    process.exitCode = await cancelJobs(ids, commonOptions(options));
  });

common(program.command('rm <job...>'))
  .description('forget Jobs and their results')
  .option('--force', 'also Jobs that are not finished')
  .action(async (ids: string[], options: OptionValues) => {
    process.exitCode = await removeJobs(ids, { ...commonOptions(options), force: options['force'] === true });
  });

process.exitCode = ExitCode.ok;
await runProgram(program, completeOptions(process.argv));
