import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { checkLaunch, commandOf, type Launch } from './evaluator-launch.js';
import { claimPidFile } from './pid-file.js';

/** What ends a program from outside ends the evaluator, by its own rules. */
const PASSED_ON: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export interface RunOptions {
  readonly verbose: boolean;
  /** Null: none. */
  readonly pidFile: string | null;
  readonly warn: (message: string) => void;
}

/** Runs the evaluator to its end; answers the exit code to end with. */
export async function runEvaluator(launch: Launch, { verbose, pidFile, warn }: RunOptions): Promise<number> {
  checkLaunch(launch, { mayHelp: true });
  if (launch.port !== null) printBanner(launch);
  const [command, ...args] = commandOf(launch);
  if (verbose) {
    // With no port, standard output is the evaluator's.
    const print = launch.port === null ? console.error : console.log;
    print('. cwd:', launch.prefix);
    print('. run:', [command, ...args].map((word) => `"${word}"`).join(' '));
  }
  let child: ChildProcess | null = null;
  const pass = (signal: NodeJS.Signals): void => void child?.kill(signal);
  for (const signal of PASSED_ON) process.on(signal, pass);
  try {
    if (pidFile !== null) claimPidFile(pidFile, warn);
    child = spawn(command, args, { cwd: launch.prefix, stdio: 'inherit' });
    const { code, signal } = await ended(child);
    if (launch.port !== null)
      console.log(
        signal === null
          ? `Evaluator server process exited, status ${code}`
          : `Evaluator server caught signal ${signal}`,
      );
    return signal === null ? code! : 128 + constants.signals[signal];
  } finally {
    for (const signal of PASSED_ON) process.off(signal, pass);
  }
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
}

function printBanner({ evaluator, port, type, files }: Launch): void {
  console.log('Starting DCP Evaluator -- ');
  console.log('. Evaluator program at:\t\t', evaluator);
  console.log('. Listening on:      \t\t', port);
  console.log('. Worker environment type:\t', type);
  console.log('. Worker environment:  \t');
  for (const file of files) console.log(`\t${file}`);
  console.log('');
}
