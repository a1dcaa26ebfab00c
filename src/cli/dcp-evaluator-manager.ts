#!/usr/bin/env node
import path from 'node:path';
import { Command, Option, type OptionValues } from 'commander';
import { CONFINEMENT_MODES } from '../evaluator/index.js';
import { checkLaunch, commandOf, DEFAULT_PREFIX, launchOf } from './evaluator-launch.js';
import { withLaunchOptions } from './launch-options.js';
import { managerOptionsOf, withManagerOptions } from './manager/manager-options.js';
import { PROGRAM, runManager } from './manager/run-manager.js';
import { refuseOptionsAsValues } from './option-values.js';
import { claimPidFile, makeFolderOf } from './pid-file.js';
import { ExitCode, newProgram, runProgram, UsageError, wholeNumber } from './program.js';
import { oneSpelling } from './spellings.js';

const DEFAULT_PID_FILE = path.join(DEFAULT_PREFIX, `run/${PROGRAM}.pid`);
const DEFAULT_PORT = 9000;
const DEFAULT_CONNECTIONS = 256;

const HELP = `
Options of dcp-evaluator-start behind "--" say which evaluator is started; behind another "--", arguments for it:
  ${PROGRAM} --max-foreign-cpu 20 --stop freeze -- --dcp-client /opt/dcp/node_modules/dcp-client

Each connection gets an evaluator process, as with inetd, while nothing speaks against it. A connection that gets none is
closed at once; the Worker tries again. Whoever can connect runs code here, and nobody is asked who they are: it listens on
loopback unless --listen says otherwise. What is found is told with a code, as LOAD_HIGH, on standard error (--json: on
standard output), in status and in metrics:
  curl --unix-socket /run/dcp/manager.sock http://localhost/status    with --status-socket; or /metrics

Short findings count for nothing: how long each must last and be gone (--after, --gone-for) is in docs/MANAGER.md.

Exit codes:
  0    SIGTERM came
  1    it cannot listen there, there is no dcp-client, or the process that the pid file names is alive
  2    the command line is wrong
  130  SIGINT came`;

const program = newProgram(PROGRAM)
  // Its longest option would leave less than the usual 40 characters of 80, and nothing would be wrapped.
  .configureHelp({ minWidthToWrap: 30 })
  .description('Runs evaluators for the Sandboxes of existing Workers while the machine is free.')
  .option(
    '-p, --port <port>',
    `TCP port to listen on, 0 to 65535 (0: any that is free); default: ${DEFAULT_PORT}`,
    wholeNumber(0, 65_535),
  )
  .option('--listen <address>', "address to listen on; any: all of the machine's; default: loopback")
  .option('--socket <path>', 'listen on a UNIX socket of this name in place of a port')
  .option(
    '-P, --prefix <dir>',
    `where evaluators run; given, the evaluator is <dir>/bin/dcp-evaluator; default: ${DEFAULT_PREFIX}`,
  )
  .option(
    '-f, --pidfile [file]',
    `write the process id into a file while it runs; default: none; without a value: ${DEFAULT_PID_FILE}`,
  )
  .option(
    '--connections <n>',
    `evaluators at a time, 1 to 4096; default: ${DEFAULT_CONNECTIONS}`,
    wholeNumber(1, 4096),
  )
  .addOption(
    new Option(
      '--confinement <mode>',
      'what the operating system keeps evaluators from: require: from everything, or it does not start; ' +
        'best-effort (default): from what this machine allows; off: from nothing',
    ).choices(CONFINEMENT_MODES),
  )
  .option('--status-socket <path>', 'answer /status and /metrics on this UNIX socket; default: none')
  .option('--json', 'tell everything as lines of JSON on standard output')
  .option('-v, --verbose', 'tell every connection; show the stack of errors');

withManagerOptions(program).addHelpText('after', HELP);

const { argv } = oneSpelling(
  process.argv,
  program.options.map((option) => option.name()),
);
const end = argv.indexOf('--');
const [ours, theirs] = end < 0 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)];

program.action(async (options: OptionValues) => {
  const manager = managerOptionsOf(options);
  const launch = launchBehind(theirs, options);
  checkLaunch(launch);
  const pidFile = options['pidfile'] as string | true | undefined;
  if (pidFile === true) makeFolderOf(DEFAULT_PID_FILE);
  if (pidFile !== undefined)
    claimPidFile(
      pidFile === true ? DEFAULT_PID_FILE : pidFile,
      (message) => void process.stderr.write(`${PROGRAM}: ${message}\n`),
    );
  process.exitCode = await runManager({
    port: portOf(options),
    listen: options['listen'] as string | undefined,
    socket: options['socket'] as string | undefined,
    // It is said once, here, and not by each.
    command: { words: commandOf(launch, '--confinement-told'), cwd: launch.prefix },
    confinement: launch.confinement && {
      mode: launch.confinement,
      gpu: launch.args.includes('--no-gpu') ? null : {},
    },
    manager,
    rateMs: ((options['rate'] as number | undefined) ?? 0) * 1000,
    connections: (options['connections'] as number | undefined) ?? DEFAULT_CONNECTIONS,
    statusSocket: options['statusSocket'] as string | undefined,
    json: options['json'] === true,
    verbose: options['verbose'] === true,
  });
});

process.exitCode = ExitCode.ok;
await runProgram(program, ours);

/** Undefined: another place was named, or a service manager hands one over. */
function portOf(options: OptionValues): number | undefined {
  const port = options['port'] as number | undefined;
  if (port !== undefined || options['socket'] !== undefined) return port;
  return process.env['LISTEN_PID'] === String(process.pid) ? undefined : DEFAULT_PORT;
}

function launchBehind(words: readonly string[], ours: OptionValues): ReturnType<typeof launchOf> {
  const parser = withLaunchOptions(new Command(PROGRAM).argument('[arguments...]')).helpOption(false);
  parser.exitOverride((error) => {
    throw new UsageError(`behind "--": ${error.message.replace(/^error: /, '')}`);
  });
  parser.configureOutput({ outputError: () => undefined });
  refuseOptionsAsValues(parser);
  const { argv: spelled } = oneSpelling(
    words,
    parser.options.map((option) => option.name()),
  );
  parser.parse(spelled, { from: 'user' });
  const given = parser.opts();
  const { prefix, confinement } = ours as { prefix?: string; confinement?: string };
  return launchOf(
    {
      ...(prefix !== undefined && { prefix }),
      ...(confinement !== undefined && { confinement }),
      ...given,
      stdio: true,
    },
    parser.args,
  );
}
