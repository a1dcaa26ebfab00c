/**
 * What the library takes from the global object when it starts: ours, whatever the Work Function has made of the
 * globals by then. The bundler puts these in their place (scripts/build.mjs).
 */
import type { Realm } from '../realm.js';

/** A parameter of the script that this becomes part of. */
declare const realm: Realm;

export const { SharedArrayBuffer } = realm.primordials;
export const { TextDecoder, TextEncoder } = realm.group('encoding');
