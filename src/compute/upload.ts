import { encode } from '../codec/index.js';
import {
  EncodingError,
  InvalidArgumentError,
  makeSliceBatch,
  MAX_SLICE_NUMBER,
  payloadByteLength,
  type JobId,
  type Payload,
} from '../model/index.js';
import type { Scheduler } from '../scheduler/index.js';

/** One call to the Scheduler carries about this much: many Slices, so that it is quick; not all, so that memory is bounded. */
const BATCH_SLICES = 2_000;
const BATCH_BYTES = 4 * 2 ** 20;
/** A slow source's Slices wait no longer than this for company, milliseconds. */
const BATCH_AGE_MS = 200;

/**
 * Uploads an input set and ends the upload. Of an async iterable only the batch under way is held in memory. Resolves with
 * false when `signal` aborted before the end: the upload is not ended then.
 * Rejects with `EncodingError`, naming Slice and path, with whatever the iterable throws, or with the Scheduler's errors.
 */
export async function uploadSlices(
  scheduler: Scheduler,
  jobId: JobId,
  source: Iterable<unknown> | AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<boolean> {
  const batch = new UploadBatch(scheduler, jobId);
  if (Symbol.asyncIterator in source) await uploadAsync(batch, source, signal);
  else {
    for (const datum of source) {
      batch.add(datum);
      if (batch.isFull) await batch.send();
      if (signal.aborted) return false;
    }
  }
  if (signal.aborted) return false;
  await batch.send();
  if (signal.aborted) return false;
  await scheduler.sealJob(jobId);
  return true;
}

async function uploadAsync(
  batch: UploadBatch,
  source: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  let hasEnded = false;
  const next = async (): Promise<IteratorResult<unknown>> => {
    try {
      const step = await iterator.next();
      hasEnded = step.done === true;
      return step;
    } catch (error) {
      hasEnded = true;
      throw error;
    }
  };
  let stop = (): void => {};
  signal.addEventListener('abort', () => stop(), { once: true });
  // No race with a promise that stays pending: it would keep what each race ended with, and so every datum.
  const nextOrStopped = (): Promise<IteratorResult<unknown> | 'stopped'> =>
    new Promise((resolve, reject) => {
      stop = () => resolve('stopped');
      next().then(resolve, reject);
    });
  try {
    while (!signal.aborted) {
      const coming = nextOrStopped();
      // Awaited below in any case, perhaps after the source has failed.
      coming.catch(() => {});
      const first = await (batch.isEmpty ? coming : Promise.race([coming, batch.aged()]));
      if (first === 'aged') await batch.send();
      const step = first === 'aged' ? await coming : first;
      if (step === 'stopped' || step.done === true) return;
      batch.add(step.value);
      if (batch.isFull) await batch.send();
    }
  } finally {
    batch.forgetAge();
    // As `for await` does it, but for waiting: a source that waits for ever must not hold up the end.
    if (!hasEnded) (async () => iterator.return?.())().catch(() => {});
  }
}

class UploadBatch {
  #payloads: Payload[] = [];
  #bytes = 0;
  /** Number of the batch's first Slice. */
  #first = 1;
  #age: Promise<'aged'> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly jobId: JobId,
  ) {}

  get isEmpty(): boolean {
    return this.#payloads.length === 0;
  }

  get isFull(): boolean {
    return this.#payloads.length >= BATCH_SLICES || this.#bytes >= BATCH_BYTES;
  }

  add(datum: unknown): void {
    const number = this.#first + this.#payloads.length;
    if (number > MAX_SLICE_NUMBER)
      throw new InvalidArgumentError('input', `a Job has at most ${MAX_SLICE_NUMBER} Slices`);
    const payload = encodeAt(`input set, Slice ${number}`, datum);
    this.#payloads.push(payload);
    this.#bytes += payloadByteLength(payload);
  }

  /** Resolves when the first Slice of the batch has waited long enough. */
  aged(): Promise<'aged'> {
    this.#age ??= new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve('aged'), BATCH_AGE_MS);
    });
    return this.#age;
  }

  forgetAge(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#age = null;
  }

  async send(): Promise<void> {
    this.forgetAge();
    const payloads = this.#payloads;
    if (payloads.length === 0) return;
    const numbers = Uint32Array.from(payloads, (_, i) => this.#first + i);
    this.#payloads = [];
    this.#bytes = 0;
    this.#first += payloads.length;
    await this.scheduler.addSlices(this.jobId, makeSliceBatch(numbers, payloads));
  }
}

/** `encode`, with the place of the value in front of the path of what cannot be encoded. */
export function encodeAt(place: string, value: unknown): Payload {
  try {
    return encode(value);
  } catch (error) {
    if (!(error instanceof EncodingError)) throw error;
    const reason = error.message.startsWith(`${error.path}: `)
      ? error.message.slice(error.path.length + 2)
      : error.message;
    throw new EncodingError(`${place}, ${error.path}`, reason);
  }
}
