import { closestMatch } from 'leven';
import { InvalidArgumentError } from './errors.js';

/** No name is longer, characters; a longer one is near to none. */
const LONGEST_NAME = 60;

/** Of these, the name that was most likely meant, whatever its case, `most` edits away at most; null: none is near. */
export function nearest<Name extends string>(
  name: string,
  candidates: readonly Name[],
  most = Infinity,
): Name | null {
  const lower = name.toLowerCase();
  const same = candidates.find((candidate) => candidate.toLowerCase() === lower);
  if (same !== undefined) return same;
  const maxDistance = Math.min(most, name.length < 3 ? 1 : Math.max(2, Math.floor(name.length / 3)));
  return name.length > LONGEST_NAME
    ? null
    : ((closestMatch(name, candidates, { maxDistance }) as Name | undefined) ?? null);
}

/** ` (did you mean worker.cores?)`, or nothing where no name is near. */
export function nearestText(name: string, candidates: readonly string[]): string {
  const near = nearest(name, candidates);
  return near === null ? '' : ` (did you mean ${near}?)`;
}

/** A name that is one of `known`, whatever its case. Throws InvalidArgumentError with the nearest and with all of them. */
export function knownName<Name extends string>(field: string, given: string, known: readonly Name[]): Name {
  const near = nearest(given, known);
  if (near?.toLowerCase() === given.toLowerCase()) return near;
  const message = `expected one of ${known.join(', ')}, got "${given}"${nearestText(given, known)}`;
  throw new InvalidArgumentError(field, message);
}
