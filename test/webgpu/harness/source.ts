import { makeKit } from './kit.js';
import type { Outcome, Program } from './program.js';

/** What every engine runs of a program, given as text: a function of a GPU that answers the outcome and never rejects. */
export type RunSource = (gpu: GPU) => Promise<Outcome>;

export function sourceOf(program: Program): string {
  return `(() => {
    'use strict';
    return async (gpu) => {
    const { kit, finish } = (${makeKit.toString()})(gpu);
    try {
      const value = await (${program.toString()})(gpu, kit);
      return { kind: 'returned', value, uncaptured: await finish() };
    } catch (error) {
      return { kind: 'threw', error: String(error?.stack ?? error) };
    }
  };
  })()`;
}
