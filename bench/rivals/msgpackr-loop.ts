/**
 * Bundled into one script for a bare isolate: msgpackr's decode, a call and msgpackr's encode, as often as told,
 * with the settings that the codec needs (no state between messages) and nothing of ours.
 */
import type * as Msgpackr from 'msgpackr';
import * as untypedPack from 'msgpackr/pack';

// Its type declarations name ".", which TypeScript does not resolve in an ES module.
const { Packr } = untypedPack as unknown as typeof Msgpackr;

const packr = new Packr({ useRecords: false });

/** Decodes the same bytes each time: what msgpackr is fastest at. Answers how many bytes it wrote. */
export function loop(bytes: Uint8Array, count: number, workFunction: (datum: unknown) => unknown): number {
  let written = 0;
  for (let i = 0; i < count; i++) written += packr.pack(workFunction(packr.unpack(bytes))).length;
  return written;
}

/** Decodes where the heads of a Task lie, one after another, as a Sandbox must. */
export function loopOverHeads(
  heads: Uint8Array,
  headEnds: Uint32Array,
  workFunction: (datum: unknown) => unknown,
): number {
  let written = 0;
  let start = 0;
  for (const end of headEnds) {
    written += packr.pack(workFunction(packr.unpack(heads, { start, end }))).length;
    start = end;
  }
  return written;
}
