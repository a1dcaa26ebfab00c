/**
 * A trial of the program `dcp-worker`: while a client keeps deploying Jobs, one thing after another happens to what they run on, in a random
 * order. What all trials do alike: their faults, their rounds, and what they report.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../fuzz/mutate.js';
import type { LongRun } from '../options.js';
import type { Client } from './client.js';
import { count, countsText } from './tally.js';

/** Something that happens in a trial. It undoes itself, and says when something did not go as documented. */
export interface Happening<Stage> {
  readonly run: (stage: Stage) => Promise<void>;
  /** It ends a Worker and starts it anew. */
  readonly restarts?: true;
  /** It takes so long that the shortest trials do without. */
  readonly isLong?: true;
  /** Why it cannot be had here; null where it can. */
  readonly without?: () => string | null;
}

export interface Rounds {
  /** So long it waits before the next thing happens, milliseconds at most. */
  readonly restMs: number;
  /** So many kinds of things happen however short the time is. Default: each that can. */
  readonly least?: number;
  /** After each. */
  readonly look?: () => void;
}

const MAX_FAULTS = 30;
/** Trials that last at least so long have what is long, too, minutes. */
const LONG_MINUTES = 2;

export class Trial {
  readonly random: Random;
  readonly faults: string[] = [];
  /** How often each thing has happened. */
  readonly happened: Record<string, number> = {};
  /** What could not happen, and why. */
  readonly skipped: Record<string, string> = {};
  #doing = 'start';

  constructor(
    private readonly name: string,
    readonly options: LongRun,
  ) {
    this.random = new Random(options.seed);
    this.say(`seed ${options.seed}, ${options.minutes} minutes`);
  }

  say(text: string): void {
    process.stderr.write(`${this.name}: ${text}\n`);
  }

  readonly fault = (what: string): void => {
    if (this.faults.length < MAX_FAULTS) this.faults.push(`${what} (during ${this.#doing})`);
  };

  /** Its rounds and its end. Does not reject: it is a fault when one of them does. */
  async through(rounds: () => Promise<void>, end: () => Promise<void>): Promise<void> {
    try {
      await rounds();
      this.#doing = 'end';
      await end();
    } catch (error) {
      this.fault(`given up: ${String((error as Error).stack ?? error)}`);
    }
  }

  /**
   * In each round everything happens once, but that Workers end in every third alone: else none would live long enough to grow.
   * Resolves when the time is up.
   */
  async rounds<Stage>(
    happenings: Readonly<Record<string, Happening<Stage>>>,
    stage: Stage,
    { restMs, least = Infinity, look = () => undefined }: Rounds,
  ): Promise<void> {
    const possible = this.#possible(happenings);
    if (possible.length === 0) return this.fault('of all that was to happen, nothing can');
    const end = performance.now() + this.options.minutes * 60_000;
    const kinds = Math.min(least, possible.length);
    const goesOn = (): boolean => performance.now() < end || Object.keys(this.happened).length < kinds;
    for (let round = 1; goesOn(); round++) {
      const left = possible.filter(([, { restarts }]) => restarts !== true || round % 3 === 1);
      while (left.length > 0 && goesOn()) {
        const [name, { run }] = left.splice(this.random.below(left.length), 1)[0]!;
        await sleep(this.random.below(restMs));
        await this.#happen(name, () => run(stage));
        look();
      }
    }
  }

  #possible<Stage>(happenings: Readonly<Record<string, Happening<Stage>>>): [string, Happening<Stage>][] {
    const { only, minutes } = this.options;
    return Object.entries(happenings).filter(([name, { without, isLong }]) => {
      if (only.size > 0 && !only.has(name)) return false;
      const isTooLong = isLong === true && minutes < LONG_MINUTES;
      const why = isTooLong ? `from ${LONG_MINUTES} minutes on` : (without?.() ?? null);
      if (why !== null) this.skipped[name] = why;
      return why === null;
    });
  }

  async #happen(name: string, run: () => Promise<void>): Promise<void> {
    this.#doing = name;
    const begin = performance.now();
    const before = this.faults.length;
    await run();
    count(this.happened, name);
    const found = this.faults.slice(before).map((text) => `\n  ${text}`);
    this.say(`${name}: ${((performance.now() - begin) / 1000).toFixed(1)} s${found.join('')}`);
  }

  /** Prints a table and a JSON line, which have these rows and figures beside what all trials have. Answers the exit code. */
  report(
    { counts, done }: Client,
    rows: readonly (readonly [string, string])[],
    figures: Readonly<Record<string, unknown>>,
  ): number {
    const { happened, skipped, faults } = this;
    const { seed, minutes } = this.options;
    const { jobs, slices } = counts;
    const all = [
      ['Jobs, Slices', slicesText(counts)],
      ['Jobs by kind', countsText(done)],
      ['Client', `${counts.retries} calls the Scheduler refused, ${counts.redeployed} Jobs deployed anew`],
      ['What happened', countsText(happened)],
      [
        'Did not happen',
        Object.entries(skipped)
          .map(([name, why]) => `${name} (${why})`)
          .join('; ') || 'nothing',
      ],
      ...rows,
    ] as const;
    this.say(all.map(([name, value]) => `\n  ${name.padEnd(18)} ${value}`).join(''));
    for (const what of faults) this.say(`FAULT: ${what}`);
    const ok = faults.length === 0;
    process.stdout.write(
      `${JSON.stringify({ ok, seed, minutes, jobs, slices, happened, skipped, ...figures, faults })}\n`,
    );
    return ok ? 0 : 1;
  }
}

function slicesText({ jobs, slices, failedAsTheyMust, lostEachTime }: Client['counts']): string {
  const lost = lostEachTime === 0 ? '' : `, ${lostEachTime} lost in each of their runs`;
  return `${jobs}, ${slices}; ${failedAsTheyMust} failed as they must${lost}`;
}
