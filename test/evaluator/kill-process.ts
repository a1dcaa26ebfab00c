/** Evaluator processes that die at a moment that nobody chose. */
import type { ChildProcessEvaluator } from '#src/evaluator/index.js';

/** Kills one of its processes. Answers false when there is none, or it is gone already. */
export function killOne(
  evaluator: ChildProcessEvaluator,
  pick: <T>(list: readonly T[]) => T | undefined,
): boolean {
  const { pid = 0 } = pick(evaluator.stats().processes) ?? {};
  if (pid === 0) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
