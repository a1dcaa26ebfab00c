import { closestMatch } from 'leven';
import { InvalidArgumentError } from '../model/index.js';

/** A name that is one of `known`, whatever its case. Throws InvalidArgumentError with the nearest and with all of them. */
export function knownName<Name extends string>(field: string, given: string, known: readonly Name[]): Name {
  const lower = given.toLowerCase();
  const found = known.find((name) => name.toLowerCase() === lower);
  if (found !== undefined) return found;
  const nearest = closestMatch(lower, known, { maxDistance: Math.max(2, Math.floor(given.length / 3)) });
  const hint = nearest === undefined ? '' : `did you mean "${nearest}"? `;
  throw new InvalidArgumentError(field, `"${given}" is not known; ${hint}There are ${known.join(', ')}.`);
}
