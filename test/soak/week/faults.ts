/** What happens to a Worker in a week: each undoes itself, and says when something did not go as documented. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutClocks } from '../trial/clock.js';
import { withoutDisks } from '../trial/disks.js';
import { HeldLock } from '../trial/held-lock.js';
import { signalOneOf, type Quarry } from '../trial/quarry.js';
import { count } from '../trial/tally.js';
import { END_MS } from '../trial/trial-stage.js';
import type { Happening } from '../trial/trial.js';
import type { LogServer } from './log-server.js';
import type { Stage } from './stage.js';

/** Records that wait for an output at most (docs/OUTPUTS.md). */
const QUEUE_RECORDS = 4_096;

export const FAULTS: Readonly<Record<string, Happening<Stage>>> = {
  reloadByCommand: { run: (stage) => edit(stage, 'command') },
  reloadBySignal: { run: (stage) => edit(stage, 'signal') },
  wrongConfiguration: { run: wrongConfiguration },
  pauseAndResume: { run: pauseAndResume },

  killEvaluator: {
    run: async (stage) => {
      for (let kills = 1 + stage.random.below(3); kills > 0; kills--) {
        const killed = await signalEvaluator(stage, 'SIGKILL');
        await stage.until('a killed evaluator process is waited for', 10_000, () => killed?.isGone ?? true);
      }
      await stage.works('evaluator processes were killed');
    },
  },
  stopEvaluator: {
    run: async (stage) => {
      const stopped = await signalEvaluator(stage, 'SIGSTOP');
      await stage.between(1000, 4000);
      stopped?.signal('SIGCONT');
      await stage.works('an evaluator process was stopped for a while');
    },
  },

  stopBySigterm: {
    restarts: true,
    run: (stage) => restart(stage, 'SIGTERM', (child) => child.kill('SIGTERM')),
  },
  stopBySigquit: {
    restarts: true,
    run: (stage) => restart(stage, 'SIGQUIT', (child) => child.kill('SIGQUIT')),
  },
  stopBySigintTwice: {
    restarts: true,
    run: (stage) =>
      restart(
        stage,
        'SIGINT twice',
        async (child) => {
          child.kill('SIGINT');
          await sleep(100);
          child.kill('SIGINT');
        },
        [0, 'SIGINT'],
      ),
  },
  stopBySigintThrice: {
    restarts: true,
    run: (stage) =>
      restart(
        stage,
        'SIGINT thrice',
        async (child) => {
          for (let i = 0; i < 3; i++) {
            child.kill('SIGINT');
            await sleep(20);
          }
        },
        // It may be done before the third, and Node lets go of the signal some milliseconds before the process is gone.
        [0, 130, 'SIGINT'],
      ),
  },
  kill: {
    restarts: true,
    run: (stage) => restart(stage, 'SIGKILL', (child) => child.kill('SIGKILL'), ['SIGKILL']),
  },
  drain: {
    restarts: true,
    run: (stage) => restart(stage, 'drain', () => stage.worker.status.command('drain')),
  },

  schedulerDiskFull: {
    without: withoutDisks,
    run: schedulerDiskFull,
  },
  schedulerHeldUp: {
    run: async (stage) => {
      const holder = await HeldLock.take(stage.schedulerDirectory);
      await stage.between(1000, 7000);
      await stage.status();
      await holder.letGo(stage.random);
      await stage.works("a stopped process held the Scheduler's lock", 40_000);
    },
  },
  stopWhileSchedulerHeldUp: { restarts: true, run: stopWhileHeldUp },

  logDiskFull: {
    without: withoutDisks,
    run: async (stage) => {
      stage.logDisk.fill();
      await flood(stage, 1);
      await stage.between(500, 2000);
      stage.logDisk.free();
      await stage.works("the log's disk was full");
      await stage.worker.status.command('reload');
    },
  },
  spoolDiskFull: {
    restarts: true,
    without: withoutDisks,
    run: async (stage) => {
      stage.logDisk.fill();
      try {
        await stopWhileHeldUp(stage, () => stage.logDisk.free());
      } finally {
        stage.logDisk.free();
      }
    },
  },

  logServerKilled: { run: logServerKilled },
  logServerDeaf: {
    run: async (stage) => {
      stage.logServer.deafen();
      await flood(stage, 2);
      await stage.between(500, 3000);
      await stage.works('the log server did not read');
      stage.logServer.hear();
    },
  },

  clockForward: { without: withoutClocks, run: (stage) => jump(stage, 1 + stage.random.below(72)) },
  clockBack: { without: withoutClocks, run: (stage) => jump(stage, -1 - stage.random.below(72)) },
};

