import type { CaseResult, Status } from './case.js';
import { reasonFor } from './known-differences.js';

export type Counts = Readonly<Record<Status, number>>;

export function countsOf(results: Iterable<CaseResult>): Counts {
  const counts: Record<Status, number> = { pass: 0, warn: 0, fail: 0, skip: 0, lost: 0 };
  for (const { status } of results) counts[status]++;
  return counts;
}

/** Where the two engines did not come to the same. */
export interface Difference {
  readonly query: string;
  readonly sandbox: CaseResult;
  readonly dawnNode: CaseResult;
  /** Why it may be so (known-differences.ts); null where nobody says. */
  readonly reason: string | null;
}

export interface Comparison {
  /** Passed by dawn.node, and by us not, be it that we skip it; or it ends what runs it with us alone, whatever dawn.node says of it. */
  readonly worse: readonly Difference[];
  /** Passed by us, and by dawn.node not. */
  readonly better: readonly Difference[];
  /** Skipped by one of the two alone, where that is not worse: they have other features or limits. */
  readonly skips: readonly Difference[];
}

/** Of two engines that have run the same cases. */
export function compare(
  sandbox: ReadonlyMap<string, CaseResult>,
  dawnNode: ReadonlyMap<string, CaseResult>,
): Comparison {
  const worse: Difference[] = [];
  const better: Difference[] = [];
  const skips: Difference[] = [];
  for (const [query, ours] of sandbox) {
    const theirs = dawnNode.get(query)!;
    const difference = { query, sandbox: ours, dawnNode: theirs, reason: reasonFor(query, ours.status) };
    if (isWorse(ours, theirs)) worse.push(difference);
    else if ((ours.status === 'skip') !== (theirs.status === 'skip')) skips.push(difference);
    else if (passed(ours) && !passed(theirs)) better.push(difference);
  }
  return { worse, better, skips };
}

function isWorse(ours: CaseResult, theirs: CaseResult): boolean {
  return ours.status === 'lost' ? theirs.status !== 'lost' : passed(theirs) && !passed(ours);
}

function passed({ status }: CaseResult): boolean {
  return status === 'pass' || status === 'warn';
}
