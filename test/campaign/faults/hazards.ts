/** What befalls the processes of the campaign: each undoes itself, and says when something did not go as documented. */
import type { ChildProcess } from 'node:child_process';
import { withoutDisks } from '../../soak/trial/disks.js';
import { HeldLock } from '../../soak/trial/held-lock.js';
import { signalOneOf, signalOurs, type Quarry } from '../../soak/trial/quarry.js';
import { count } from '../../soak/trial/tally.js';
import { comesTrue, END_MS } from '../../soak/trial/trial-stage.js';
import type { Happening } from '../../soak/trial/trial.js';
import type { Actor, Stage } from './stage.js';

/** An evaluator that does not answer is killed after 10 s, one that is just starting after 30 s; a timer counts them, in fifths and one more. */
const HANG_MS = 50_000;
/** How long a process that goes on may take to see that its connection is over, milliseconds. */
const SEEN_MS = 10_000;

export const HAZARDS: Readonly<Record<string, Happening<Stage>>> = {
  killEvaluators: {
    run: async (stage) => {
      for (let kills = 2 + stage.random.below(4); kills > 0; kills--) {
        signalEvaluator(stage, anyActor(stage), 'SIGKILL');
        await stage.between(50, 600);
      }
      await stage.work('evaluator processes were killed');
    },
  },
  stopEvaluators: {
    run: async (stage) => {
      for (const actor of stage.actors) {
        const stopped = signalEvaluator(stage, actor, 'SIGSTOP');
        await stage.between(100, 2000);
        stopped?.signal('SIGCONT');
      }
      await stage.work('evaluator processes were stopped for a while');
    },
  },
  stopEvaluatorForGood: {
    isLong: true,
    run: async (stage) => {
      const [own, standing] = stage.actors.map((actor) => signalEvaluator(stage, actor, 'SIGSTOP')) as [
        Quarry | null,
        Quarry | null,
      ];
      const { tally } = stage.actors[1]!;
      const silences = (): number => tally.times(/did not answer/);
      const before = silences();
      await stage.until('a Worker ends a process that does not answer', HANG_MS, () => own?.isGone ?? true);
      const isGone = (): boolean => standing?.isGone ?? true;
      // Until its Worker has given it up it would just go on. Of one that no Job has, nothing is told.
      await comesTrue(HANG_MS, () => silences() > before || isGone());
      // Nobody but whoever stopped it can end the process of a connection; it sees then that the connection is over.
      standing?.signal('SIGCONT');
      await stage.until('a process ends with its connection', SEEN_MS, isGone);
      await stage.work('an evaluator process was stopped for good');
    },
  },
  resetConnections: {
    run: async (stage) => {
      for (let times = 1 + stage.random.below(3); times > 0; times--) {
        stage.proxy.resetAll();
        await stage.between(100, 1000);
      }
      await stage.work('all connections were reset');
    },
  },
  killStandingEvaluator: {
    run: async (stage) => {
      await stage.standing.kill();
      await stage.between(0, 2000);
      await stage.standing.start();
      await stage.work('the standing evaluator was killed');
    },
  },
  stopStandingEvaluator: {
    run: async (stage) => {
      signalOurs(stage.standing.pid, 'SIGSTOP');
      stage.proxy.resetAll();
      await stage.between(500, 3000);
      signalOurs(stage.standing.pid, 'SIGCONT');
      await stage.work('the standing evaluator was stopped for a while');
    },
  },
  stopWorker: {
    run: async (stage) => {
      const { worker } = anyActor(stage);
      signalOurs(worker.pid, 'SIGSTOP');
      // Longer than its leases last, or not.
      await stage.between(200, 5000);
      signalOurs(worker.pid, 'SIGCONT');
      await stage.work('a Worker was stopped for a while');
    },
  },
  killWorker: {
    restarts: true,
    run: async (stage) => {
      const actor = anyActor(stage);
      await end(stage, actor, 'SIGKILL', (child) => child.kill('SIGKILL'), ['SIGKILL']);
      await actor.worker.start();
      await stage.work('a Worker was killed');
    },
  },
  killAll: {
    restarts: true,
    run: async (stage) => {
      await Promise.all([
        stage.standing.kill(),
        ...stage.actors.map((actor) =>
          end(stage, actor, 'SIGKILL', (child) => child.kill('SIGKILL'), ['SIGKILL']),
        ),
      ]);
      await stage.standing.start();
      await Promise.all(stage.actors.map(({ worker }) => worker.start()));
      await stage.work('everything was killed');
    },
  },
  killInTransaction: {
    run: async (stage) => {
      const lock = await HeldLock.take(stage.schedulerDirectory);
      await stage.between(100, 3000);
      await lock.letGo(stage.random);
      await stage.work("a process was stopped in a transaction of the Scheduler's, and killed");
    },
  },
  schedulerDiskFull: { without: withoutDisks, run: schedulerDiskFull },
  spoolDiskFull: { restarts: true, without: withoutDisks, run: spoolDiskFull },
};

const anyActor = ({ random, actors }: Stage): Actor => random.pick(actors);

/** Null: it has none at this moment. */
const signalEvaluator = ({ random }: Stage, actor: Actor, signal: NodeJS.Signals): Quarry | null =>
  signalOneOf(actor.evaluators(), random, signal);

async function end(
  stage: Stage,
  { name, worker }: Actor,
  how: string,
  by: (child: ChildProcess) => unknown,
  wanted: readonly (number | string)[],
): Promise<void> {
  const ended = await worker.end(by, END_MS);
  count(stage.exits, `${how}: ${ended}`);
  if (ended === null || !wanted.includes(ended))
    stage.fault(`${name}: ended with ${ended ?? 'nothing in time'} after ${how}`);
}

async function schedulerDiskFull(stage: Stage): Promise<void> {
  const { client, schedulerDisk, actors } = stage;
  const troubles = (): number =>
    client!.refusals + actors.reduce((sum, { tally }) => sum + tally.troubles(/ENOSPC|no room/), 0);
  const before = troubles();
  schedulerDisk.fill();
  const refused = client!.run('largePayloads');
  await stage.between(1000, 3000);
  if (troubles() === before) stage.fault("the Scheduler's disk is full, and nobody noticed");
  schedulerDisk.free();
  await refused;
  await stage.work("the Scheduler's disk was full");
}

/** A Worker has results that neither the Scheduler takes nor the spool has room for: their Slices run again. */
async function spoolDiskFull(stage: Stage): Promise<void> {
  const actor = anyActor(stage);
  const lock = await HeldLock.take(stage.schedulerDirectory);
  stage.spoolDisk.fill();
  try {
    await stage.between(200, 1000);
    await end(
      stage,
      actor,
      'SIGTERM while nothing could be recorded',
      (child) => child.kill('SIGTERM'),
      [0, 143],
    );
  } finally {
    await lock.letGo(stage.random);
    stage.spoolDisk.free();
  }
  await actor.worker.start();
  await stage.work('a Worker stopped while nothing could be recorded');
}
