#!/usr/bin/env node
import type { Command, OptionValues } from 'commander';
import { nearestText } from '../model/index.js';
import { withGpuOptions } from './gpu-options.js';
import { withIdentityOptions } from './identity-options.js';
import { DEFAULT_PID_FILE } from './pid-file.js';
import { ExitCode, newProgram, runProgram } from './program.js';
import { oneSpelling } from './spellings.js';
import { withWorkerCommands } from './worker-commands.js';
import { withConfigOptions } from './worker-options.js';

const HELP = `
Ctrl-C or SIGTERM: Slices that run may end, results are submitted, the rest goes back to the Scheduler. A second one, or
SIGQUIT, ends the Slices, too; a third one ends the program at once. Whatever ends it, no Slice is lost. SIGHUP reads the
configuration again and opens log files anew.

Names of options may be spelled either way: --maxSandboxes, --max-sandboxes. What most of them say, configuration files may
say, too: --showConfig has every value and where it comes from.

Exit codes:
  0        stopped as told
  1        the Scheduler or the evaluator cannot be used, the process that the pid file names is alive, or it cannot listen
           where it was told to
  2        the command line or the configuration is wrong
  5        an error that nothing caught
  128 + n  ended at once by signal n: 130 for SIGINT, 143 for SIGTERM`;

/** All that a Worker is made of: commands to one that runs start sooner without. */
const loadWorker = () => import('./start-worker.js');

const program = newProgram('dcp-worker').description('Takes Tasks from a Scheduler and runs their Slices.');

withConfigOptions(program);
withGpuOptions(program);
withIdentityOptions(program)
  .option(
    '-f, --pidFile [file]',
    `write the process id into a file while the Worker runs; default: none; without a value: worker.pidfile, or ${DEFAULT_PID_FILE}`,
  )
  .option('--exit-when-idle', 'stop when there is nothing to do')
  .option('--json', 'print JSON lines, whatever --outputMode has for standard output; --showConfig as JSON')
  .option('-v, --verbose', 'tell every Task; show the stack of errors')
  .option(
    '--showConfig [path]',
    'show the configuration at and below a path, as worker.cores, with where each value comes from; then exit',
  )
  .option('--dumpConfig', 'print the configuration as JSON, secrets left out; then exit')
  .addHelpText('after', HELP)
  .allowExcessArguments()
  .action(async (options: OptionValues) => {
    refuseWords(program);
    const { startWorker } = await loadWorker();
    await startWorker(program, options);
  });

withWorkerCommands(program, {
  subjectOf: async (options) => (await loadWorker()).doctorSubjectOf(program, options),
});

/** Words that name no command, which commander counts and no more. */
function refuseWords({ args, commands }: Command): void {
  const [word] = args;
  if (word === undefined) return;
  const names = commands.map((command) => command.name());
  program.error(`error: unknown command '${word}'${nearestText(word, names)}`);
}

const { argv } = oneSpelling(
  process.argv,
  program.options.map((option) => option.name()),
);
process.exitCode = ExitCode.ok;
await runProgram(program, argv);
