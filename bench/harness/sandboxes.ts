/** Sandboxes of the in-process evaluator, with promises where the Supervisor would have its logic. */
import { encode } from '#src/codec/index.js';
import type { Evaluator, Sandbox, SandboxJob, SandboxObserver } from '#src/evaluator/index.js';
import { DEFAULT_JOB_LIMITS, Outcome, type ResultBatch, type SliceBatch } from '#src/model/index.js';

function benchJob(workFunction: string): SandboxJob {
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

  static async assigned(evaluator: Evaluator, workFunction: string): Promise<BenchSandbox> {
    const bench = await BenchSandbox.create(evaluator);
    await bench.assign(workFunction);
    return bench;
  }

  assign(workFunction: string): Promise<void> {
    return this.#sandbox.assign(benchJob(workFunction));
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
    if (results.outcomes.includes(Outcome.error)) throw new Error('a Slice of a benchmark failed');
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
