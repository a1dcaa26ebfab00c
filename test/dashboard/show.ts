/**
 * A program with a dashboard of a scripted Worker, for a person to look at and for tests to drive:
 * node dist-test/dashboard/show.js [--sandboxes N] [--gpu] [--speed N] [--idle CODE] [--beats FILE]
 *
 * It is told to stop as dcp-worker is: the first signal or onQuit stops it after some time, the second at once, the third
 * exits. SIGUSR2 makes it throw.
 */
import { appendFileSync } from 'node:fs';
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { openDashboard } from '#src/dashboard/index.js';
import type { IdleCode } from '#src/status/index.js';
import { ScriptedWorker } from './support.js';

const { values } = parseArgs({
  options: {
    sandboxes: { type: 'string', default: '4' },
    gpu: { type: 'boolean', default: false },
    idle: { type: 'string' },
    /** Periods a second. */
    speed: { type: 'string', default: '1' },
    /** Of history before the start, seconds. */
    history: { type: 'string', default: '0' },
    /** How long the first stop takes, milliseconds. */
    ending: { type: 'string', default: '300' },
    /** Gets a line with this process's memory at each tick. */
    beats: { type: 'string' },
    /** Text of a record at each tick. */
    chatter: { type: 'string' },
    /** Leaves the signals to whoever else listens. */
    deaf: { type: 'boolean', default: false },
    /** The second stop takes as long as the first. */
    slow: { type: 'boolean', default: false },
    'listens-to-hangup': { type: 'boolean', default: false },
    /** Tells of an exception that nothing caught. */
    tell: { type: 'boolean', default: false },
  },
});

const worker = new ScriptedWorker({ sandboxes: Number(values.sandboxes), gpu: values.gpu });
worker.idle = (values.idle as IdleCode | undefined) ?? null;
worker.reloaded = ['reportInterval is 5 s now'];
worker.tick(Number(values.history));
worker.say('started');

let stops = 0;
function stop(signal: NodeJS.Signals): void {
  stops++;
  worker.stop(stops > 1);
  if (stops > 2) process.exit(128 + constants.signals[signal]);
  setTimeout(end, stops > 1 && !values.slow ? 0 : Number(values.ending));
}

function end(): void {
  dashboard.close();
  clearInterval(clock);
  process.stdout.write(`stopped after ${worker.told.join(', ')}\n`);
  process.exit(0);
}

if (!values.deaf) for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM'] as const) process.on(signal, stop);
if (values['listens-to-hangup']) process.on('SIGHUP', () => {});
if (values.tell) {
  process.on('uncaughtException', (error) => {
    process.stderr.write(`told of: ${error.message}\n`);
    process.exit(5);
  });
}
process.on('SIGUSR2', () => {
  throw new Error('thrown by the test');
});

const dashboard = openDashboard({
  source: worker,
  control: worker,
  input: process.stdin,
  output: process.stdout,
  onQuit: () => stop('SIGINT'),
});
const clock = setInterval(
  () => {
    worker.tick();
    if (values.chatter !== undefined) worker.say(values.chatter);
    if (values.beats !== undefined) appendFileSync(values.beats, `${process.memoryUsage().rss}\n`);
  },
  1000 / Number(values.speed),
);
