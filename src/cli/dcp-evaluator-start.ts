#!/usr/bin/env node
import path from 'node:path';
import type { OptionValues } from 'commander';
import { dumpLaunch } from './dump-launch.js';
import { DEFAULT_PREFIX, launchOf } from './evaluator-launch.js';
import { withLaunchOptions } from './launch-options.js';
import { makeFolderOf } from './pid-file.js';
import { ExitCode, newProgram, runProgram } from './program.js';
import { runEvaluator } from './run-evaluator.js';
import { oneSpelling } from './spellings.js';

const DEFAULT_PID_FILE = path.join(DEFAULT_PREFIX, 'run/dcp-evaluator-start.pid');

const HELP = `
Arguments behind "--" go to the evaluator as they are:
  dcp-evaluator-start -p 9000 -- --options=--max-old-space-size=2048

The dcp-client is looked for as Node does it from the current directory, then from this package. SIGINT, SIGTERM and
SIGHUP are passed on to the evaluator. Names of options may be spelled either way: --sandbox-type, --sandboxType.

Exit codes:
  that of the evaluator; 128 + n when signal n ended it
  0  a dump was printed
  1  there is no dcp-client, the evaluator does not start, or the process that the pid file names is alive
  2  the command line is wrong`;

const program = newProgram('dcp-evaluator-start')
  .description(
    "Starts an evaluator for the Sandboxes of existing Workers, with a dcp-client's startup files.",
  )
  .argument('[arguments...]', 'for the evaluator');

withLaunchOptions(program)
  .option('-D, --dump', 'print the configuration, start nothing')
  .option('-T, --dump-types', 'print the types of sandboxes, start nothing')
  .option('-F, --dump-files', 'print the startup files, start nothing')
  .option('-J, --json', 'dumps are JSON')
  .option('-v, --verbose', 'print the command; show the stack of errors')
  .option(
    '-f, --pidFile [file]',
    `write the process id into a file while it runs; default: none; without a value: ${DEFAULT_PID_FILE}`,
  )
  .addHelpText('after', HELP);

const { argv, spelled } = oneSpelling(
  process.argv,
  program.options.map((option) => option.name()),
);

/** The options of the command line, in their order. */
const given = new Set<string>();
for (const name of program.options.map((option) => option.name()))
  program.on(`option:${name}`, () => given.add(name));

program.action(async (words: string[], options: OptionValues) => {
  const dump = options['dump']
    ? 'all'
    : options['dumpFiles']
      ? 'files'
      : options['dumpTypes']
        ? 'types'
        : null;
  const launch = launchOf(options, words, { isShown: dump !== null });
  const warn = (message: string): void => void process.stderr.write(`${program.name()}: ${message}\n`);
  if (/^\d+$/.test(String(options['debugLogLevel'])))
    warn(`--debugLogLevel: ${options['debugLogLevel']}: numbers are deprecated, use a name`);
  if (dump !== null) {
    const names = [...given].map((name) => spelled.get(name) ?? name);
    dumpLaunch(launch, dump, options['json'] === true, names);
    return;
  }
  if (options['pidFile'] === true) makeFolderOf(DEFAULT_PID_FILE);
  process.exitCode = await runEvaluator(launch, {
    verbose: options['verbose'] === true,
    pidFile:
      options['pidFile'] === true ? DEFAULT_PID_FILE : ((options['pidFile'] as string | undefined) ?? null),
    warn,
  });
});

process.exitCode = ExitCode.ok;
await runProgram(program, argv);
