/** Options and settings given as objects: a name that is misspelt would change nothing. */
import { InvalidArgumentError } from './errors.js';
import { nearestText } from './nearest.js';
import { shown } from './shown.js';

/** @throws {InvalidArgumentError} it is no object, or an array */
export function checkObject(field: string, given: unknown): asserts given is object {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new InvalidArgumentError(field, `expected an object, got ${shown(given)}`);
}

/**
 * Refuses what is no object, and names in it that are none of `known`.
 * @param field names the object in the error
 * @param what one of its names stands for, with its article: `a limit of a Job`
 * @throws {InvalidArgumentError}
 */
export function checkNames(field: string, given: unknown, what: string, known: readonly string[]): void {
  checkObject(field, given);
  for (const name of Object.keys(given)) {
    if (!known.includes(name))
      throw new InvalidArgumentError(
        `${field}.${name}`,
        `is not ${what}${nearestText(name, known)}; these are: ${known.join(', ')}`,
      );
  }
}
