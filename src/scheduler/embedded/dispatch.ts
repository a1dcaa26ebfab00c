import { SchedulerError, type JobId, type Task, type TaskId } from '../../model/index.js';
import type { TaskRequest } from '../scheduler.js';
import { splitAt, toNumbers, type Intervals } from './intervals.js';
import { damaged, LAST, type JobNumber, type JobRow, type Jobs } from './jobs.js';
import type { Leases } from './leases.js';
import { parseRecord, type Piece } from './payloads.js';
import type { Store } from './store.js';
import { Suitability } from './suitability.js';
import type { Suspects } from './suspects.js';

/** A Task has at most so many Slices, whatever `TaskRequest.maxSlices` says: its transaction must stay short. */
const MAX_TASK_SLICES = 16_384;

/** What a Task is made of, before its data are loaded. */
export interface Granted {
  readonly id: TaskId;
  readonly jobId: JobId;
  readonly number: JobNumber;
  readonly numbers: Uint32Array;
  readonly attempts: Uint16Array;
  readonly expiries: Uint16Array;
  /** Null for a range Job. */
  readonly pieces: readonly Piece[] | null;
  readonly limits: Task['limits'];
}

/** Where in the queue a Job for a Worker was seen, and whether the Worker looked for Jobs of no Compute Group, too. */
export interface Place {
  readonly turn: number;
  readonly number: JobNumber;
  readonly takesPublic: boolean;
}

/** A place in the queue. */
type Turn = readonly [turn: number, number: JobNumber];
const FRONT: Turn = [0, 0];

