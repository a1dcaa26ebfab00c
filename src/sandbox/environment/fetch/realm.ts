import type { EnvironmentHost } from '../host.js';
import type { Realm } from '../realm.js';

/** What this group's script runs with: one script, one realm. Set before anything else of the group is used. */
export let realm: Realm;
export let host: EnvironmentHost;

export function enterRealm(givenHost: EnvironmentHost, given: Realm): void {
  host = givenHost;
  realm = given;
}
