import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';

/** A position in the script of a Job's modules, which native code compiles under this name (native/sandbox/modules.cc). */
const POSITION = /dcp:modules:(\d+):(\d+)/g;
const FRAME = /^\s+at /;

/** More lines no person reads. A Work Function may write anything into a stack. */
const MAX_LINES = 200;

let readSourceMap: (() => string) | null = null;
let map: TraceMap | null = null;

/** `read` answers the source map of the Job's modules; it is called when the first stack asks for it. */
export function setSourceMap(read: () => string): void {
  readSourceMap = read;
}

/**
 * A stack in terms of the client's files: positions in the modules' script become those they were bundled from, frames of
 * the bundler's own code are left out. Where there is no source map, or it cannot be read, the stack is as it was.
 */
export function originalStack(stack: string): string {
  if (readSourceMap === null || !stack.includes('dcp:modules:')) return stack;
  try {
    map ??= new TraceMap(readSourceMap());
  } catch {
    readSourceMap = null;
    return stack;
  }
  const lines = stack.split('\n');
  const shown: string[] = [];
  for (let i = 0; i < lines.length && i < MAX_LINES; i++) {
    const line = originalLine(map, lines[i]!);
    if (line !== null) shown.push(line);
  }
  return shown.join('\n');
}

function originalLine(traceMap: TraceMap, text: string): string | null {
  let known = true;
  const line = text.replace(POSITION, (position, line: string, column: string) => {
    const original = originalPositionFor(traceMap, {
      line: Math.max(Number(line), 1),
      column: Math.max(Number(column) - 1, 0),
    });
    // What the bundler made up has a nameless source, or none.
    if (original.source === null || original.source === '') {
      known = false;
      return position;
    }
    return `${original.source}:${original.line}:${original.column + 1}`;
  });
  return known || !FRAME.test(text) ? line : null;
}
