import type { Realm } from '../realm.js';

/** The realm that this group's script runs in: one script, one realm. Set before anything else of the group is used. */
export let realm: Realm;

export function enterRealm(given: Realm): void {
  realm = given;
}

/** Only this group makes objects of interfaces that have no constructor. */
export const MAKE = Symbol('make');

/** @throws {TypeError} the first argument of a constructor is not `MAKE`. */
export function requireMake(key: unknown, name: string): void {
  if (key !== MAKE) throw new realm.primordials.TypeError(`${name}: Illegal constructor`);
}
