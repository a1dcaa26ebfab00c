import { InvalidArgumentError, nearest, nearestText } from '../model/index.js';

/** A name that is one of `known`, whatever its case. Throws InvalidArgumentError with the nearest and with all of them. */
export function knownName<Name extends string>(field: string, given: string, known: readonly Name[]): Name {
  const near = nearest(given, known);
  if (near?.toLowerCase() === given.toLowerCase()) return near;
  const message = `expected one of ${known.join(', ')}, got "${given}"${nearestText(given, known)}`;
  throw new InvalidArgumentError(field, message);
}
