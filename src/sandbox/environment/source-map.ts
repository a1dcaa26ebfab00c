/** Reading source maps, for the first stack that needs it. */
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { Locate } from '../source-positions.js';

export interface SourceMapExports {
  /** Throws when `json` is no source map. */
  readonly readSourceMap: (json: string) => Locate;
}

export default function makeSourceMap(): SourceMapExports {
  return {
    readSourceMap(json) {
      const map = new TraceMap(json);
      return (line, column) => {
        const original = originalPositionFor(map, {
          line: Math.max(line, 1),
          column: Math.max(column - 1, 0),
        });
        // Such a source is nameless, or there is none.
        if (original.source === null || original.source === '') return null;
        return `${original.source}:${original.line}:${original.column + 1}`;
      };
    },
  };
}
