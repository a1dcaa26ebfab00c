import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/**
 * A client's project in a directory of its own: files by their path, and packages of this checkout by name. Answers the
 * directory.
 */
export function project(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
  packages: readonly string[] = [],
): string {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'dcp-test-')));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries({ 'package.json': '{}', ...files })) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  mkdirSync(path.join(directory, 'node_modules'), { recursive: true });
  for (const name of packages)
    symlinkSync(path.join(NODE_MODULES, name), path.join(directory, 'node_modules', name));
  return directory;
}

/** A WebAssembly module that exports `add(i32, i32): i32`. */
export const ADD_WASM = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f],
  ...[3, 2, 1, 0],
  ...[7, 7, 1, 3, 0x61, 0x64, 0x64, 0, 0],
  ...[10, 9, 1, 7, 0, 0x20, 0, 0x20, 1, 0x6a, 0x0b],
);