async function edit(stage: Stage, by: 'command' | 'signal'): Promise<void> {
  const { configuration, worker, tally } = stage;
  const keys = configuration.edit(stage.random);
  if (by === 'command') {
    const { lines = [] } = await worker.status.command('reload');
    for (const key of keys)
      if (!lines.some((line) => line.startsWith(`${key}: `)))
        stage.fault(`reload does not tell that ${key} has changed: ${lines.join('; ')}`);
  } else {
    const before = tally.of('reloaded');
    process.kill(worker.pid, 'SIGHUP');
    await stage.until('SIGHUP is answered', 10_000, () => tally.of('reloaded') > before);
  }
  await placesAreRight(stage, `a reload by ${by}`);
}

async function placesAreRight(stage: Stage, after: string): Promise<void> {
  const { places } = await stage.status();
  const { places: wanted } = stage.configuration;
  if (places.all !== wanted) stage.fault(`${places.all} places after ${after}, not ${wanted}`);
}

async function wrongConfiguration(stage: Stage): Promise<void> {
  const { configuration, random } = stage;
  configuration.spoil(random);
  await refusedReload(stage);
  await placesAreRight(stage, 'a wrong configuration');
  configuration.restore();
  await stage.works('a wrong configuration');
}

/** Answers how many mistakes the Worker names, each of which is a record of its log. */
async function refusedReload(stage: Stage): Promise<number> {
  try {
    const { lines = [] } = await stage.worker.status.command('reload');
    stage.fault(`a wrong configuration is not refused: ${lines.join('; ').slice(0, 300)}`);
    return 0;
  } catch (error) {
    const { message } = error as Error;
    if (!message.endsWith('(ECONFIG)')) throw error;
    return message.split('\n').length;
  }
}

async function pauseAndResume(stage: Stage): Promise<void> {
  const { worker } = stage;
  await worker.status.command('pause');
  const isQuiet = await stage.until('a paused Worker comes to rest', 20_000, async () => {
    const { state, sandboxes } = await stage.status();
    return state === 'paused' && sandboxes.every(({ slice }) => slice === null);
  });
  if (isQuiet) {
    const { counts } = await stage.status();
    await stage.between(300, 1500);
    const { counts: later, state } = await stage.status();
    if (later.done !== counts.done || state !== 'paused')
      stage.fault(`paused, and ${later.done - counts.done} Slices were done; ${state}`);
  }
  await worker.status.command('resume');
  await stage.works('a pause');
}

/** Null: there is none any more. */
async function signalEvaluator(stage: Stage, signal: NodeJS.Signals): Promise<Quarry | null> {
  await stage.until('there is an evaluator process', 10_000, () => stage.worker.evaluators().length > 0);
  return signalOneOf(stage.worker.evaluators(), stage.random, signal);
}

async function restart(
  stage: Stage,
  name: string,
  by: (child: ChildProcess) => unknown,
  wanted: readonly (number | string)[] = [0],
): Promise<void> {
  const ended = await stage.worker.end(by, END_MS);
  count(stage.exits, `${name}: ${ended}`);
  if (ended === null || !wanted.includes(ended))
    stage.fault(
      `${name}: the Worker ended with ${ended ?? 'nothing in time'}, expected ${wanted.join(' or ')}`,
    );
  await stage.worker.start();
  await placesAreRight(stage, 'a start');
  await stage.works(name);
}

