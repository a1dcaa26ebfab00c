import { realpathSync } from 'node:fs';
import path from 'node:path';
import { printable, type JobStatus } from '../../model/index.js';
import { hasScheduler, openEmbeddedScheduler, type Scheduler } from '../../scheduler/index.js';
import type { WorkerStatus } from '../../status/index.js';
import { quoted } from '../program.js';
import { note, ok, problem, type Finding } from './finding.js';
import { obstacles, type WorkerOffer } from './job-fit.js';

/** Open Jobs that are looked at one by one. */
const MAX_JOBS = 50;
/** Slices that fail in a row before it is worth a word. */
const MANY_FAILURES = 10;
/** A Worker opens its Scheduler once. */
const START_AGAIN = 'dcp-worker stop, then dcp-worker';

/** The third condition for work: there is some, and it is for this Worker. */
export async function checkWork(
  directory: string,
  offer: WorkerOffer,
  worker: WorkerStatus | null,
): Promise<Finding[]> {
  const elsewhere = ofOtherScheduler(directory, worker);
  if (!hasScheduler(directory)) {
    // That there is nothing where nobody looks is no news.
    if (elsewhere.length > 0) return elsewhere;
    if ((worker?.schedulerIdentity ?? null) !== null)
      return [
        problem(
          'SCHEDULER_MISSING',
          `${directory}: the Scheduler that the Worker has open is no longer here`,
          `put it back, or ${START_AGAIN}`,
        ),
      ];
    return [
      problem(
        'SCHEDULER_MISSING',
        `${directory}: there is no Scheduler here yet`,
        `dcp-job run FILE --scheduler ${quoted(directory)}`,
      ),
    ];
  }
  const unavailable = (error: unknown): Finding[] => [
    ...elsewhere,
    problem('SCHEDULER_UNAVAILABLE', `${directory}: ${(error as Error).message}`, null),
  ];
  let scheduler: Scheduler;
  try {
    scheduler = await openEmbeddedScheduler(directory);
  } catch (error) {
    return unavailable(error);
  }
  try {
    const found = elsewhere.length > 0 ? elsewhere : ofReplaced(scheduler, directory, worker);
    return [...found, ...(await ofScheduler(scheduler, directory, offer, worker))];
  } catch (error) {
    return unavailable(error);
  } finally {
    await scheduler.close();
  }
}

/** The Worker that runs takes nothing from here: what is looked at is not what it does. */
function ofOtherScheduler(directory: string, worker: WorkerStatus | null): Finding[] {
  if (worker === null || realPath(worker.scheduler) === realPath(directory)) return [];
  const text = `${directory} is asked about, and the Worker that runs uses ${printable(worker.scheduler, 200)}`;
  return [
    problem(
      'OTHER_SCHEDULER',
      text,
      `dcp-worker --scheduler ${quoted(printable(worker.scheduler, 1000))} doctor`,
    ),
  ];
}

/** The name is the same, and what was there when the Worker opened it is not. */
function ofReplaced(scheduler: Scheduler, directory: string, worker: WorkerStatus | null): Finding[] {
  const held = worker?.schedulerIdentity ?? null;
  if (held === null || held === scheduler.identity) return [];
  const text = `${directory}: the Scheduler that the Worker has open is no longer here: another has taken its place`;
  return [problem('OTHER_SCHEDULER', text, START_AGAIN)];
}

/** One directory may have several names. */
function realPath(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return path.resolve(directory);
  }
}

async function ofScheduler(
  scheduler: Scheduler,
  directory: string,
  offer: WorkerOffer,
  worker: WorkerStatus | null,
): Promise<Finding[]> {
  const found: Finding[] = [];
  const jobs = (await scheduler.listJobs()).filter(({ state }) => state === 'open' || state === 'uploading');
  if (jobs.length === 0)
    return [...found, problem('NO_WORK', `${directory}: no Job is open`, 'dcp-job run FILE')];
  // It pays nobody, so no Job is refused for its wage.
  found.push(
    note(
      null,
      `${jobs.length} open ${jobs.length === 1 ? 'Job' : 'Jobs'}; an embedded Scheduler pays no wage`,
    ),
  );
  let suited = 0;
  for (const job of jobs.slice(0, MAX_JOBS)) {
    const reasons = await reasonsAgainst(scheduler, job, offer, worker);
    // A Job whose Slices are all under way, or that fails a lot, is for this Worker nevertheless.
    const isSuited = reasons.every(({ code }) => code === 'JOB_FAILS' || code === 'JOB_HAS_NOTHING_LEFT');
    if (isSuited) suited++;
    const name = `Job ${job.id} "${printable(job.public.name, 60)}"`;
    if (reasons.length === 0) found.push(ok(`${name} is for this Worker`));
    for (const reason of reasons) found.push({ ...reason, text: `${name} ${reason.text}` });
  }
  if (jobs.length > MAX_JOBS) found.push(note(null, `${jobs.length - MAX_JOBS} more were not looked at`));
  if (suited === 0)
    found.push(
      problem(
        'NO_WORK_FOR_THIS_WORKER',
        'no open Job is for this Worker',
        'see above what each of them asks for',
      ),
    );
  return found;
}

async function reasonsAgainst(
  scheduler: Scheduler,
  job: JobStatus,
  offer: WorkerOffer,
  worker: WorkerStatus | null,
): Promise<Finding[]> {
  const found = obstacles(await scheduler.fetchJob(job.id), job, offer);
  const held = worker?.jobs.find(({ id }) => id === job.id);
  if (held !== undefined && held.failuresInARow >= MANY_FAILURES)
    found.push(
      note('JOB_FAILS', `has failed ${held.failuresInARow} times in a row here`, `dcp-job results ${job.id}`),
    );
  return found;
}
