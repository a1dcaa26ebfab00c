import { constants } from 'node:buffer';
import { totalmem } from 'node:os';
import { ProtocolError, Region, type SharedPart } from '../frames/frame.js';
import { loadNative, type SharedRegion } from '../native.js';
import { Aging } from './aging.js';
import { RangeSet } from './range-set.js';

/**
 * From here on a part lies in shared memory and not in a frame; kLargeBytes of native/isolate. Shorter ones would fill
 * whole pages for less than the socket costs.
 */
export const SHARED_BYTES = 256 * 1024;
/**
 * The length of each region. No memory is used before something is written there; it is what a process could take at
 * most that no longer keeps to what it was given. When a region is full, parts go through the channel.
 */
export const REGION_BYTES = Math.floor(Math.min(64 * 2 ** 30, totalmem() / 4) / 2 ** 20) * 2 ** 20;
/** Kept in each region for the next parts: what a few Slices on their way take. */
export const KEEP_BYTES = 128 * 2 ** 20;

/** Figures for tests. */
export interface PeerMemoryStats {
  /** Bytes of Slices that the evaluator has not done with. */
  readonly placedBytes: number;
  /** What the pages of each region take. */
  readonly taskPageBytes: number;
  readonly resultPageBytes: number;
  /** Results that have been fetched and not released. */
  readonly claims: number;
}

/**
 * The memory that an evaluator process has in common with its host, of which the host is the owner: two memory files
 * without a name, of fixed length. The host puts the long segments of Slices in one, where the Sandboxes read and
 * change them in place. In the other Sandboxes have their long buffers, so that a result lies there already when it is one.
 *
 * The evaluator can write to all of it at any time. So nothing is parsed or looked at in it: results are copied out
 * first, and where they lie is checked before. A range of Slices is used again once the evaluator has said that nobody
 * there has it any more.
 */
export class PeerMemory {
  readonly #tasks: SharedRegion;
  readonly #results: SharedRegion;
  /** Results that were not released yet, by their region. */
  readonly #claims = { [Region.tasks]: new RangeSet(), [Region.results]: new RangeSet() };
  readonly #aging = new Aging(() => this.#tasks.discardAged());

  private constructor(readonly regionBytes: number) {
    const { SharedRegion } = loadNative();
    this.#tasks = new SharedRegion('dcp-tasks', regionBytes, true, KEEP_BYTES);
    try {
      this.#results = new SharedRegion('dcp-results', regionBytes, false, 0);
    } catch (error) {
      this.#tasks.close();
      throw error;
    }
  }

  /** Null where the system has no such memory, or of 0 bytes: then everything goes through the channel. */
  static create(regionBytes: number): PeerMemory | null {
    if (regionBytes === 0) return null;
    try {
      return new PeerMemory(regionBytes);
    } catch {
      return null;
    }
  }

  /** What the evaluator process is to inherit, in this order. */
  get descriptors(): [tasks: number, results: number] {
    return [this.#tasks.descriptor, this.#results.descriptor];
  }

  /** Copies a segment of a Slice to where the evaluator finds it; null when there is no room. */
  place(segment: Uint8Array): SharedPart | null {
    const offset = this.#tasks.place(segment);
    return offset < 0 ? null : { region: Region.tasks, offset, byteLength: segment.byteLength };
  }

  /**
   * The evaluator has done with a segment.
   * @throws {ProtocolError}
   */
  free(offset: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0 || !this.#tasks.free(offset))
      throw new ProtocolError(`it gives back a segment at ${offset}, where none is`);
    this.#aging.begin();
  }

  /**
   * Copies a result to memory that the evaluator cannot reach, which is asked for once it is known that there is such a
   * result. Until `release`, nothing else may lie there.
   * @throws {ProtocolError}
   */
  fetch(part: SharedPart, take: (byteLength: number) => Uint8Array): Uint8Array {
    const { region, offset, byteLength } = part;
    if (byteLength < SHARED_BYTES)
      throw new ProtocolError(
        `a result of ${byteLength} bytes in shared memory, where ${SHARED_BYTES} are the least`,
      );
    // Of the region of Tasks it can have no more than a datum that it was given.
    const isInside =
      region === Region.tasks
        ? this.#tasks.isInUse(offset, byteLength)
        : offset + byteLength <= this.regionBytes;
    if (!isInside || byteLength > constants.MAX_LENGTH) throw outside(part);
    if (!this.#claims[region].add(offset, offset + byteLength))
      throw new ProtocolError(`a result of ${byteLength} bytes at ${offset}, where another one lies`);
    const bytes = take(byteLength);
    const from = region === Region.tasks ? this.#tasks : this.#results;
    if (!from.read(offset, bytes)) throw outside(part);
    return bytes;
  }

  /** A result that was fetched is done with. */
  release({ region, offset }: SharedPart): void {
    this.#claims[region].delete(offset);
  }

  stats(): PeerMemoryStats {
    const tasks = this.#tasks.stats();
    return {
      placedBytes: tasks.placedBytes,
      taskPageBytes: tasks.pageBytes,
      resultPageBytes: this.#results.stats().pageBytes,
      claims: this.#claims[Region.tasks].size + this.#claims[Region.results].size,
    };
  }

  /** The process is gone. */
  close(): void {
    this.#aging.stop();
    this.#tasks.close();
    this.#results.close();
  }
}

function outside({ region, offset, byteLength }: SharedPart): ProtocolError {
  const what = region === Region.tasks ? 'any segment it was given' : 'the memory of results';
  return new ProtocolError(`a result of ${byteLength} bytes at ${offset}, outside of ${what}`);
}
