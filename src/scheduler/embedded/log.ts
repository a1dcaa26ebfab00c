import {
  packColumns,
  type ConsoleLevel,
  type JobEvent,
  type JobState,
  type Payload,
  type SliceMessage,
} from '../../model/index.js';
import { Blob, BlobError, namePack, packBlob, type BlobDraft } from './blob.js';
import { damaged, decode, encode, LAST, type JobNumber, type JobRow } from './jobs.js';
import type { Store } from './store.js';

/** A Job's log keeps at most so many console and custom messages, and so many bytes of them; then it drops them. */
export const MAX_MESSAGES = 100_000;
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Messages of one record. */
const GROUP = 256;

/** As stored; `seq` follows from the record's key and the place in it. */
type StoredEvent =
  | readonly [0, JobState]
  | readonly [1, Uint8Array]
  | readonly [2, number, ConsoleLevel, string]
  | readonly [3, number, string];

/** Messages that share a record, with the blob of their payloads, made before the transaction. */
export interface MessageGroup {
  readonly messages: readonly SliceMessage[];
  readonly bytes: number;
  readonly draft: BlobDraft | null;
}

/** Groups messages so that no record is large; a pack file may take their large payloads. */
export function draftMessages(messages: readonly SliceMessage[]): MessageGroup[] {
  const groups: MessageGroup[] = [];
  let spillBase = 0;
  for (let from = 0; from < messages.length;) {
    let to = from;
    let bytes = 0;
    while (to < messages.length && to - from < GROUP && bytes < 256 * 1024)
      bytes += messageBytes(messages[to++]!);
    const group = messages.slice(from, to);
    const payloads = group.flatMap((m) => (m.type === 'custom' ? [m.value] : []));
    const draft =
      payloads.length === 0 ? null : packBlob(packColumns(payloads), 0, payloads.length, spillBase);
    for (const piece of draft?.spill ?? []) spillBase += piece.byteLength;
    groups.push({ messages: group, bytes, draft });
    from = to;
  }
  return groups;
}

function messageBytes(message: SliceMessage): number {
  if (message.type === 'console') return 16 + message.message.length;
  let bytes = 16 + message.name.length + message.value.head.byteLength;
  for (const segment of message.value.segments) bytes += segment.byteLength;
  return bytes;
}

/** A Job's log. One sequence per Job; a record holds one or more entries under the number of its first. */
export class Log {
  constructor(private readonly store: Store) {}

  private append(job: JobNumber, row: JobRow, events: readonly StoredEvent[], blob: Uint8Array | null): void {
    this.store.log.put([job, row.nextSeq], encode(blob === null ? [events] : [events, blob]));
    row.nextSeq += events.length;
  }

  state(job: JobNumber, row: JobRow, state: JobState): void {
    this.append(job, row, [[0, state]], null);
  }

  results(job: JobNumber, row: JobRow, numbers: Uint32Array): void {
    this.append(job, row, [[1, new Uint8Array(numbers.slice().buffer)]], null);
  }

  /** What the Scheduler itself has to say of the Job. */
  warning(job: JobNumber, row: JobRow, message: string): void {
    this.append(job, row, [[2, 0, 'warn', message]], null);
  }

  /** Within the caps; what is beyond is dropped, and the log says so once. Answers how many are kept. */
  messages(job: JobNumber, row: JobRow, group: MessageGroup, pack: Uint8Array | null): number {
    if (row.dropping) return 0;
    if (
      row.messages + group.messages.length > MAX_MESSAGES ||
      row.messageBytes + group.bytes > MAX_MESSAGE_BYTES
    ) {
      row.dropping = true;
      const limit = `${MAX_MESSAGES} messages or ${MAX_MESSAGE_BYTES} bytes`;
      this.warning(job, row, `The log of this Job is full (${limit}): further messages are dropped.`);
      return 0;
    }
    const blob = group.draft?.bytes ?? null;
    if (blob !== null && pack !== null) namePack(blob, pack);
    const events = group.messages.map<StoredEvent>((m) =>
      m.type === 'console' ? [2, m.slice, m.level, m.message] : [3, m.slice, m.name],
    );
    this.append(job, row, events, blob);
    row.messages += group.messages.length;
    row.messageBytes += group.bytes;
    return group.messages.length;
  }

  /**
   * Up to `limit` entries with `seq > after`. Payloads are fetched by `payload` afterwards, since they may lie in files.
   */
  read(job: JobNumber, after: number, limit: number): RawEvent[] {
    const out: RawEvent[] = [];
    let start = this.store.log.last([job, after + 1], [job, 0])?.key ?? [job, after + 1];
    while (out.length < limit) {
      const records = this.store.log.range(start, [job, LAST], 64);
      for (const { key, value } of records) {
        const first = (key as number[])[1]!;
        const what = `job number ${job}, log entry ${first}`;
        const record = decode(value, what) as [StoredEvent[], Uint8Array?];
        if (!Array.isArray(record) || !Array.isArray(record[0]))
          throw damaged(what, 'it is not a list of entries');
        let blob: Blob | null = null;
        let entry = 0;
        record[0].forEach((event, index) => {
          const custom = event[0] === 3;
          const seq = first + index;
          if (custom && blob === null) blob = parse(record[1], what);
          const at = custom ? entry++ : 0;
          if (seq <= after || out.length >= limit) return;
          if (custom && at >= blob!.entries) throw damaged(what, `it has ${blob!.entries} payloads`);
          out.push(toEvent(seq, event, blob, at));
        });
        start = [job, first + 1];
      }
      if (records.length < 64) break;
    }
    return out;
  }
}

/** An entry as read; `payload` says where a custom message's value lies. */
export type RawEvent =
  | { readonly event: JobEvent }
  | {
      readonly seq: number;
      readonly slice: number;
      readonly name: string;
      readonly blob: Blob;
      readonly entry: number;
    };

function parse(bytes: Uint8Array | undefined, what: string): Blob {
  try {
    return Blob.parse(bytes ?? new Uint8Array(0));
  } catch (error) {
    if (error instanceof BlobError) throw damaged(what, error.message);
    throw error;
  }
}

function toEvent(seq: number, event: StoredEvent, blob: Blob | null, entry: number): RawEvent {
  switch (event[0]) {
    case 0:
      return { event: { seq, type: 'state', state: event[1] } };
    case 1:
      return { event: { seq, type: 'results', numbers: new Uint32Array(new Uint8Array(event[1]).buffer) } };
    case 2:
      return { event: { seq, type: 'console', slice: event[1], level: event[2], message: event[3] } };
    case 3:
      return { seq, slice: event[1], name: event[2], blob: blob!, entry };
  }
}

/** The finished entry, once its payload is there. */
export function customEvent(raw: { seq: number; slice: number; name: string }, value: Payload): JobEvent {
  return { seq: raw.seq, type: 'custom', slice: raw.slice, name: raw.name, value };
}
