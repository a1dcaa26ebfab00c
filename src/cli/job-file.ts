import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Job, type Compute } from '../compute/index.js';
import { UsageError } from './program.js';

/** What `done` is given beside the results. */
export interface DoneContext {
  readonly job: Job;
  /** Where to write files, absolute. */
  readonly outputDirectory: string;
  /** The command line after `--`. */
  readonly args: readonly string[];
}

/**
 * A Job file: an ES module that makes a Job and may do something with its results.
 *
 *     export default function (compute, { args }) { return compute.for(…); }   // or a promise for a Job
 *     export async function done(results, { job, outputDirectory, args }) {}   // optional; array in input order
 *
 * `done` is called when every Slice has succeeded.
 */
export interface JobFile {
  makeJob(compute: Compute, args: readonly string[]): Promise<Job>;
  readonly done: ((results: unknown[], context: DoneContext) => unknown) | null;
}

/** Throws `UsageError` for a file that is not there or not a Job file; what the module throws is passed on. */
export async function loadJobFile(file: string): Promise<JobFile> {
  const location = path.resolve(file);
  if (!existsSync(location)) throw new UsageError(`${file}: no such file`);
  const module = (await import(pathToFileURL(location).href)) as { default?: unknown; done?: unknown };
  const { default: make, done } = module;
  if (typeof make !== 'function') {
    throw new UsageError(
      `${file}: expected "export default function (compute, { args })" that returns a Job`,
    );
  }
  if (done !== undefined && typeof done !== 'function')
    throw new UsageError(`${file}: done: expected a function, got ${typeof done}`);
  return {
    async makeJob(compute, args) {
      const job: unknown = await (make as (...given: unknown[]) => unknown)(compute, { args });
      if (job instanceof Job) return job;
      throw new UsageError(
        `${file}: its default export returned no Job; expected what compute.for(…) returns`,
      );
    },
    done: (done as JobFile['done'] | undefined) ?? null,
  };
}