/** Which Job's Slices a Worker gets, and how many. All methods run inside a read or a transaction of the store. */
export class Dispatch {
  /** The `work` counter when a Task was last asked for in vain: what came before it is not news. */
  workSeen = -1;
  private readonly suitability: Suitability;

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly leases: Leases,
    private readonly suspects: Suspects,
  ) {
    this.suitability = new Suitability(store, jobs);
  }

  /** The first Job for this Worker; null: it is not worth a transaction to ask, which is remembered. */
  find(request: TaskRequest): Place | null {
    const work = this.jobs.counter('work');
    for (const takesPublic of looksOf(request)) {
      const suits = this.suitability.of(request, takesPublic);
      for (const [turn, number] of this.queue(FRONT)) if (suits(number)) return { turn, number, takesPublic };
    }
    this.workSeen = work;
    return null;
  }

  /** Jobs with pending Slices, least recently served first. */
  private *queue(from: Turn): Generator<Turn> {
    for (let start = from; ;) {
      const keys = this.store.ready.keys([...start], [LAST, 0], 64) as [number, JobNumber][];
      yield* keys;
      if (keys.length < 64) return;
      const [turn, number] = keys[63]!;
      start = [turn, number + 1];
    }
  }

  /**
   * A lease on Slices for this Worker, in one transaction; an error when the Job's data are damaged. `found`, from `find`, spares
   * the transaction the way to the first Job.
   */
  grant(request: TaskRequest, found: Place | null): Granted | SchedulerError | null {
    this.leases.expireDue();
    const work = this.jobs.counter('work');
    if (this.leases.holdsSuspect(request.workerId)) {
      this.workSeen = work;
      return null;
    }
    let first = found;
    const awaited = this.suspects.awaitedBy(request.workerId);
    if (awaited !== null) {
      if (!this.leases.mayTakeSuspect(request.workerId)) {
        this.suspects.goOn();
        this.workSeen = work;
        return null;
      }
      this.suspects.end();
      const row = this.jobs.rowOrNull(awaited);
      if (row?.queued === true)
        first = { turn: row.turn, number: awaited, takesPublic: request.publicGroup !== 'leave' };
    }
    const granted = this.grantAny(request, first);
    if (granted === null || granted === 'wait') this.workSeen = work;
    return granted === 'wait' ? null : granted;
  }

  private grantAny(request: TaskRequest, first: Place | null): Granted | SchedulerError | 'wait' | null {
    if (first !== null) {
      const granted = this.grantFirst(request, first.takesPublic, [first.turn, first.number]);
      if (granted !== null) return granted;
    }
    for (const takesPublic of looksOf(request)) {
      const granted = this.grantFirst(request, takesPublic, FRONT);
      if (granted !== null) return granted;
    }
    return null;
  }

  /** Of the first Job from there on that suits and has Slices for this Worker. `wait`: it gets nothing, so that it can have a suspect. */
  private grantFirst(
    request: TaskRequest,
    takesPublic: boolean,
    from: Turn,
  ): Granted | SchedulerError | 'wait' | null {
    const suits = this.suitability.of(request, takesPublic);
    for (const [turn, number] of this.queue(from)) {
      if (!suits(number)) continue;
      const row = this.jobs.rowOrNull(number);
      if (row === null || !row.queued || row.turn !== turn) {
        this.store.ready.remove([turn, number]);
        continue;
      }
      const { id: jobId, spec } = this.jobs.briefOf(number);
      const portion = this.leases.portion(number, taskSize(request, request.sliceMs[jobId], row));
      if (portion.alone && !this.leases.mayTakeSuspect(request.workerId)) {
        if (this.suspects.passOver(request.workerId, number)) return 'wait';
        continue;
      }
      if (portion.alone) this.suspects.end();
      // To the end of the queue, also when its data turn out to be damaged: it must not block others.
      this.jobs.dequeue(number, row);
      row.turn = this.jobs.bump('turn');
      this.jobs.enqueue(number, row);
      let { set } = portion;
      let pieces: Piece[] | null = null;
      if (spec.inputSet.kind === 'list') {
        try {
          const found = this.collect(number, jobId, set, request.maxBytes);
          set = splitAt(set, found.count)[0];
          pieces = found.pieces;
        } catch (error) {
          if (!(error instanceof SchedulerError)) throw error;
          this.jobs.put(number, row);
          return error;
        }
      }
      this.leases.takePending(number, row, set);
      const id = this.leases.grant(number, row, request.workerId, { set, alone: portion.alone });
      this.jobs.put(number, row);
      const numbers = toNumbers(set);
      return {
        id,
        jobId,
        number,
        numbers,
        attempts: this.leases.attemptsOf(number, numbers),
        expiries: this.leases.expiriesOf(number, numbers),
        pieces,
        limits: spec.limits,
      };
    }
    return null;
  }

  /** The records that hold these Slices' data, cut where `maxBytes` is reached; at least one Slice. */
  private collect(
    number: JobNumber,
    jobId: JobId,
    set: Intervals,
    maxBytes: number,
  ): { pieces: Piece[]; count: number } {
    const pieces: Piece[] = [];
    let count = 0;
    let bytes = 0;
    for (let i = 0; i < set.length; i += 2) {
      for (let n = set[i]!; n <= set[i + 1]!;) {
        const what = `job ${JSON.stringify(jobId)}, Slice ${n}`;
        const record = this.store.data.last([number, n], [number, 0]);
        if (!record) throw damaged(what, 'its data are missing');
        const first = (record.key as number[])[1]!;
        const blob = parseRecord(record.value, what);
        if (n >= first + blob.entries) throw damaged(what, 'its data are missing');
        const from = n - first;
        const end = Math.min(set[i + 1]! - first + 1, blob.entries);
        let to = from;
        while (to < end) {
          const size = blob.entryBytes(to);
          if (count > 0 && bytes + size > maxBytes) break;
          bytes += size;
          count++;
          to++;
        }
        if (to > from) pieces.push({ blob, from, to, slice: n });
        if (to < end) return { pieces, count };
        n = first + to;
      }
    }
    return { pieces, count };
  }
}

/** Whether Jobs of no Compute Group count, at each look at the queue: a second one is for who found nothing of its own. */
function looksOf({ publicGroup }: TaskRequest): readonly boolean[] {
  return publicGroup === 'fallback' ? [false, true] : [publicGroup === 'take'];
}

/** Work for which sharing does not pay, in milliseconds: leasing and delivering a Task costs some of it. */
const WHOLE_MS = 100;

/**
 * Slices for one Task: what keeps the Sandboxes busy for the time asked for; one per Sandbox while nobody knows how long a
 * Slice takes; near the end of the Job at most a quarter of what is pending, so that others get some of it, but one Slice
 * per Sandbox, and `WHOLE_MS` of work.
 */
function taskSize(request: TaskRequest, measured: number | undefined, row: JobRow): number {
  const sliceMs = measured ?? (row.done === 0 ? null : row.elapsedMs / row.done);
  const slicesIn = (ms: number): number => (sliceMs === null ? 0 : ms / Math.max(sliceMs, 1e-6));
  const wanted =
    sliceMs === null ? request.sandboxes : Math.ceil(slicesIn(request.sandboxes * request.targetMs));
  const fair = Math.max(request.sandboxes, Math.ceil(row.pending / 4), Math.floor(slicesIn(WHOLE_MS)));
  return Math.max(1, Math.min(wanted, fair, request.maxSlices, row.pending, MAX_TASK_SLICES));
}
