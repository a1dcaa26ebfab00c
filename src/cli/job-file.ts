import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Job, type Compute } from '../compute/index.js';
import { DcpError } from '../model/index.js';
import { UsageError } from './program.js';

/** What `done` is given beside the results. */
export interface DoneContext {
  readonly job: Job;
  /** Where to write files, absolute: a directory that is there. */
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
  /** The directory of the file, from which its Job's modules are looked up. */
  readonly directory: string;
  makeJob(compute: Compute, args: readonly string[]): Promise<Job>;
  readonly done: ((results: unknown[], context: DoneContext) => unknown) | null;
}

/** Throws `UsageError` for a file that is not there, cannot be loaded, throws, or is not a Job file. */
export async function loadJobFile(file: string): Promise<JobFile> {
  const location = path.resolve(file);
  const stat = statSync(location, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`${file}: no such file`);
  if (stat.isDirectory()) throw new UsageError(`${file}: expected a Job file, got a directory`);
  const { default: make, done } = await loadModule(file, location);
  if (typeof make !== 'function') {
    throw new UsageError(
      `${file}: expected "export default function (compute, { args })" that returns a Job; if it is a program, run it with node`,
    );
  }
  if (done !== undefined && typeof done !== 'function')
    throw new UsageError(`${file}: done: expected a function, got ${typeof done}`);
  return {
    directory: path.dirname(location),
    async makeJob(compute, args) {
      const job: unknown = await callJobFile(`${file}: its default export`, UsageError, () =>
        (make as (...given: unknown[]) => unknown)(compute, { args }),
      );
      if (Job.schedulerOf(job) !== undefined) return job as Job;
      throw new UsageError(
        `${file}: its default export returned no Job; expected what compute.for(…) returns`,
      );
    },
    done:
      done === undefined
        ? null
        : (...given) =>
            callJobFile(`${file}: done`, Error, () => (done as (...given: unknown[]) => unknown)(...given)),
  };
}

async function loadModule(file: string, location: string): Promise<{ default?: unknown; done?: unknown }> {
  try {
    return (await import(pathToFileURL(location).href)) as { default?: unknown; done?: unknown };
  } catch (cause) {
    const where = cause instanceof SyntaxError ? syntaxErrorPlace(location) : null;
    throw new UsageError(`${file}: cannot be loaded: ${describe(cause)}${where ?? ''}`, { cause });
  }
}

/** Errors of ours say what is wrong; of all others, the line that threw says more than the message. */
async function callJobFile<T>(
  what: string,
  Failure: new (message: string, options: ErrorOptions) => Error,
  call: () => T | Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof DcpError) throw cause;
    throw new Failure(`${what} threw ${describe(cause)}`, { cause });
  }
}

/** `SyntaxError: Unexpected token '{' (job.mjs, line 3)` */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [, url, line] = /(file:[^\s()]*?):(\d+)(?::\d+)?\)?$/m.exec(error.stack ?? '') ?? [];
  return `${error.name}: ${error.message}${url === undefined ? '' : place(fileURLToPath(url), line!)}`;
}

/** Node tells a program of its own where a module's syntax is wrong, not the one that imports it. */
function syntaxErrorPlace(location: string): string | null {
  const { stderr } = spawnSync(process.execPath, ['--check', location], { encoding: 'utf8' });
  const [, line] = stderr.startsWith(`${location}:`) ? (/:(\d+)$/m.exec(stderr) ?? []) : [];
  return line === undefined ? null : place(location, line);
}

function place(location: string, line: string): string {
  return ` (${path.relative('', location)}, line ${line})`;
}
