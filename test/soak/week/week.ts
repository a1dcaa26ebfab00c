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
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Random } from '../../fuzz/mutate.js';
import { Client } from './client.js';
import { runWhereDisksCanBeMade } from './disks.js';
import { FAULTS } from './faults.js';
import { WEEK_KINDS } from './kinds.js';
import { LivesOfAWorker } from './lives.js';
import { LOG_BYTES, LOG_KEEP, Stage } from './stage.js';
import { count } from './tally.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    damage: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const seed = Number(values.seed);
const minutes = Number(values.minutes);
/** Jobs at the same time. */
const LANES = 3;
/** Of what may happen; empty: everything. */
const only = new Set(values.only.split(',').filter(Boolean));
const MAX_FAULTS = 30;
/** How long Jobs under way may take once everything is well, milliseconds. */
const SETTLE_MS = 60_000;

const code = runWhereDisksCanBeMade();
if (code !== null) process.exit(code);

const random = new Random(seed);
const faults: string[] = [];
let doing = 'start';
const fault = (what: string): void => {
  if (faults.length < MAX_FAULTS) faults.push(`${what} (during ${doing})`);
};
const say = (text: string): void => void process.stderr.write(`week: ${text}\n`);
say(`seed ${seed}, ${minutes} minutes`);

const stage = new Stage(random, fault);
const scheduler = await openEmbeddedScheduler(stage.schedulerDirectory);
const client = new Client(scheduler, new Random(seed + 1), fault, values.damage, WEEK_KINDS);
stage.client = client;
const happened: Record<string, number> = {};
const skipped = new Map<string, string>();
const end = performance.now() + minutes * 60_000;
let isOver = false;
await stage.open();
const lives = new LivesOfAWorker(stage, fault);
const lanes = Promise.all(Array.from({ length: LANES }, () => client.lane(() => !isOver)));
try {
  await live();
  doing = 'end';
  await settle();
} catch (error) {
  fault(`given up: ${String((error as Error).stack ?? error)}`);
}
const settled = { spool: stage.spoolFiles(), log: stage.logFiles() };
lives.close();
await scheduler.close();
await stage.close();
report();
process.exit(faults.length === 0 ? 0 : 1);

/**
 * Days, in each of which everything happens once, but that the Worker is stopped on every third day alone: else it would not
 * live long enough to grow. Ends when the time is up and everything has happened.
 */
async function live(): Promise<void> {
  const possible = Object.entries(FAULTS).filter(([name, { without }]) => {
    if (only.size > 0 && !only.has(name)) return false;
    const why = without?.() ?? null;
    if (why !== null) skipped.set(name, why);
    return why === null;
  });
  for (let day = 1; day === 1 || performance.now() < end; day++) {
    const ofToday = possible.filter(([, { restarts }]) => restarts !== true || day % 3 === 1);
    for (const left = [...ofToday]; left.length > 0 && (day === 1 || performance.now() < end);) {
      const [name, { run }] = left.splice(random.below(left.length), 1)[0]!;
      await sleep(random.below(800));
      doing = name;
      const begin = performance.now();
      const before = faults.length;
      await run(stage);
      lives.look();
      count(happened, name);
      const found = faults.slice(before).map((text) => `\n  ${text}`);
      say(`${name}: ${((performance.now() - begin) / 1000).toFixed(1)} s${found.join('')}`);
    }
  }
}

/** Everything is well: what is under way comes to its end, and the Worker stops as told. */
async function settle(): Promise<void> {
  isOver = true;
  const isDone = await Promise.race([lanes.then(() => true), sleep(SETTLE_MS, false, { ref: false })]);
  if (!isDone) fault(`Jobs are not at their end: ${[...client.open.values()].join(', ')}`);
  const jobs = await scheduler.listJobs();
  if (isDone && jobs.length > 0) fault(`${jobs.length} Jobs are left with the Scheduler`);
  await stage.worker.status.command('reload');
  lives.look();
  const ended = await stage.worker.end((child) => child.kill('SIGTERM'), 30_000);
  if (ended !== 0) fault(`in the end the Worker ended with ${ended ?? 'nothing in time'}, expected 0`);
  if (values.damage) {
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

function report(): void {
  const { counts, done } = client;
  const { tally, logServer, worker } = stage;
  const rows: [string, unknown][] = [
    ['Jobs, Slices', `${counts.jobs}, ${counts.slices}; ${counts.failedAsTheyMust} failed as they must`],
    ['Jobs by kind', text(done)],
    ['Client', `${counts.retries} calls the Scheduler refused, ${counts.redeployed} Jobs deployed anew`],
    ['What happened', text(happened)],
    ['Did not happen', [...skipped].map(([name, why]) => `${name} (${why})`).join('; ') || 'nothing'],
    ['Worker', `${worker.starts} starts, ${worker.orphans} orphans`],
    ['Exit codes', text(stage.exits)],
    ['Memory, MiB', lives.memoryText()],
    ['Descriptors', lives.descriptorText()],
    ['Log files, bytes', [...settled.log].map(([name, bytes]) => `${name} ${bytes}`).join(', ')],
    ['Spool', settled.spool.length === 0 ? 'empty' : settled.spool.join(', ')],
    ['syslog', `${text(logServer.received)}; ${logServer.droppedAsSaid} records said to be dropped`],
    ['Worker said', text(tally.records)],
    ...Object.entries(tally.told).map(([what, times]): [string, unknown] => [what, times]),
  ];
  say(rows.map(([name, value]) => `\n  ${name.padEnd(18)} ${String(value)}`).join(''));
  for (const what of faults) say(`FAULT: ${what}`);
  const { jobs, slices } = counts;
  const ok = faults.length === 0;
  process.stdout.write(
    `${JSON.stringify({ ok, seed, minutes, jobs, slices, happened, skipped: Object.fromEntries(skipped), starts: worker.starts, ...lives.figures(), droppedAsSaid: logServer.droppedAsSaid, faults })}\n`,
  );
}

function text(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, times]) => `${name} ${times}`)
    .join(', ');
}
