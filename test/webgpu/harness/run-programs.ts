import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PROGRAM_TIMEOUT_MS, type Outcome } from './program.js';
import type { Message } from './serve.js';

/** What a process may print before the rest is dropped. */
const MAX_OUTPUT = 64 * 1024;

/**
 * Who runs programs: `dawn-node` is the npm package `webgpu`, the oracle, in a Node of its own; `sandbox` is a Sandbox for each
 * program, in-process. Each is a program of `fixtures/`.
 */
export type Engine = 'dawn-node' | 'sandbox';

/**
 * Runs programs in one process, and what is left in another whenever one of them takes its process with it or hangs.
 * Answers an outcome for each.
 */
export async function runPrograms(engine: Engine, names: readonly string[]): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  let left = [...names];
  while (left.length > 0) {
    await runUntilItDies(engine, left, outcomes);
    left = left.filter((name) => !outcomes.has(name));
  }
  return outcomes;
}

/** At least the first of the names has an outcome afterwards. */
function runUntilItDies(
  engine: Engine,
  names: readonly string[],
  outcomes: Map<string, Outcome>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL(`../fixtures/${engine}.js`, import.meta.url)), names, {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        if (output.length < MAX_OUTPUT) output += chunk.toString();
      });
    }
    let running = names[0]!;
    let hangs: NodeJS.Timeout;
    const watch = (): void => {
      clearTimeout(hangs);
      hangs = setTimeout(() => {
        outcomes.set(running, { kind: 'hung' });
        child.kill('SIGKILL');
      }, PROGRAM_TIMEOUT_MS);
    };
    watch();
    child.on('message', (message: Message) => {
      if ('begun' in message) running = message.begun;
      else outcomes.set(message.ended, message.outcome);
      watch();
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(hangs);
      const done = names.every((name) => outcomes.has(name));
      if (!done && !outcomes.has(running)) {
        outcomes.set(running, { kind: 'crashed', how: `${signal ?? `exit code ${code}`}: ${output.trim()}` });
      }
      if (done && (code !== 0 || signal !== null)) {
        reject(
          new Error(`${engine}: ended with ${signal ?? `exit code ${code}`} after all programs: ${output}`),
        );
      } else resolve();
    });
  });
}
