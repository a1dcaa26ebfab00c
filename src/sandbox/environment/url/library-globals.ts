/**
 * What the library takes from the global object when it starts: ours, whatever the Work Function has made of the
 * globals by then. The bundler puts these in their place (scripts/build.mjs).
 */
import type { Realm } from '../realm.js';

/** A parameter of the script that this becomes part of. */
declare const realm: Realm;

export const { SharedArrayBuffer, Uint8Array } = realm.primordials;
export const { Uint16Array } = realm.primordials.TypedArrays as { Uint16Array: Uint16ArrayConstructor };
export const { TextDecoder, TextEncoder } = realm.group('encoding');
