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
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Random } from '../../fuzz/mutate.js';
import { longRun } from '../../soak/options.js';
import { Client } from '../../soak/trial/client.js';
import { runWhereDisksCanBeMade } from '../../soak/trial/disks.js';
import { LivesOfAWorker } from '../../soak/trial/lives.js';
import { countsText } from '../../soak/trial/tally.js';
import { Trial } from '../../soak/trial/trial.js';
import { HAZARDS } from './hazards.js';
import { CAMPAIGN_KINDS } from './kinds.js';
import { leakText, leastHoldings, sharedMemoryFiles } from './leaks.js';
import { Stage } from './stage.js';

const options = longRun({
  script: 'campaign:faults',
  about:
    'Two Workers on one Scheduler: whatever is killed, stopped, cut off or full, no Slice may be lost, and nothing may stay behind.',
  minutes: 10,
  happenings: Object.keys(HAZARDS),
});
/** Jobs at the same time. */
const LANES = 4;
const REST_MS = 500;
/** Of Slices, of which one may lose its evaluator in each of its three runs: a quarter of the processes die by themselves. */
const SLICES_FOR_ONE_LOST = 5_000;
/** What becomes of evaluators, connections and Workers that are killed, stopped or cut off; not of those that do not start, or end for want of something. */
const LOST_BY =
  /(?:was ended by SIG\w+|exited with code [01]|did not answer for [\d.]+ s|the connection to .* was lost\b.*|: a frame .*)$|^the Worker was lost in each of /;
/** Kinds of hazards that happen however short the time is. */
const LEAST_HAZARDS = 3;
/** How long Jobs under way may take once everything is well, milliseconds. */
const SETTLE_MS = 90_000;
/** Evaluators without a Job end meanwhile, and connections with them, milliseconds. */
const QUIET_MS = 4_000;

const code = runWhereDisksCanBeMade();
if (code !== null) process.exit(code);

const trial = new Trial('campaign', options);
const { fault } = trial;
trial.say(
  'it stops, kills and cuts off processes that it starts itself, and those that they start: two dcp-worker, a dcp-evaluator, their evaluator processes, and holders of the lock of a Scheduler directory of its own; no others',
);

const sharedBefore = sharedMemoryFiles();
const stage = new Stage(trial);
const scheduler = await openEmbeddedScheduler(stage.schedulerDirectory);
const client = new Client(scheduler, new Random(options.seed + 1), fault, {
  kinds: CAMPAIGN_KINDS,
  damages: options.damage,
  mayBeLost: { slicesForOne: SLICES_FOR_ONE_LOST, by: LOST_BY },
});
stage.client = client;
process.once('exit', () => stage.killAll());
await stage.open();
trial.say(
  `started: ${stage.actors.map(({ name, worker }) => `Worker ${name} ${worker.pid}`).join(', ')}, standing evaluator ${stage.standing.pid}`,
);
const lives = stage.actors.map((actor) => ({ actor, of: new LivesOfAWorker(actor, fault) }));
client.start(LANES);
await trial.through(
  () => trial.rounds(HAZARDS, stage, { restMs: REST_MS, least: LEAST_HAZARDS }),
  () => settle(),
);
for (const { of } of lives) of.close();
await scheduler.close();
await stage.close();
const sharedLeft = sharedMemoryFiles().filter((name) => !sharedBefore.includes(name));
if (sharedLeft.length > 0) fault(`left in /dev/shm: ${sharedLeft.join(', ')}`);
process.exit(report());

/** Everything is well: what is under way comes to its end, nothing is held any more, and the Workers stop as told. */
async function settle(): Promise<void> {
  stage.calm();
  await client.finish(SETTLE_MS);
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

function report(): number {
  const rows: [string, string][] = [
    ['Connections', countsText(stage.proxy.counts)],
    ['Exit codes', countsText(stage.exits)],
    ...lives.flatMap(({ actor: { name, worker, tally }, of }): [string, string][] => [
      [`Worker ${name}`, `${worker.starts} starts, ${worker.orphans} orphans`],
      ['  memory, MiB', of.memoryText()],
      ['  descriptors', of.descriptorText()],
      ['  said', countsText(tally.records)],
      ...Object.entries(tally.told).map(([what, times]): [string, string] => ['', `${times} × ${what}`]),
    ]),
  ];
  const workers = Object.fromEntries(
    lives.map(({ actor: { name, worker }, of }) => [
      name,
      { starts: worker.starts, orphans: worker.orphans, ...of.figures() },
    ]),
  );
  const { lostEachTime } = client.counts;
  return trial.report(client, rows, { lostEachTime, connections: stage.proxy.counts, workers });
}
