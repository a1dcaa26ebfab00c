/** Sandboxes of the in-process evaluator, with promises where the Supervisor would have its logic. */
import { decode, encode } from '#src/codec/index.js';
import type { Evaluator, Sandbox, SandboxJob, SandboxObserver } from '#src/evaluator/index.js';
import {
  DEFAULT_JOB_LIMITS,
  Outcome,
  payloadAt,
  type ResultBatch,
  type SliceBatch,
} from '#src/model/index.js';

/** A Job as a Supervisor has it long before a Sandbox is handed over to it. */
export function benchJob(workFunction: string, more: Partial<SandboxJob> = {}): SandboxJob {
  return {
    id: 'bench',
    public: { name: 'bench', description: '', link: '' },
    workFunction,
    modules: null,
    arguments: encode([]),
    codec: 'native',
    inputSet: { kind: 'list', count: null },
    limits: DEFAULT_JOB_LIMITS,
    requirements: {},
    determinism: null,
    fetch: false,
    ...more,
  };
}

/** One Sandbox whose batches and end can be awaited. A Slice that fails is a fault of the benchmark. */
export class BenchSandbox implements SandboxObserver {
  /** What came of the last batch. */
  results: ResultBatch[] = [];
  #sandbox!: Sandbox;
  #drained: () => void = () => undefined;
  #ended: () => void = () => undefined;

  static async create(evaluator: Evaluator): Promise<BenchSandbox> {
    const bench = new BenchSandbox();
    bench.#sandbox = await evaluator.createSandbox(bench);
    return bench;
  }

  static async assigned(
    evaluator: Evaluator,
    workFunction: string,
    more?: Partial<SandboxJob>,
  ): Promise<BenchSandbox> {
    const bench = await BenchSandbox.create(evaluator);
    await bench.assign(benchJob(workFunction, more));
    return bench;
  }

  assign(job: SandboxJob): Promise<void> {
    return this.#sandbox.assign(job);
  }

  /** Resolves when every Slice of the batch has ended and its result has arrived. */
  run(batch: SliceBatch): Promise<void> {
    this.results = [];
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#sandbox.run(batch);
    });
  }

  dispose(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve;
      this.#sandbox.dispose();
    });
  }

  onResults(results: ResultBatch): void {
    const failed = results.outcomes.indexOf(Outcome.error);
    if (failed >= 0)
      throw new Error('a Slice of a benchmark failed', { cause: decode(payloadAt(results, failed)) });
    this.results.push(results);
  }
  onMessages(): void {}
  onRejected(): void {}
  onProgress(): void {}
  onRequest(): void {}
  onRequestDropped(): void {}
  onDrained(): void {
    this.#drained();
  }
  onEnded(error: Error | null): void {
    if (error) throw error;
    this.#ended();
  }
}
