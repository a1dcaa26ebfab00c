import type { Realm } from '../realm.js';

/** The realm that this group's script runs in: one script, one realm. Set before anything else of the group is used. */
export let realm: Realm;

export function enterRealm(given: Realm): void {
  realm = given;
}

/** A DOMException, whatever has become of the global of that name. */
export function domException(message: string, name: string): Error {
  const { DOMException } = realm.group('dom-exception');
  return new DOMException(message, name);
}
