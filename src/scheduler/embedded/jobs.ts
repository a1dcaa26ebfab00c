import { randomInt } from 'node:crypto';
import { Packr } from 'msgpackr';
import {
  JobNotFoundError,
  SchedulerError,
  type JobId,
  type JobSpec,
  type JobState,
  type JobStatus,
} from '../../model/index.js';
import type { Store } from './store.js';

const packr = new Packr({ useRecords: false, mapsAsObjects: true });

/** A Job's number inside the store: never used twice, so keys of a removed Job cannot be mistaken. */
export type JobNumber = number;

/** `removing`: gone for everybody; its records are being deleted. */
export type RowState = JobState | 'removing';

const STATES: readonly RowState[] = ['uploading', 'open', 'finished', 'cancelled', 'removing'];

/** All that changes in a Job, in one small record. Counts are in Slices and always exact. */
export interface JobRow {
  state: RowState;
  /** `Date.now()` */
  createdAt: number;
  /** Slices there are; a list Job's grows while it is uploaded. */
  known: number;
  done: number;
  failed: number;
  leased: number;
  pending: number;
  /** Sum of `elapsedMs` over `done`. */
  elapsedMs: number;
  /** Numbers of the next log entry, Task and results record. */
  nextSeq: number;
  nextTask: number;
  nextGroup: number;
  /** When the Job last got a turn (see `ready`), and whether it stands in that queue. */
  turn: number;
  queued: boolean;
  /** Console and custom messages in the log, their bytes, and whether some were dropped. */
  messages: number;
  messageBytes: number;
  dropping: boolean;
}

