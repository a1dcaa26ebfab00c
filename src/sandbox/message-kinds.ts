import type { ConsoleLevel } from '../model/index.js';

/** Numbers of the messages a prelude posts; the evaluator's host reads them (src/evaluator). */
export const Message = {
  /** `number` is the index of the level, `text` what was printed. */
  console: 1,
  /** `text` is the name, the payload the value. */
  custom: 2,
  /** `number` is how many more runs are granted, `text` the reason. */
  rejected: 3,
  /** `number` is the fraction, -1 for unknown. */
  progress: 4,
  /** `number` names it in the answer, `text` and the segments say what is asked for. */
  request: 5,
  /** `number` is that of a request whose answer nobody waits for any more. */
  requestDropped: 6,
} as const;

/** How many more runs a Work Function can ask for. */
export const MAX_RETRIES = 1000;

export const ConsoleLevels: readonly ConsoleLevel[] = ['debug', 'log', 'info', 'warn', 'error'];
export type ConsoleLevelIndex = 0 | 1 | 2 | 3 | 4;
