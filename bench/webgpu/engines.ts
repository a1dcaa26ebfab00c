/**
 * Where the same JavaScript finds WebGPU: in a Sandbox, and in dawn.node. Each gets the text of a function of a GPU that opens a bench: an
 * object with methods.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '#src/codec/index.js';
import { findDawn } from '#src/evaluator/gpu/index.js';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { makeSliceBatch, payloadAt } from '#src/model/index.js';
import { BenchSandbox } from '../harness/sandboxes.js';

/** One call of a method (or a look at a property) of the bench that `open` makes. */
export interface EngineCall {
  /** Source text of a function of a GPU. It is called once. */
  readonly open: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface Engine {
  call(method: string, ...args: readonly unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

const REQUIREMENTS = { environment: { webgpu: true, fineClock: true } };

/** An in-process Sandbox of a Job that requires WebGPU. Any adapter will do, software, too. */
export async function openSandboxEngine(open: string): Promise<Engine> {
  const evaluator = await openInProcessEvaluator({ threads: 1, gpu: { allowSoftware: true } });
  const work = `async ({ method, args }) => {
    const bench = await (globalThis.bench ??= (${open})(navigator.gpu));
    return typeof bench[method] === 'function' ? bench[method](...args) : bench[method];
  }`;
  const sandbox = await BenchSandbox.assigned(evaluator, work, { requirements: REQUIREMENTS });
  let slice = 0;
  return {
    async call(method, ...args) {
      await sandbox.run(makeSliceBatch([++slice], [encode({ method, args })]));
      return decode(payloadAt(sandbox.results[0]!, 0));
    },
    close: () => evaluator.close(),
  };
}

export async function openDawnNodeEngine(open: string): Promise<Engine> {
  const child = fork(fileURLToPath(new URL('../rivals/dawn-node.js', import.meta.url)), {
    serialization: 'advanced',
  });
  let ended = false;
  child.once('exit', () => (ended = true));
  return {
    call: (method, ...args) =>
      new Promise((resolve, reject) => {
        const onExit = (): void => reject(new Error('dawn.node ended'));
        if (ended) return onExit();
        child.once('exit', onExit);
        child.once('message', (answer: { value: unknown } | { error: string }) => {
          child.off('exit', onExit);
          if ('error' in answer) reject(new Error(`dawn.node: ${answer.error}`));
          else resolve(answer.value);
        });
        child.send({ open, method, args } satisfies EngineCall);
      }),
    close: () =>
      new Promise((resolve) => {
        if (ended) return resolve();
        child.once('exit', () => resolve());
        child.disconnect();
      }),
  };
}

/** The library that a C++ program must use to have the same Dawn as a Sandbox. */
export function dawnLibrary(): string {
  const library = findDawn();
  if (typeof library === 'string') throw new Error(library);
  return library.path;
}
