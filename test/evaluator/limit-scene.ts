/** What limits are tested with: a Sandbox that does something bad, beside one that behaves and before one that goes on. */
import type { Evaluator } from '#src/evaluator/index.js';
import { slices, start, type Recorder, type Started } from './support.js';

/** A Work Function that does something bad to the datum `bad`, and what its Sandbox may. */
export interface LimitCase {
  readonly work: string;
  readonly limits: object;
  readonly sandbox: object;
}

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly code?: string;
}

/** What came of it; plain data, because a process may have to print it. */
export interface Outcome {
  readonly values: Readonly<Record<string, unknown>>;
  readonly failures: Readonly<Record<string, Failure>>;
  readonly end: { readonly error: Failure | null; readonly unfinished: readonly number[] } | null;
  /** Why its Sandbox did not take it. */
  readonly refused: Failure | null;
  /** Slices of the one that behaves which were done meanwhile: 50. */
  readonly others: number;
}

const OTHERS = 50;

/** One evaluator, for one case after another. */
export class LimitScene {
  /** Sandboxes that do what they are told, and how many Slices they have got. */
  #bystander: Promise<Well> | null = null;
  #heir: Promise<Well> | null = null;

  constructor(private readonly evaluator: Evaluator) {}

  /** Runs Slices `ok`, `bad`, `ok`, `ok`; those that are unfinished when the Sandbox has ended run in another one. */
  async play({ work, limits, sandbox }: LimitCase): Promise<Outcome> {
    const bystander = await (this.#bystander ??= Well.start(this.evaluator, async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return x;
    }));
    const others = bystander.run(Array.from({ length: OTHERS }, (_, index) => index));

    let seen: Recorder | null = null;
    let refused: Failure | null = null;
    let culprit: Started | null = null;
    try {
      culprit = await start(this.evaluator, work, { limits, sandbox });
      ({ seen } = culprit);
      culprit.sandbox.run(slices(['ok', 'bad', 'ok', 'ok']));
      await seen.until(() => seen!.drained > 0 || seen!.end !== null);
    } catch (error) {
      refused = describe(error as Error);
    }

    // What ends the Sandbox below is none of its doing.
    const end = seen?.end ?? null;
    const unfinished = end?.unfinished ?? [];
    if (unfinished.length > 0) {
      const heir = await (this.#heir ??= Well.start(this.evaluator, (x: string) => x));
      await heir.run(unfinished.map(() => 'ok'));
    }
    culprit?.sandbox.dispose();
    return {
      values: Object.fromEntries(seen?.values ?? []),
      failures: Object.fromEntries(
        [...(seen?.failures ?? [])].map(([slice, error]) => [slice, describe(error)]),
      ),
      end: end && { error: end.error && describe(end.error), unfinished },
      refused,
      others: await others,
    };
  }
}

/** A Sandbox in which nothing goes wrong. */
class Well {
  #given = 0;

  private constructor(private readonly started: Started) {}

  static async start(evaluator: Evaluator, work: (x: never) => unknown): Promise<Well> {
    return new Well(await start(evaluator, work));
  }

  /** Answers how many have a result. */
  async run(data: readonly unknown[]): Promise<number> {
    const { sandbox, seen } = this.started;
    const first = this.#given + 1;
    this.#given += data.length;
    sandbox.run(slices(data, first));
    await seen.untilEnded(this.#given);
    return data.filter((_, index) => seen.values.has(first + index)).length;
  }
}

function describe(error: Error): Failure {
  const { name, message, stack = '', code } = error as Error & { code?: string };
  return { name, message, stack, ...(code !== undefined && { code }) };
}
