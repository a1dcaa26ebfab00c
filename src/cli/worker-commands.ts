import { setTimeout as sleep } from 'node:timers/promises';
import type { Command, OptionValues } from 'commander';
import { summaryText } from '../status/index.js';
import type { DoctorSubject } from './doctor/index.js';
import { printJsonLine } from './present.js';
import { ExitCode } from './program.js';
import { StatusClient, type WorkerCommand } from './status-client.js';
import { statusSocketsToTry } from './status-socket.js';

/** How often `--watch` looks, milliseconds. */
const WATCH_MS = 1_000;
/** Moves to the top of the terminal and clears what is below. */
const CLEAR = '\u001b[H\u001b[J';

/** Commands that change a Worker, and what they say when it has been done. */
const CHANGES: Readonly<
  Record<Exclude<WorkerCommand, 'reload' | 'profile'>, { description: string; done: string }>
> = {
  pause: {
    description: 'have the Worker ask for nothing more and give back what does not run yet',
    done: 'is paused: what runs may end',
  },
  resume: { description: 'have a paused Worker go on', done: 'goes on' },
  drain: {
    description: 'have the Worker finish what it holds, then stop',
    done: 'stops when all that it holds has ended',
  },
  stop: {
    description: 'have the Worker stop, as SIGTERM does; --now: as SIGQUIT does',
    done: 'stops',
  },
};

export interface WorkerCommandsOptions {
  /** What `doctor` is asked about: the Worker that these options and the configuration would start. */
  readonly subjectOf: (options: OptionValues) => DoctorSubject | Promise<DoctorSubject>;
}

/**
 * Adds the commands that speak with a running Worker. They take `--status-socket` and, where they have something to
 * tell, `--json`; both may be options of the program itself, too.
 */
export function withWorkerCommands(program: Command, { subjectOf }: WorkerCommandsOptions): Command {
  const command = (
    name: string,
    description: string,
    run: (options: OptionValues, argument?: string) => Promise<number>,
  ): Command =>
    program
      .command(name)
      .description(description)
      // The program's own words are counted by itself, and commands take that over from it.
      .allowExcessArguments(false)
      .option(
        '--status-socket <path>',
        "the Worker's Unix socket; default: $DCP_WORKER_SOCKET, or dcp-worker.sock in $RUNTIME_DIRECTORY, " +
          '$DCP_HOMEDIR/.dcp/dcp-worker, $XDG_RUNTIME_DIR or ~/.dcp/dcp-worker',
      )
      .option('--json', 'print JSON')
      .action(async (...given: unknown[]) => {
        const self = given.at(-1) as Command;
        process.exitCode = await run(self.optsWithGlobals(), self.args[0]);
      });

  command('status', 'say what the Worker does', showStatus).option('--watch', 'again every second');
  command('report', 'say it at length: each Sandbox, each Job', showReport);
  for (const [name, { description, done }] of Object.entries(CHANGES)) {
    const change = command(name, description, (options) =>
      changeWorker(name as WorkerCommand, done, options),
    );
    if (name === 'stop') change.option('--now', 'end what runs, too; it is run again elsewhere');
  }
  command('reload', 'have the Worker read its configuration again, as SIGHUP does', (options) =>
    showChanges('reload', options),
  );
  command(
    'profile <name>',
    'have the Worker use as much of the machine as a profile says: inUse, idle, auto or none',
    (options, name) => showChanges('profile', { ...options, name }),
  );
  command('doctor', 'find what keeps this machine from working, and how to mend it', async (options) => {
    // It brings the evaluator and the Scheduler along, which the other commands start sooner without.
    const { runDoctor } = await import('./doctor/index.js');
    return runDoctor(await subjectOf(options), { client: clientOf(options), json: options['json'] === true });
  });
  return program;
}

function clientOf(options: OptionValues): StatusClient {
  return new StatusClient(statusSocketsToTry(options['statusSocket'] as string | undefined));
}

async function showStatus(options: OptionValues): Promise<number> {
  const client = clientOf(options);
  const watch = options['watch'] === true;
  for (;;) {
    const status = await client.status();
    if (options['json'] === true) printJsonLine(status);
    else {
      const text = summaryText(status, await client.history());
      const clear = watch && process.stdout.isTTY ? CLEAR : '';
      process.stdout.write(`${clear}${text}${watch && clear === '' ? '\n' : ''}`);
    }
    if (!watch) return ExitCode.ok;
    await sleep(WATCH_MS);
  }
}

async function showReport(options: OptionValues): Promise<number> {
  const client = clientOf(options);
  if (options['json'] === true) {
    printJsonLine({ status: await client.status(), history: await client.history() });
  } else process.stdout.write(await client.report());
  return ExitCode.ok;
}

async function changeWorker(name: WorkerCommand, done: string, options: OptionValues): Promise<number> {
  const { state } = await clientOf(options).command(name, { now: options['now'] === true });
  if (options['json'] === true) printJsonLine({ type: name, state });
  else process.stdout.write(`the Worker ${done}\n`);
  return ExitCode.ok;
}

async function showChanges(name: 'reload' | 'profile', options: OptionValues): Promise<number> {
  const { lines = [] } = await clientOf(options).command(name, options);
  if (options['json'] === true) printJsonLine({ type: name, lines });
  else process.stdout.write(lines.length === 0 ? 'nothing has changed\n' : `${lines.join('\n')}\n`);
  return ExitCode.ok;
}
