import { createCompute, type Compute, type JobCancelledError } from '../compute/index.js';
import {
  durationText,
  harmlessLines,
  type JobId,
  JobStateError,
  type JobStatus,
  printable,
  SliceError,
} from '../model/index.js';
import { doneOfTotal, printJsonLine, printResults, table } from './present.js';
import { ExitCode } from './program.js';

/** Characters of a description that are shown. */
const LONGEST_DESCRIPTION = 2_000;

/** Options of the commands that look at Jobs or change them. */
export interface JobCommandOptions {
  readonly scheduler: string;
  readonly json: boolean;
}

/** `dcp-job ls` */
export async function listJobs({ scheduler, json }: JobCommandOptions): Promise<number> {
  const jobs = await createCompute({ scheduler }).listJobs();
  jobs.sort((a, b) => a.createdAt - b.createdAt);
  if (json) for (const job of jobs) printJsonLine({ type: 'job', ...job });
  else if (jobs.length > 0) {
    const rows = jobs.map((job) => [
      job.id,
      job.state,
      doneOfTotal(job),
      String(job.failed),
      age(job),
      printable(job.public.name),
    ]);
    process.stdout.write(table([['JOB', 'STATE', 'DONE', 'FAILED', 'AGE', 'NAME'], ...rows]));
  } else process.stderr.write(`no Jobs in ${scheduler}\n`);
  return ExitCode.ok;
}

/** `dcp-job status` */
export async function showStatus(id: JobId, { scheduler, json }: JobCommandOptions): Promise<number> {
  const status = await createCompute({ scheduler }).jobStatus(id);
  if (json) printJsonLine({ type: 'job', ...status });
  else {
    const rows = [
      ['job', status.id],
      ['name', printable(status.public.name)],
      ...(status.public.description === ''
        ? []
        : [['description', printable(status.public.description, LONGEST_DESCRIPTION)]]),
      ['state', status.state],
      ['slices', doneOfTotal(status)],
      ['failed', String(status.failed)],
      ['leased', String(status.leased)],
      [
        'slice time',
        status.sliceMs === null ? 'not known yet' : `${durationText(status.sliceMs)} on average`,
      ],
      ['created', new Date(status.createdAt).toISOString()],
    ];
    process.stdout.write(table(rows));
  }
  return ExitCode.ok;
}

/** `dcp-job results`: those that are there, or with `wait` all of them. */
export async function showResults(
  id: JobId,
  options: JobCommandOptions & { readonly wait: boolean },
): Promise<number> {
  const { scheduler, json, wait } = options;
  const compute = createCompute({ scheduler });
  const job = await compute.resume(id);
  let cancelled = false;
  if (wait) {
    await tellOfUpload(compute, id);
    await job.exec().catch((error: JobCancelledError) => {
      if (error.code !== 'ECANCELLED') throw error;
      cancelled = true;
    });
  }
  const results = await job.fetchResults();
  printResults(results.entries(), json);
  let failed = 0;
  for (const [index, result] of results.entries()) {
    if (!(result instanceof SliceError)) continue;
    failed++;
    const message = harmlessLines(result.message, Infinity);
    if (!json) process.stderr.write(`slice ${index + 1} failed, ${result.code}: ${message}\n`);
  }
  const status = await compute.jobStatus(id);
  if (!json && status.state !== 'finished')
    process.stderr.write(`job ${id} is ${status.state}: ${doneOfTotal(status)} Slices done\n`);
  return failed > 0 || cancelled || status.state === 'cancelled' ? ExitCode.failure : ExitCode.ok;
}

/** Nothing else tells an upload that goes on from one whose client is gone. */
async function tellOfUpload(compute: Compute, id: JobId): Promise<void> {
  const { state } = await compute.jobStatus(id);
  if (state === 'uploading')
    process.stderr.write(
      `job ${id} is still being uploaded; if the client that did so is gone, cancel it: dcp-job cancel\n`,
    );
}

/** `dcp-job cancel` */
export async function cancelJobs(
  ids: readonly JobId[],
  { scheduler, json }: JobCommandOptions,
): Promise<number> {
  const compute = createCompute({ scheduler });
  for (const id of ids) {
    await compute.cancelJob(id);
    if (json) printJsonLine({ type: 'cancelled', job: id });
  }
  return ExitCode.ok;
}

/** `dcp-job rm` */
export async function removeJobs(
  ids: readonly JobId[],
  options: JobCommandOptions & { readonly force: boolean },
): Promise<number> {
  const compute = createCompute({ scheduler: options.scheduler });
  for (const id of ids) {
    if (!options.force) await refuseUnfinished(compute, id);
    await compute.removeJob(id);
    if (options.json) printJsonLine({ type: 'removed', job: id });
  }
  return ExitCode.ok;
}

async function refuseUnfinished(compute: Compute, id: JobId): Promise<void> {
  const { state } = await compute.jobStatus(id);
  if (state === 'finished' || state === 'cancelled') return;
  throw new JobStateError(`job ${id} is ${state}; cancel it first, or use --force`);
}

function age({ createdAt }: JobStatus): string {
  return durationText(Math.max(0, Date.now() - createdAt));
}
