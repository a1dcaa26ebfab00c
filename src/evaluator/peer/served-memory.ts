import { EvaluatorSays } from '../frames/messages.js';
import { Region, isShared, type Part, type SharedPart } from '../frames/frame.js';
import type { FrameChannel } from '../frames/channel.js';
import { loadNative, type EvaluatorMemory } from '../native.js';
import { Aging } from './aging.js';
import { KEEP_BYTES, SHARED_BYTES } from './memory.js';

/** Where an evaluator process that has a host's shared memory was given it: behind the channel's descriptor. */
const TASKS_DESCRIPTOR = 4;
const RESULTS_DESCRIPTOR = 5;

const native = loadNative();

/** The evaluator's side of the memory that its host shares with it (memory.ts). */
export class ServedMemory {
  readonly #memory: EvaluatorMemory;
  readonly #aging: Aging;

  constructor(channel: FrameChannel, regionBytes: number) {
    const memory = new native.EvaluatorMemory(
      TASKS_DESCRIPTOR,
      RESULTS_DESCRIPTOR,
      regionBytes,
      KEEP_BYTES,
      () => channel.send([EvaluatorSays.freed], [new Uint8Array(memory.takeFreed().buffer)]),
    );
    this.#memory = memory;
    this.#aging = new Aging(() => {
      const hasBuffers = native.sweepBuffers();
      return memory.discardAged() || hasBuffers;
    });
  }

  /** A segment of a Slice, where the host has put it. */
  view({ offset, byteLength }: SharedPart): Uint8Array {
    this.#aging.begin();
    return this.#memory.viewTask(offset, byteLength);
  }

  /** Long segments have come from a Sandbox, of something else than a result: those do not go by themselves. */
  watch(): void {
    this.#aging.begin();
  }

  /** How a segment of a result gets to the host: a Sandbox has what is long in this memory. */
  partOf(segment: Uint8Array): Part {
    this.#aging.begin();
    const { byteLength } = segment;
    if (byteLength < SHARED_BYTES) return segment;
    const ofTask = this.#memory.taskOffsetOf(segment);
    if (ofTask >= 0) return { region: Region.tasks, offset: ofTask, byteLength };
    const offset = this.#memory.resultOffsetOf(segment);
    return offset >= 0 ? { region: Region.results, offset, byteLength } : segment;
  }

  /** The host has these. */
  drop(segments: readonly Uint8Array[]): void {
    native.dropViews(segments);
    this.#aging.begin();
  }
}

/** The segments of a frame as bytes. Parts are shared only where there is such memory. */
export function viewsOf(parts: readonly Part[], memory: ServedMemory | null): Uint8Array[] {
  return parts.map((part) => (isShared(part) ? memory!.view(part) : part));
}
