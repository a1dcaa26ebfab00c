import {
  InvalidArgumentError,
  makeMetrics,
  payloadByteLength,
  type JobId,
  type ResultBatch,
} from '../../model/index.js';
import type { StoredResult } from '../scheduler.js';
import { BlobError, namePack, packResults, parseResults, type Blob, type ResultColumns } from './blob.js';
import { damaged, type JobNumber, type JobRow } from './jobs.js';
import { BUCKET } from './leases.js';
import { cutParcels, loadPayloads, type Item, type Parcel } from './payloads.js';
import type { Store } from './store.js';

/** Results of one record, ready to be stored. */
export interface ResultDraft {
  readonly columns: ResultColumns;
  readonly blob: Uint8Array;
}

/** Cuts a batch into records, several of which share a pack file. */
export function draftResults(batch: ResultBatch): Generator<Parcel<ResultDraft>> {
  return cutParcels(batch, batch.numbers.length, (from, to, blob) => ({
    blob,
    columns: {
      numbers: batch.numbers.slice(from, to),
      outcomes: batch.outcomes.slice(from, to),
      ...makeMetrics((metric) => batch[metric].slice(from, to)),
    },
  }));
}

/**
 * Results of Jobs. Records hold results as they came; `found` says for each Slice in which record its result is:
 * per bucket of 256 Slices, 256 × u32 record (0: none), then 256 × u16 place in it.
 */
export class Results {
  constructor(private readonly store: Store) {}

  /** Stores what is new of a draft; answers the numbers of the Slices that had no result. Changes `row`. */
  record(job: JobNumber, row: JobRow, draft: ResultDraft, pack: Uint8Array | null): Uint32Array {
    const { numbers, outcomes, elapsedMs } = draft.columns;
    const buckets = new Map<number, Bucket>();
    const group = row.nextGroup;
    const fresh = new Uint32Array(numbers.length);
    let count = 0;
    for (let i = 0; i < numbers.length; i++) {
      const n = numbers[i]!;
      if (n < 1 || n > row.known) {
        throw new InvalidArgumentError(
          `results.numbers[${i}]`,
          `expected a Slice number from 1 to ${row.known}, got ${n}`,
        );
      }
      const number = Math.floor(n / BUCKET);
      let bucket = buckets.get(number);
      if (!bucket) buckets.set(number, (bucket = this.bucket(job, number)));
      if (bucket.records[n % BUCKET] !== 0) continue;
      bucket.records[n % BUCKET] = group;
      bucket.places[n % BUCKET] = i;
      bucket.changed = true;
      fresh[count++] = n;
      row.done++;
      if (outcomes[i] !== 0) row.failed++;
      row.elapsedMs += elapsedMs[i]!;
    }
    if (count === 0) return fresh.subarray(0, 0);
    row.nextGroup++;
    for (const [number, bucket] of buckets)
      if (bucket.changed) this.store.found.put([job, number], bucket.bytes);
    if (pack !== null) namePack(draft.blob, pack);
    this.store.results.put([job, group], packResults(draft.columns, draft.blob));
    return fresh.subarray(0, count);
  }

  private bucket(job: JobNumber, number: number): Bucket {
    const bytes = new Uint8Array(BUCKET * 6);
    const stored = this.store.found.get([job, number]);
    if (stored !== undefined) {
      if (stored.byteLength !== bytes.byteLength) {
        throw damaged(
          `job number ${job}, Slices from ${number * BUCKET}`,
          `their index has ${stored.byteLength} bytes, expected ${bytes.byteLength}`,
        );
      }
      bytes.set(stored);
    }
    return {
      bytes,
      records: new Uint32Array(bytes.buffer, 0, BUCKET),
      places: new Uint16Array(bytes.buffer, BUCKET * 4, BUCKET),
      changed: false,
    };
  }

  /** Where the results named lie, null where there is none. One snapshot. */
  locate(job: JobNumber, id: JobId, numbers: Uint32Array): (Located | null)[] {
    const buckets = new Map<number, Bucket>();
    const records = new Map<number, ReturnType<typeof parseResults>>();
    const out: (Located | null)[] = [];
    for (const n of numbers) {
      const number = Math.floor(n / BUCKET);
      let bucket = buckets.get(number);
      if (!bucket) buckets.set(number, (bucket = this.bucket(job, number)));
      const group = bucket.records[n % BUCKET]!;
      if (group === 0) {
        out.push(null);
        continue;
      }
      const what = `job ${JSON.stringify(id)}, Slice ${n}`;
      let record = records.get(group);
      if (!record) {
        const bytes = this.store.results.get([job, group]);
        if (bytes === undefined) throw damaged(what, 'its result is missing');
        try {
          record = parseResults(bytes);
        } catch (error) {
          if (error instanceof BlobError) throw damaged(what, `its result ${error.message}`);
          throw error;
        }
        records.set(group, record);
      }
      const place = bucket.places[n % BUCKET]!;
      if (record.numbers[place] !== n)
        throw damaged(what, `its result is recorded for Slice ${record.numbers[place]}`);
      out.push({ slice: n, record, place });
    }
    return out;
  }

  /** Fetches what `locate` found. */
  async load(
    job: JobNumber,
    id: JobId,
    located: readonly (Located | null)[],
  ): Promise<(StoredResult | null)[]> {
    const present = located.filter((one): one is Located => one !== null);
    const items = present.map<Item>(({ record, place }) => ({ blob: record.blob, entry: place }));
    const payloads = await loadPayloads(this.store.packs, job, items).catch((error: unknown) => {
      if (error instanceof BlobError)
        throw damaged(`job ${JSON.stringify(id)}, results of Slices ${listOf(present)}`, error.message);
      throw error;
    });
    let at = 0;
    return located.map((one) => {
      if (one === null) return null;
      const { slice, record, place } = one;
      const payload = payloads[at++]!;
      return {
        slice,
        outcome: record.outcomes[place] === 0 ? 0 : 1,
        payload,
        elapsedMs: record.elapsedMs[place]!,
        cpuMs: record.cpuMs[place]!,
        webgpuMs: record.webgpuMs[place]!,
        bytesIn: record.bytesIn[place]!,
        bytesOut: payloadByteLength(payload),
      };
    });
  }
}

interface Bucket {
  readonly bytes: Uint8Array;
  readonly records: Uint32Array;
  readonly places: Uint16Array;
  changed: boolean;
}

interface Located {
  readonly slice: number;
  readonly record: ResultColumns & { readonly blob: Blob };
  readonly place: number;
}

function listOf(results: readonly Located[]): string {
  const numbers = results.slice(0, 5).map(({ slice }) => slice);
  return numbers.join(', ') + (results.length > 5 ? ', …' : '');
}
