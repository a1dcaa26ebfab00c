/**
 * A week of a Worker's life in minutes: the program `dcp-worker` with all its outputs, a client that keeps deploying Jobs, and what
 * happens to Workers (faults.ts), one after another in a random order: configurations edited, evaluators killed, the Scheduler
 * held up or its disk full, the log server gone, clocks set, the Worker stopped in each way.
 *
 *   npm run soak:week [-- --minutes 60 --seed 1]
 *
 * Every Slice must come to its right end, recorded once, and nothing may grow or stay behind. Prints a table and a JSON line; exit code 1
 * when anything of that does not hold. `--damage` damages results, leaves a file in the spool and one too many of the log, to
 * see that it fails then. `--only logServerKilled,kill` has nothing else happen.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Random } from '../../fuzz/mutate.js';
import { longRun } from '../options.js';
import { Client } from '../trial/client.js';
import { runWhereDisksCanBeMade } from '../trial/disks.js';
import { TRIAL_KINDS } from '../trial/kinds.js';
import { LivesOfAWorker } from '../trial/lives.js';
import { countsText } from '../trial/tally.js';
import { Trial } from '../trial/trial.js';
import { FAULTS } from './faults.js';
import { LOG_BYTES, LOG_KEEP, Stage } from './stage.js';

const options = longRun({
  script: 'soak:week',
  about:
    "A week of a Worker's life in minutes: whatever happens to it, no Slice may be lost, and nothing may grow or stay behind.",
  minutes: 60,
  happenings: Object.keys(FAULTS),
});
/** Jobs at the same time. */
const LANES = 3;
const REST_MS = 800;
/** How long Jobs under way may take once everything is well, milliseconds. */
const SETTLE_MS = 60_000;

const code = runWhereDisksCanBeMade();
if (code !== null) process.exit(code);

const trial = new Trial('week', options);
const { fault } = trial;
const stage = new Stage(trial);
const scheduler = await openEmbeddedScheduler(stage.schedulerDirectory);
const client = new Client(scheduler, new Random(options.seed + 1), fault, {
  kinds: TRIAL_KINDS,
  damages: options.damage,
});
stage.client = client;
await stage.open();
const lives = new LivesOfAWorker(stage, fault);
client.start(LANES);
await trial.through(
  () => trial.rounds(FAULTS, stage, { restMs: REST_MS, look: () => lives.look() }),
  () => settle(),
);
const settled = { spool: stage.spoolFiles(), log: stage.logFiles() };
lives.close();
await scheduler.close();
await stage.close();
process.exit(report());

/** Everything is well: what is under way comes to its end, and the Worker stops as told. */
async function settle(): Promise<void> {
  await client.finish(SETTLE_MS);
  await stage.worker.status.command('reload');
  lives.look();
  const ended = await stage.worker.end((child) => child.kill('SIGTERM'), 30_000);
  if (ended !== 0) fault(`in the end the Worker ended with ${ended ?? 'nothing in time'}, expected 0`);
  if (options.damage) {
    for (let number = 1; number <= LOG_KEEP + 1; number++)
      writeFileSync(path.join(stage.logDisk.folder, `worker.log.${number}`), 'too many');
    mkdirSync(stage.spool, { recursive: true });
    writeFileSync(path.join(stage.spool, 'left'), 'over');
  }
  const spool = stage.spoolFiles();
  if (spool.length > 0) fault(`the spool is not empty: ${spool.join(', ')}`);
  const log = stage.logFiles();
  if (log.size > LOG_KEEP + 1) fault(`${log.size} log files, expected ${LOG_KEEP + 1} at most`);
  for (const [name, bytes] of log)
    if (bytes > LOG_BYTES) fault(`${name} has ${bytes} bytes, of ${LOG_BYTES}`);
  if (stage.logServer.malformed > 0) fault(`${stage.logServer.malformed} malformed messages of syslog`);
  if (stage.tally.of('uncaught') > 0) fault(`${stage.tally.of('uncaught')} errors that nothing caught`);
}

function report(): number {
  const { tally, logServer, worker } = stage;
  const rows: [string, string][] = [
    ['Worker', `${worker.starts} starts, ${worker.orphans} orphans`],
    ['Exit codes', countsText(stage.exits)],
    ['Memory, MiB', lives.memoryText()],
    ['Descriptors', lives.descriptorText()],
    ['Log files, bytes', [...settled.log].map(([name, bytes]) => `${name} ${bytes}`).join(', ')],
    ['Spool', settled.spool.length === 0 ? 'empty' : settled.spool.join(', ')],
    ['syslog', `${countsText(logServer.received)}; ${logServer.droppedAsSaid} records said to be dropped`],
    ['Worker said', countsText(tally.records)],
    ...Object.entries(tally.told).map(([what, times]): [string, string] => [what, String(times)]),
  ];
  return trial.report(client, rows, {
    starts: worker.starts,
    ...lives.figures(),
    droppedAsSaid: logServer.droppedAsSaid,
  });
}
