import { inspect } from 'node:util';
import { decode } from '../codec/index.js';
import type { SliceError } from '../model/index.js';
import {
  InvalidArgumentError,
  Outcome,
  sliceError,
  type ConsoleLevel,
  type JobId,
  type JobState,
  type Payload,
  type SliceMetrics,
} from '../model/index.js';
import type { Scheduler, StoredResult } from '../scheduler/index.js';

/** Hears a Job's log, in order. */
export interface JobFollowerSink {
  onResult(slice: number, result: unknown, metrics: SliceMetrics): void;
  onSliceError(slice: number, error: SliceError, metrics: SliceMetrics): void;
  onConsole(slice: number, level: ConsoleLevel, message: string): void;
  onCustom(slice: number, name: string, value: unknown): void;
  onState(state: JobState): void;
  /** Everything up to `cursor` has been told. */
  onCaughtUp(cursor: number): Promise<void>;
}

const EVENTS_AT_ONCE = 1_000;
const RESULTS_AT_ONCE = 1_000;

/** Reads a Job's log from a cursor on, and the results it names. Each result is fetched and decoded once. */
export class JobFollower {
  #cursor: number;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly jobId: JobId,
    private readonly sink: JobFollowerSink,
    after = 0,
  ) {
    this.#cursor = after;
  }

  /**
   * Resolves with the Job's last state once the log has told it, with null when `signal` aborts. Rejects with the
   * Scheduler's errors; `JobNotFoundError` when the Job is removed meanwhile; `InvalidArgumentError` when the log has no
   * entry `after`.
   */
  async run(signal: AbortSignal): Promise<'finished' | 'cancelled' | null> {
    let over: 'finished' | 'cancelled' | null = null;
    const after = this.#cursor;
    if (after > 0 && (await this.scheduler.readEvents(this.jobId, after - 1, 1)).length === 0)
      throw new InvalidArgumentError('after', `the log of job ${this.jobId} has no entry ${after} so far`);
    // The entry that tells the end may be the last of those that are not told again.
    let mayBeOver = after > 0;
    while (!signal.aborted) {
      const events = await this.scheduler.readEvents(this.jobId, this.#cursor, EVENTS_AT_ONCE);
      if (events.length === 0) {
        if (over !== null) return over;
        if (mayBeOver) {
          mayBeOver = false;
          const { state } = await this.scheduler.jobStatus(this.jobId);
          if (state === 'finished' || state === 'cancelled') {
            over = state;
            // It may have come to its end since the log was read.
            continue;
          }
        }
        await this.scheduler.waitForEvents(this.jobId, this.#cursor, signal);
        continue;
      }
      for (const event of events) {
        switch (event.type) {
          case 'results':
            await this.fetchResults(event.numbers);
            break;
          case 'console':
            this.sink.onConsole(event.slice, event.level, event.message);
            break;
          case 'custom':
            this.#tellCustom(event.slice, event.name, event.value);
            break;
          case 'state':
            if (event.state === 'finished' || event.state === 'cancelled') over = event.state;
            this.sink.onState(event.state);
            break;
        }
        this.#cursor = event.seq;
      }
      await this.sink.onCaughtUp(this.#cursor);
    }
    return null;
  }

  /** Fetches results that the log followed here does not name. */
  async fetchResults(numbers: Uint32Array): Promise<void> {
    for (let from = 0; from < numbers.length; from += RESULTS_AT_ONCE) {
      const some = numbers.subarray(from, from + RESULTS_AT_ONCE);
      for (const stored of await this.scheduler.readResults(this.jobId, some)) {
        if (stored !== null) this.#tell(stored);
      }
    }
  }

  // Workers deliver what they like, and it was never decoded: what is wrong with one entry must not hide those behind it.

  #tellCustom(slice: number, name: string, payload: Payload): void {
    const decoded = tryDecode(payload);
    if ('value' in decoded) this.sink.onCustom(slice, name, decoded.value);
    else {
      const left = `the event ${JSON.stringify(name)} is left out, its value cannot be decoded: ${decoded.reason}`;
      this.sink.onConsole(slice, 'warn', left);
    }
  }

  #tell(stored: StoredResult): void {
    const { slice, outcome } = stored;
    const isResult = outcome === Outcome.result;
    const decoded = tryDecode(stored.payload);
    if (!('value' in decoded)) {
      const what = `the ${isResult ? 'result' : 'error'} that was delivered cannot be decoded: ${decoded.reason}`;
      this.sink.onSliceError(slice, asSliceError(slice, { code: 'ERESULT', message: what }), stored);
    } else if (isResult) this.sink.onResult(slice, decoded.value, stored);
    else this.sink.onSliceError(slice, asSliceError(slice, decoded.value), stored);
  }
}

function tryDecode(payload: Payload): { readonly value: unknown } | { readonly reason: string } {
  try {
    return { value: decode(payload) };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

/** The error that a failed Slice delivered, as one of our classes. */
function asSliceError(slice: number, value: unknown): SliceError {
  const { code, message, stack } = (value ?? {}) as { code?: unknown; message?: unknown; stack?: unknown };
  const error = sliceError(
    typeof code === 'string' ? code : 'EUNCAUGHT',
    // Not `String`: of an object it calls methods that may be none.
    typeof message === 'string' ? message : typeof value === 'string' ? value : inspect(value),
    typeof stack === 'string' && stack !== '' ? stack : undefined,
  );
  error.slice = slice;
  return error;
}
