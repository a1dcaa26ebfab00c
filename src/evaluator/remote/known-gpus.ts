import { askForGpus, type FoundGpus, type GpuOptions } from '../gpu/index.js';

/** GPUs come and go while a standing evaluator stands, but not with every connection. */
const FRESH_MS = 60_000;

export const NO_GPU: FoundGpus = { adapters: [], problems: [] };

/** The GPUs of this machine, looked for at most once a minute. */
export class KnownGpus {
  #found: Promise<FoundGpus> | null = null;
  #since = 0;

  constructor(private readonly options: GpuOptions) {}

  get(): Promise<FoundGpus> {
    if (this.#found === null || performance.now() - this.#since > FRESH_MS) {
      this.#since = performance.now();
      this.#found = askForGpus(this.options);
    }
    return this.#found;
  }
}
