/** Memory and descriptors of a Worker, life by life. */
import type { Measure, WorkerProcess } from './worker-process.js';

const EVERY_MS = 500;
/** A life begins to count after this: modules are loaded, Sandboxes warm, milliseconds. */
const WARM_MS = 10_000;
/** Lows of so many samples in a row are what is compared: garbage comes and goes. */
const WINDOW = 10;
/** Lives that last so long say something of growth, milliseconds. */
const LONG_MS = 40_000;
/** What may wait for outputs and for the Scheduler, and what V8 leaves lying: more is a leak, MiB. */
const MAX_GROWTH_MIB = 100;
/** A Worker that has this much has lost control of it, MiB. */
const MAX_MIB = 600;
const MAX_DESCRIPTOR_GROWTH = 12;
const MAX_DESCRIPTORS = 150;

interface Life {
  readonly begin: number;
  readonly samples: (Measure & { readonly at: number })[];
}

export class LivesOfAWorker {
  readonly #lives: Life[] = [];
  #start = 0;
  readonly #timer = setInterval(() => this.look(), EVERY_MS);

  constructor(
    private readonly stage: { readonly worker: WorkerProcess },
    private readonly fault: (what: string) => void,
  ) {}

  look(): void {
    const { worker } = this.stage;
    const measure = worker.measure();
    if (measure === null) return;
    const at = performance.now();
    if (worker.starts !== this.#start) {
      this.#start = worker.starts;
      this.#lives.push({ begin: at, samples: [] });
    }
    this.#lives.at(-1)!.samples.push({ ...measure, at });
  }

  /** Says what has grown. */
  close(): void {
    clearInterval(this.#timer);
    const { most, growth } = this.figures();
    if (most.anonymousMiB > MAX_MIB) this.fault(`the Worker had ${most.anonymousMiB} MiB`);
    if (most.descriptors > MAX_DESCRIPTORS) this.fault(`the Worker had ${most.descriptors} descriptors`);
    for (const { anonymousMiB, descriptors, seconds } of growth) {
      if (anonymousMiB > MAX_GROWTH_MIB) this.fault(`memory grew by ${anonymousMiB} MiB in ${seconds} s`);
      if (descriptors > MAX_DESCRIPTOR_GROWTH)
        this.fault(`descriptors grew by ${descriptors} in ${seconds} s`);
    }
  }

  /** The most there was, and of each long life what its last lows had more than its first ones. */
  figures(): { most: Measure; growth: readonly (Measure & { readonly seconds: number })[] } {
    const all = this.#lives.flatMap(({ samples }) => samples);
    const growth = this.#lives.flatMap(({ begin, samples }) => {
      const warm = samples.filter(({ at }) => at - begin > WARM_MS);
      const first = warm[0];
      const last = warm.at(-1);
      if (first === undefined || last === undefined || last.at - first.at < LONG_MS) return [];
      const before = lows(warm.slice(0, WINDOW));
      const after = lows(warm.slice(-WINDOW));
      return [
        {
          anonymousMiB: Math.round(after.anonymousMiB - before.anonymousMiB),
          descriptors: after.descriptors - before.descriptors,
          seconds: Math.round((last.at - first.at) / 1000),
        },
      ];
    });
    const most = {
      anonymousMiB: Math.round(Math.max(0, ...all.map(({ anonymousMiB }) => anonymousMiB))),
      descriptors: Math.max(0, ...all.map(({ descriptors }) => descriptors)),
    };
    return { most, growth };
  }

  memoryText(): string {
    const { most, growth } = this.figures();
    return `${most.anonymousMiB} at most; ${this.#grown(growth.map(({ anonymousMiB, seconds }) => [anonymousMiB, seconds]))}`;
  }

  descriptorText(): string {
    const { most, growth } = this.figures();
    return `${most.descriptors} at most; ${this.#grown(growth.map(({ descriptors, seconds }) => [descriptors, seconds]))}`;
  }

  #grown(lives: readonly (readonly [number, number])[]): string {
    if (lives.length === 0) return `growth: no life of the ${this.#lives.length} was long enough`;
    return `growth in long lives: ${lives.map(([by, seconds]) => `${by} in ${seconds} s`).join(', ')}`;
  }
}

function lows(samples: readonly Measure[]): Measure {
  return {
    anonymousMiB: Math.min(...samples.map(({ anonymousMiB }) => anonymousMiB)),
    descriptors: Math.min(...samples.map(({ descriptors }) => descriptors)),
  };
}
