/** A program with the commands that speak with a Worker, and nothing else: what `dcp-worker` adds to its own. */
import { Command } from 'commander';
import { runProgram } from '#src/cli/program.js';
import { withWorkerCommands } from '#src/cli/worker-commands.js';

const list = (text: string | undefined): string[] => (text === undefined ? [] : text.split(','));

const program = new Command('dcp-worker')
  .option('--scheduler <dir>')
  .option('--join <keys>')
  .option('--job-id <ids>')
  .option('--allowed-origins <list>');
withWorkerCommands(program, {
  subjectOf: ({ scheduler, join, jobId, allowedOrigins }: Record<string, string | undefined>) => ({
    scheduler: scheduler!,
    computeGroups: list(join),
    jobIds: jobId === undefined ? null : list(jobId),
    publicGroup: 'always',
    allowedOrigins: list(allowedOrigins),
    evaluator: null,
    confinement: {},
    folders: [scheduler!],
    gpu: null,
  }),
});
process.exitCode = 0;
await runProgram(program, process.argv);
