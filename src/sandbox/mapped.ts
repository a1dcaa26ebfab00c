/**
 * What takes mappings and addresses of the process, of which there are only so many, whatever its bytes. Nothing here is evaluated but
 * constants: groups of the environment may be made long after a Work Function has begun.
 */
import type { Host } from './host.js';

/** Mappings of the process, and among them memories of WebAssembly, which take many addresses (native/isolate/mappings.h). */
export interface MappedCount {
  readonly mappings: number;
  readonly memories: number;
}
export const GROWING_BUFFER: MappedCount = { mappings: 2, memories: 0 };
export const MODULE: MappedCount = { mappings: 1, memories: 0 };
export const MEMORY: MappedCount = { mappings: 2, memories: 1 };

/** Answers what `make` makes, where there is room for it; it counts for as long as it is there. */
export function makeMapped<T>(
  host: Host,
  what: string,
  { mappings, memories }: MappedCount,
  make: () => T,
): T {
  host.expectMapped(what, mappings, memories);
  try {
    const made = make();
    host.trackMapped(made);
    return made;
  } finally {
    host.settleMapped(mappings, memories);
  }
}
