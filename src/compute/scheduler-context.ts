import path from 'node:path';
import { homeDirectory } from '../identity/index.js';
import { InvalidArgumentError, shown } from '../model/index.js';
import { openEmbeddedScheduler, type Scheduler } from '../scheduler/index.js';

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
export type SchedulerContext = () => Promise<SchedulerUse>;

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
    return () => Promise.resolve(use);
  }
  return async () => {
    const opened = await openEmbeddedScheduler(scheduler ?? defaultSchedulerDirectory());
    return { scheduler: opened, end: () => opened.close() };
  };
}
