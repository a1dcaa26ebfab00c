import { decode, encode } from '../codec/index.js';
import {
  DEFAULT_JOB_LIMITS,
  makeSliceBatch,
  Outcome,
  payloadAt,
  type JobSpec,
  type ResultBatch,
} from '../model/index.js';
import type { Evaluator, SandboxObserver } from './evaluator.js';

export interface SingleSlice {
  /** Names the Job, for logs. */
  readonly name: string;
  readonly workFunction: string;
  readonly datum: unknown;
  /** How long the Slice may take, milliseconds. */
  readonly timeoutMs: number;
  readonly requirements?: JobSpec['requirements'];
}

/**
 * What one Slice of a Sandbox of its own answers: for finding out what an evaluator can do. Rejects with what the Work Function
 * threw, or with why the Sandbox ended. The evaluator is left open.
 */
export async function runSingleSlice(
  evaluator: Evaluator,
  { name, workFunction, datum, timeoutMs, requirements = {} }: SingleSlice,
): Promise<unknown> {
  const results = await new Promise<ResultBatch>((resolve, reject) => {
    const run = async (): Promise<void> => {
      const sandbox = await evaluator.createSandbox(observer(resolve, reject), {});
      await sandbox.assign({
        id: name,
        public: { name, description: '', link: '' },
        workFunction,
        modules: null,
        arguments: encode([]),
        codec: 'native',
        inputSet: { kind: 'list', count: 1 },
        limits: { ...DEFAULT_JOB_LIMITS, sliceTimeoutMs: timeoutMs },
        requirements,
        determinism: null,
        fetch: false,
      });
      sandbox.run(makeSliceBatch([1], [encode(datum)]));
    };
    run().catch(reject);
  });
  const value: unknown = decode(payloadAt(results, 0));
  if (results.outcomes[0] !== Outcome.error) return value;
  throw value instanceof Error ? value : new Error(String(value));
}

function observer(
  onResults: (results: ResultBatch) => void,
  onLost: (error: Error) => void,
): SandboxObserver {
  const nothing = (): void => undefined;
  return {
    onResults,
    onMessages: nothing,
    onRejected: nothing,
    onProgress: nothing,
    onRequest: nothing,
    onRequestDropped: nothing,
    onDrained: nothing,
    onEnded: (error) => onLost(error ?? new Error('the Sandbox ended')),
  };
}
