#!/usr/bin/env node
import { Command, type OptionValues } from 'commander';
import { serveFrames } from '../evaluator/index.js';
import { runProgram, UsageError, wholeNumber } from './program.js';

/** Where `--frames` finds the channel to the host. */
const CHANNEL_FD = 3;

const HELP = `
A Worker starts this program by itself and speaks frames with it on descriptor ${CHANNEL_FD}. It ends when the other side
closes that descriptor; SIGINT, SIGTERM and SIGHUP, which a terminal or a service manager sends to all processes of a
Worker, are left to the Worker.

Exit codes:
  0  the other side closed the descriptor
  1  what came there were no frames
  2  the command line is wrong, or nobody is on the other side`;

const program = new Command('dcp-evaluator')
  .description('Runs untrusted JavaScript and WebAssembly in Sandboxes, for a Worker in another process.')
  .option('--frames', `speak frames on descriptor ${CHANNEL_FD}, a UNIX stream socket`)
  .option(
    '--threads <n>',
    'Sandboxes that run at the same time, 1 to 1024; default: one per core',
    wholeNumber(1, 1024),
  )
  .addHelpText('after', HELP)
  .action(runEvaluator);

async function runEvaluator(options: OptionValues): Promise<void> {
  if (options['frames'] !== true) {
    throw new UsageError('nothing says how to be spoken to; --frames is what there is');
  }
  await serveFrames(CHANNEL_FD, options['threads'] as number | undefined);
}

await runProgram(program, process.argv);
