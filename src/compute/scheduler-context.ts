import path from 'node:path';
import { homeDirectory } from '../identity/index.js';
import { InvalidArgumentError, SchedulerError, shown } from '../model/index.js';
import { hasScheduler, openEmbeddedScheduler, type Scheduler } from '../scheduler/index.js';

/** Where Jobs go when nothing else is said: `DCP_SCHEDULER_DIR`, or `~/.dcp/scheduler`, for which `DCP_HOMEDIR` counts. */
export function defaultSchedulerDirectory(): string {
  const given = process.env['DCP_SCHEDULER_DIR'];
  return given !== undefined && given !== ''
    ? path.resolve(given)
    : path.join(homeDirectory(), '.dcp', 'scheduler');
}

/** A Scheduler for as long as somebody uses it. */
export interface SchedulerUse {
  readonly scheduler: Scheduler;
  /** Closes it, unless it was opened by somebody else. */
  end(): Promise<void>;
}

/** Opens a Scheduler when a call needs it and closes it after: a handle that waits for nothing keeps no process alive. */
export interface SchedulerContext {
  /** Of an embedded Scheduler; null: it is open already, and where it is, it alone knows. */
  readonly directory: string | null;
  /** The one that is there. Rejects with `SchedulerError` for a directory without one: mistyped, it must not become an empty one. */
  open(): Promise<SchedulerUse>;
  /** Makes it where there is none: for Jobs that are deployed. */
  openOrMake(): Promise<SchedulerUse>;
}

/**
 * From a Scheduler that is open already, the directory of an embedded one, or nothing: the default directory.
 * @throws InvalidArgumentError it is none of these
 */
export function schedulerContext(scheduler: Scheduler | string | undefined): SchedulerContext {
  const isScheduler = typeof (scheduler as Partial<Scheduler> | null | undefined)?.createJob === 'function';
  if (!isScheduler && scheduler !== undefined && (typeof scheduler !== 'string' || scheduler === ''))
    throw new InvalidArgumentError(
      'scheduler',
      `expected a Scheduler or the path of a directory, got ${shown(scheduler)}`,
    );
  if (typeof scheduler === 'object') {
    const use: SchedulerUse = { scheduler, end: () => Promise.resolve() };
    const open = (): Promise<SchedulerUse> => Promise.resolve(use);
    return { directory: null, open, openOrMake: open };
  }
  return new DirectoryContext(scheduler);
}

class DirectoryContext implements SchedulerContext {
  constructor(private readonly given: string | undefined) {}

  get directory(): string {
    return this.given ?? defaultSchedulerDirectory();
  }

  open(): Promise<SchedulerUse> {
    const { directory } = this;
    if (hasScheduler(directory)) return use(directory);
    return Promise.reject(
      new SchedulerError(
        `${directory}: there is no Scheduler here; deploying a Job ("dcp-job run") and "dcp-worker" make one`,
      ),
    );
  }

  openOrMake(): Promise<SchedulerUse> {
    return use(this.directory);
  }
}

async function use(directory: string): Promise<SchedulerUse> {
  const scheduler = await openEmbeddedScheduler(directory);
  return { scheduler, end: () => scheduler.close() };
}
