/** More lines no person reads. A Work Function may write anything into a stack. */
const MAX_LINES = 200;

/** A position in the client's files, null for what the bundler made up. Lines and columns from 1. */
export type Locate = (line: number, column: number) => string | null;

let readMap: (() => Locate) | null = null;
let locate: Locate | null = null;

/** `read` reads the source map of the Job's modules; it is called when the first stack asks for it. */
export function setSourceMap(read: () => Locate): void {
  readMap = read;
}

/**
 * A stack in terms of the client's files: positions in the modules' script become those they were bundled from, frames of
 * the bundler's own code are left out. Where there is no source map, or it cannot be read, the stack is as it was.
 */
export function originalStack(stack: string): string {
  if (readMap === null || !stack.includes('dcp:modules:')) return stack;
  try {
    locate ??= readMap();
  } catch {
    readMap = null;
    return stack;
  }
  const lines = stack.split('\n');
  const shown: string[] = [];
  for (let i = 0; i < lines.length && i < MAX_LINES; i++) {
    const line = originalLine(locate, lines[i]!);
    if (line !== null) shown.push(line);
  }
  return shown.join('\n');
}

function originalLine(locate: Locate, text: string): string | null {
  let known = true;
  // The name under which native code compiles the script of a Job's modules (native/sandbox/modules.cc). Regular expressions
  // stand here, not outside: every Sandbox would make them, and few need them.
  const line = text.replace(/dcp:modules:(\d+):(\d+)/g, (position, line: string, column: string) => {
    const original = locate(Number(line), Number(column));
    if (original === null) known = false;
    return original ?? position;
  });
  return known || !/^\s+at /.test(text) ? line : null;
}
