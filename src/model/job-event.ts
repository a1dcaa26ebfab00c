import type { JobState } from './job.js';
import type { Payload } from './payload.js';

/** What a Slice tells its owner besides its result. */
export type SliceMessage =
  | {
      readonly type: 'console';
      readonly slice: number;
      readonly level: ConsoleLevel;
      readonly message: string;
    }
  | { readonly type: 'custom'; readonly slice: number; readonly name: string; readonly value: Payload };

export type ConsoleLevel = 'debug' | 'log' | 'info' | 'warn' | 'error';

/** One entry of a Job's log. `seq` grows by one per entry and serves as a cursor. */
export type JobEvent = { readonly seq: number } & (
  | SliceMessage
  | { readonly type: 'state'; readonly state: JobState }
  | { readonly type: 'results'; readonly numbers: Uint32Array }
);