/** Results of a Job that is there before come while nothing more fits, and another Job is refused. */
async function schedulerDiskFull(stage: Stage): Promise<void> {
  const { client, schedulerDisk } = stage;
  const before = stage.tally.troubles(/ENOSPC|no room/);
  const refused = client!.refusals;
  const first = client!.run('largeResults');
  await stage.until('Slices with large results are at work', 20_000, async () => {
    const { jobs } = await stage.status();
    return jobs.some(({ name, running }) => name === 'largeResults' && running > 0);
  });
  schedulerDisk.fill();
  const second = client!.run('largePayloads');
  await stage.between(2000, 5000);
  await stage.status();
  if (client!.refusals === refused && stage.tally.troubles(/ENOSPC|no room/) === before)
    stage.fault("the Scheduler's disk is full, and nobody noticed");
  schedulerDisk.free();
  await Promise.all([first, second]);
  await stage.works("the Scheduler's disk was full", 40_000);
}

/** Results wait in the spool then, where that has room. `before` the next start. */
async function stopWhileHeldUp(stage: Stage, before: () => void = () => undefined): Promise<void> {
  const holder = await HeldLock.take(stage.schedulerDirectory);
  await stage.between(200, 1000);
  // Whether it can be said in time that everything was given up is open: both ends are documented.
  const ended = await stage.worker.end((child) => child.kill('SIGTERM'), END_MS);
  count(stage.exits, `SIGTERM while the Scheduler was held up: ${ended}`);
  if (ended !== 0 && ended !== 143)
    stage.fault(
      `told to stop while the Scheduler was held up: ${ended ?? 'not ended in time'}, expected 0 or 143`,
    );
  await holder.letGo(stage.random);
  before();
  await stage.worker.start();
  await stage.works('a stop while the Scheduler was held up');
}

/** Makes the Worker say much. Answers how many records that were at least. */
async function flood(stage: Stage, times: number): Promise<number> {
  let records = 0;
  stage.configuration.spoilAtLength();
  for (let i = 0; i < times; i++) records += await refusedReload(stage);
  stage.configuration.restore();
  return records;
}

async function logServerKilled(stage: Stage): Promise<void> {
  const { logServer, worker } = stage;
  await logServer.kill();
  const before = await stage.status();
  const heardBefore = heardOf(logServer);
  let records = 0;
  while (records < QUEUE_RECORDS * 1.5) records += await flood(stage, 1);
  const { droppedRecords } = await stage.status();
  if (droppedRecords === before.droppedRecords)
    stage.fault(`${records} records for a log server that is away, and none is said to be dropped`);
  await stage.works('the log server was killed');
  await logServer.start();
  // Opens outputs anew, without waiting for the next try.
  await worker.status.command('reload');
  const heard = (): number => heardOf(logServer) - heardBefore;
  const isSaid = await stage.until(
    'each record has come, or is said to be dropped',
    20_000,
    () => heard() >= records,
  );
  if (!isSaid) stage.fault(`of ${records} records ${heard()} have come or are said to be dropped`);
}

/** Refusals that have come, and records that are said to be dropped. */
function heardOf({ received, droppedAsSaid }: LogServer): number {
  return (received['notReloaded'] ?? 0) + droppedAsSaid;
}

async function jump(stage: Stage, hours: number): Promise<void> {
  const { clock } = stage;
  clock!.set(hours);
  await sleep(50);
  const { time } = await stage.status();
  const isOff = Math.round((time - Date.now()) / 3_600_000);
  if (isOff !== hours) stage.fault(`a clock set by ${hours} h: the Worker's is off by ${isOff} h`);
  await stage.between(500, 2500);
  await stage.works(`the clock was set by ${hours} h`);
  clock!.set(0);
  await stage.works('the clock was set right');
}
