/**
 * The fault campaign: two Workers on one Scheduler directory, one with evaluator processes of its own and one with a standing evaluator, and a client
 * that keeps deploying Jobs, some of which eat memory until V8 ends their process. All the while streams of frames break at random bytes:
 * of a third of the evaluator processes (cut-stream.ts), and of a third of the connections to the standing evaluator
 * (cutting-proxy.ts). Beside that the hazards (hazards.ts), one after another in a random order: SIGKILL and SIGSTOP of evaluators, of the standing
 * evaluator, of Workers, of a process within a transaction of the Scheduler's; full disks.
 *
 *   npm run campaign:faults [-- --minutes 10 --seed 1 --only killWorker,killEvaluators]
 *
 * Every Slice must come to its right end, recorded once; no process may outlive its owner; of Workers that live, neither memory nor
 * descriptors nor shared memory may grow. Prints a table and a JSON line; exit code 1 when anything of that does not hold. It says at
 * its start which processes it may stop; `--damage` damages results, to see that it fails then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Random } from '../../fuzz/mutate.js';
import { Client } from '../../soak/week/client.js';
import { runWhereDisksCanBeMade } from '../../soak/week/disks.js';
import { LivesOfAWorker } from '../../soak/week/lives.js';
import { count } from '../../soak/week/tally.js';
import { HAZARDS } from './hazards.js';
import { CAMPAIGN_KINDS } from './kinds.js';
import { leakText, leastHoldings, sharedMemoryFiles } from './leaks.js';
import { Stage } from './stage.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    only: { type: 'string', default: '' },
    damage: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const minutes = Number(values.minutes);
/** Jobs at the same time. */
const LANES = 4;
/** Campaigns that last at least so long have the long hazards, too, minutes. */
const LONG_MINUTES = 2;
/** Of what may happen; empty: everything. */
const only = new Set(values.only.split(',').filter(Boolean));
/** Kinds of hazards that happen however short the time is. */
const LEAST_HAZARDS = Math.min(3, only.size || 3);
const MAX_FAULTS = 30;
/** How long Jobs under way may take once everything is well, milliseconds. */
const SETTLE_MS = 90_000;
/** Evaluators without a Job end meanwhile, and connections with them, milliseconds. */
const QUIET_MS = 4_000;

const code = runWhereDisksCanBeMade();
if (code !== null) process.exit(code);

const random = new Random(seed);
const faults: string[] = [];
let doing = 'start';
const fault = (what: string): void => {
  if (faults.length < MAX_FAULTS) faults.push(`${what} (during ${doing})`);
};
const say = (text: string): void => void process.stderr.write(`campaign: ${text}\n`);
say(`seed ${seed}, ${minutes} minutes`);
say(
  'it stops, kills and cuts off processes that it starts itself, and those that they start: two dcp-worker, a dcp-evaluator, their evaluator processes, and holders of the lock of a Scheduler directory of its own; no others',
);

const sharedBefore = sharedMemoryFiles();
const stage = new Stage(random, fault);
const scheduler = await openEmbeddedScheduler(stage.schedulerDirectory);
const client = new Client(scheduler, new Random(seed + 1), fault, values.damage, CAMPAIGN_KINDS);
stage.client = client;
const happened: Record<string, number> = {};
const skipped = new Map<string, string>();
let isOver = false;
process.once('exit', () => stage.killAll());
await stage.open();
say(
  `started: ${stage.actors.map(({ name, worker }) => `Worker ${name} ${worker.pid}`).join(', ')}, standing evaluator ${stage.standing.pid}`,
);
const lives = stage.actors.map((actor) => ({ actor, of: new LivesOfAWorker(actor, fault) }));
const end = performance.now() + minutes * 60_000;
const goesOn = (): boolean => performance.now() < end || Object.keys(happened).length < LEAST_HAZARDS;
const lanes = Promise.all(Array.from({ length: LANES }, () => client.lane(() => !isOver)));
try {
  await live();
  doing = 'end';
  await settle();
} catch (error) {
  fault(`given up: ${String((error as Error).stack ?? error)}`);
}
for (const { of } of lives) of.close();
await scheduler.close();
await stage.close();
const sharedLeft = sharedMemoryFiles().filter((name) => !sharedBefore.includes(name));
if (sharedLeft.length > 0) fault(`left in /dev/shm: ${sharedLeft.join(', ')}`);
report();
process.exit(faults.length === 0 ? 0 : 1);