/** Of a Job that comes now, with `known` Slices. */
export function newRow(state: RowState, known: number): JobRow {
  return {
    state,
    createdAt: Date.now(),
    known,
    done: 0,
    failed: 0,
    leased: 0,
    pending: 0,
    elapsedMs: 0,
    nextSeq: 1,
    nextTask: 1,
    nextGroup: 1,
    turn: 0,
    queued: false,
    messages: 0,
    messageBytes: 0,
    dropping: false,
  };
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 22 letters and digits, as long as DCP's own: nobody guesses one. */
export function randomJobId(): JobId {
  let id = '';
  for (let i = 0; i < 22; i++) id += ALPHABET[randomInt(ALPHABET.length)];
  return id;
}

function encodeRow(row: JobRow): Uint8Array {
  return packr.pack([
    STATES.indexOf(row.state),
    row.createdAt,
    row.known,
    row.done,
    row.failed,
    row.leased,
    row.pending,
    row.elapsedMs,
    row.nextSeq,
    row.nextTask,
    row.nextGroup,
    row.turn,
    row.queued,
    row.messages,
    row.messageBytes,
    row.dropping,
  ]);
}

function decodeRow(bytes: Uint8Array, what: string): JobRow {
  const v = decode(bytes, what) as unknown[];
  const state = Array.isArray(v) && v.length === 16 ? STATES[v[0] as number] : undefined;
  if (state === undefined) throw damaged(what, 'it is not a row');
  const n = (i: number): number => {
    if (typeof v[i] !== 'number') throw damaged(what, `field ${i} is ${typeof v[i]}, expected number`);
    return v[i];
  };
  return {
    state,
    createdAt: n(1),
    known: n(2),
    done: n(3),
    failed: n(4),
    leased: n(5),
    pending: n(6),
    elapsedMs: n(7),
    nextSeq: n(8),
    nextTask: n(9),
    nextGroup: n(10),
    turn: n(11),
    queued: v[12] === true,
    messages: n(13),
    messageBytes: n(14),
    dropping: v[15] === true,
  };
}

/** A Job's fixed part without its arguments and modules, which are entries 0 and 1 of a blob of their own. */
export interface JobFixed {
  readonly id: JobId;
  readonly spec: Omit<JobSpec, 'arguments' | 'modules'>;
}

/** What is needed of it again and again. */
export interface JobBrief {
  readonly id: JobId;
  readonly spec: Omit<JobFixed['spec'], 'workFunction'>;
}

export function encode(value: unknown): Uint8Array {
  return packr.pack(value);
}

export function decode(bytes: Uint8Array, what: string): unknown {
  try {
    return packr.unpack(bytes);
  } catch (cause) {
    throw damaged(what, (cause as Error).message);
  }
}

/** The store holds what we never write. */
export function damaged(what: string, why: string): SchedulerError {
  return new SchedulerError(`${what}: the store is damaged: ${why}`);
}

const MAX_BRIEFS = 4096;

/** Reads and writes of Jobs' rows; inside a transaction where it writes. */
export class Jobs {
  /** Fixed parts never change, and numbers are never used twice. */
  private readonly briefs = new Map<JobNumber, JobBrief>();
  private aborts = 0;

  constructor(private readonly store: Store) {}

  /** @throws JobNotFoundError */
  numberOf(id: JobId): JobNumber {
    if (typeof id !== 'string' || id.length === 0 || id.length > 64) throw new JobNotFoundError(String(id));
    const bytes = this.store.ids.get(id);
    if (bytes === undefined) throw new JobNotFoundError(id);
    if (bytes.byteLength !== 4)
      throw damaged(`job ${JSON.stringify(id)}`, `its number has ${bytes.byteLength} bytes, expected 4`);
    return bytes.readUInt32LE(0);
  }

  /** @throws JobNotFoundError also for a Job that is being removed */
  row(number: JobNumber, id: JobId): JobRow {
    const row = this.rowOrNull(number);
    if (row === null || row.state === 'removing') throw new JobNotFoundError(id);
    return row;
  }

  rowOrNull(number: JobNumber): JobRow | null {
    const bytes = this.store.rows.get(number);
    return bytes === undefined ? null : decodeRow(bytes, `job number ${number}`);
  }

  all(): { number: JobNumber; row: JobRow }[] {
    const out: { number: JobNumber; row: JobRow }[] = [];
    for (const number of this.store.rows.keys(0, LAST, LAST) as number[]) {
      const row = this.rowOrNull(number);
      if (row) out.push({ number, row });
    }
    return out;
  }

  put(number: JobNumber, row: JobRow): void {
    this.store.rows.put(number, encodeRow(row));
  }

  briefOf(number: JobNumber): JobBrief {
    if (this.store.aborts !== this.aborts) {
      // A Job that was created in an aborted transaction leaves its number to another.
      this.aborts = this.store.aborts;
      this.briefs.clear();
    }
    let brief = this.briefs.get(number);
    if (!brief) {
      const { id, spec } = this.fixedOf(number);
      // A Work Function may be large.
      const { workFunction: _, ...rest } = spec;
      brief = { id, spec: rest };
      const [oldest] = this.briefs.keys();
      if (oldest !== undefined && this.briefs.size >= MAX_BRIEFS) this.briefs.delete(oldest);
      this.briefs.set(number, brief);
    }
    return brief;
  }

  fixedOf(number: JobNumber): JobFixed {
    const what = `job number ${number}`;
    const bytes = this.store.specs.get(number);
    if (bytes === undefined) throw damaged(what, 'its description is missing');
    const fixed = decode(bytes, what) as JobFixed;
    if (typeof fixed?.id !== 'string' || typeof fixed.spec?.inputSet?.kind !== 'string')
      throw damaged(what, 'its description is not one');
    return fixed;
  }

  forget(number: JobNumber): void {
    this.briefs.delete(number);
  }

  status(number: JobNumber, row: JobRow): JobStatus {
    const { id, spec } = this.briefOf(number);
    return {
      id,
      state: row.state as JobState,
      public: spec.public,
      total: row.state === 'uploading' ? null : this.totalOf(number, row),
      known: row.known,
      done: row.done,
      failed: row.failed,
      leased: row.leased,
      createdAt: row.createdAt,
      sliceMs: row.done === 0 ? null : row.elapsedMs / row.done,
    };
  }

  /** A list Job cancelled while it was uploaded never learns its total; then what is known stands for it. */
  private totalOf(number: JobNumber, row: JobRow): number {
    const { inputSet } = this.briefOf(number).spec;
    return inputSet.kind === 'range' ? inputSet.count : row.known;
  }

  // The queue of Jobs with pending Slices, least recently served first: `[turn, number]`.

  enqueue(number: JobNumber, row: JobRow): void {
    if (row.queued || row.pending === 0 || (row.state !== 'uploading' && row.state !== 'open')) return;
    this.store.ready.put([row.turn, number], EMPTY);
    row.queued = true;
  }

  dequeue(number: JobNumber, row: JobRow): void {
    if (!row.queued) return;
    this.store.ready.remove([row.turn, number]);
    row.queued = false;
  }

  /** A counter in `meta`; 0 before its first use. */
  counter(name: string): number {
    const bytes = this.store.meta.get(name);
    return bytes === undefined ? 0 : bytes.readDoubleLE(0);
  }

  bump(name: string, by = 1): number {
    const value = this.counter(name) + by;
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.store.meta.put(name, bytes);
    return value;
  }
}

export const EMPTY = new Uint8Array(0);

/** Above every number in a key. */
export const LAST = 2 ** 53 - 1;
