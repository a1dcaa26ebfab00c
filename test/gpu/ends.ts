/** Processes that end while their Sandboxes are on the GPU, or have been. */
import type { ChildProcess } from 'node:child_process';
import { runProgram, type Ending } from '../evaluator/support.js';

export interface Way {
  /** What fixtures/ending.ts calls it. */
  readonly way: string;
  readonly code: number | null;
  readonly signal?: NodeJS.Signals;
}

export const WAYS: readonly Way[] = [
  { way: 'close', code: 0 },
  { way: 'exit', code: 3 },
  { way: 'throw', code: 1 },
  { way: 'wait', code: null, signal: 'SIGTERM' },
  { way: 'owner terminated', code: 0 },
  { way: 'owner exits', code: 0 },
  { way: 'owner and process exit', code: 5 },
];

/** Runs one to its end. */
export function endProcess({ way, signal }: Way, pending: 'busy' | 'idle', delayMs: number): Promise<Ending> {
  const program = new URL('./fixtures/ending.js', import.meta.url);
  const meet = (child: ChildProcess): void => {
    if (signal !== undefined) setTimeout(() => child.kill(signal), delayMs);
  };
  return runProgram(program, [way, pending, String(delayMs)], meet);
}

/** What is wrong with how it ended, null: nothing. `maxMs` may pass from the end's beginning. */
export function wrongWith(ending: Ending, { way, code, signal }: Way, maxMs: number): string | null {
  const { code: got, signal: by, stderr, stdout, exitMs } = ending;
  if (got !== code || by !== (signal ?? null)) return `${way}: exit code ${got}, ${by}: ${stderr}${stdout}`;
  if (way !== 'throw' && stderr !== '') return `${way}: ${stderr}`;
  // One that is ended by a signal does not say when.
  if (signal === undefined && !(exitMs < maxMs)) return `${way}: the end took ${exitMs.toFixed(0)} ms`;
  return null;
}