/** Rounds, in each of which everything happens once, but that Workers end in every third alone: else none would live long enough to grow. */
async function live(): Promise<void> {
  const possible = Object.entries(HAZARDS).filter(([name, { without, isLong }]) => {
    if (only.size > 0 && !only.has(name)) return false;
    const why = isLong === true && minutes < LONG_MINUTES ? `from ${LONG_MINUTES} minutes on` : without?.();
    if (typeof why === 'string') skipped.set(name, why);
    return typeof why !== 'string';
  });
  for (let round = 1; goesOn(); round++) {
    const ofThis = possible.filter(([, { restarts }]) => restarts !== true || round % 3 === 1);
    for (const left = [...ofThis]; left.length > 0 && goesOn();) {
      const [name, { run }] = left.splice(random.below(left.length), 1)[0]!;
      await sleep(random.below(500));
      doing = name;
      const begin = performance.now();
      const before = faults.length;
      await run(stage);
      count(happened, name);
      const found = faults.slice(before).map((text) => `\n  ${text}`);
      say(`${name}: ${((performance.now() - begin) / 1000).toFixed(1)} s${found.join('')}`);
    }
  }
}

/** Everything is well: what is under way comes to its end, nothing is held any more, and the Workers stop as told. */
async function settle(): Promise<void> {
  isOver = true;
  stage.calm();
  const isDone = await Promise.race([lanes.then(() => true), sleep(SETTLE_MS, false, { ref: false })]);
  if (!isDone) fault(`Jobs are not at their end: ${[...client.open.values()].join(', ')}`);
  const jobs = await scheduler.listJobs();
  if (isDone && jobs.length > 0) fault(`${jobs.length} Jobs are left with the Scheduler`);
  for (const { name, worker, atStart, tally } of stage.actors) {
    const leak = leakText(atStart!, await leastHoldings(worker.pid, QUIET_MS));
    if (leak !== null) fault(`Worker ${name} holds ${leak}`);
    if (tally.of('uncaught') > 0) fault(`Worker ${name}: ${tally.of('uncaught')} errors that nothing caught`);
    const ended = await worker.end((child) => child.kill('SIGTERM'), 30_000);
    if (ended !== 0) fault(`in the end Worker ${name} ended with ${ended ?? 'nothing in time'}, expected 0`);
  }
  const spool = stage.spoolFiles();
  if (spool.length > 0) fault(`the spool is not empty: ${spool.join(', ')}`);
}

function report(): void {
  const { counts, done } = client;
  const ok = faults.length === 0;
  const rows: [string, string][] = [
    ['Jobs, Slices', `${counts.jobs}, ${counts.slices}; ${counts.failedAsTheyMust} failed as they must`],
    ['Jobs by kind', text(done)],
    ['Client', `${counts.retries} calls the Scheduler refused, ${counts.redeployed} Jobs deployed anew`],
    ['What happened', text(happened)],
    ['Did not happen', [...skipped].map(([name, why]) => `${name} (${why})`).join('; ') || 'nothing'],
    ['Connections', text(stage.proxy.counts)],
    ['Exit codes', text(stage.exits)],
    ...lives.flatMap(({ actor: { name, worker, tally }, of }): [string, string][] => [
      [`Worker ${name}`, `${worker.starts} starts, ${worker.orphans} orphans`],
      ['  memory, MiB', of.memoryText()],
      ['  descriptors', of.descriptorText()],
      ['  said', text(tally.records)],
      ...Object.entries(tally.told).map(([what, times]): [string, string] => ['', `${times} × ${what}`]),
    ]),
  ];
  say(rows.map(([name, value]) => `\n  ${name.padEnd(18)} ${value}`).join(''));
  for (const what of faults) say(`FAULT: ${what}`);
  const workers = Object.fromEntries(
    lives.map(({ actor: { name, worker }, of }) => [
      name,
      { starts: worker.starts, orphans: worker.orphans, ...of.figures() },
    ]),
  );
  const { jobs, slices } = counts;
  const connections = stage.proxy.counts;
  process.stdout.write(
    `${JSON.stringify({ ok, seed, minutes, jobs, slices, happened, skipped: Object.fromEntries(skipped), connections, workers, faults })}\n`,
  );
}

function text(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, times]) => `${name} ${times}`)
    .join(', ');
}
