import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryDirectory } from './support.js';

/** A dcp-client of four startup files: `native` takes all, `node` one. Answers its directory. */
export function tinyClient(t: TestContext): string {
  const directory = temporaryDirectory(t);
  const definitions = { node: ['one'], native: ['one', 'lib/three.js', 'two', 'testing.js'] };
  const files = {
    'generated/sandbox-definitions.json': JSON.stringify(definitions),
    'libexec/sandbox/one.js': '',
    'libexec/sandbox/two.js': '',
    'libexec/sandbox/testing.js': '',
    'node_modules/lib/three.js': '',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    writeFileSync(path.join(directory, name), text);
  }
  return directory;
}

/** The startup files of `tinyClient`'s `native`, in their order. */
export function tinyFiles(client: string): string[] {
  return [
    'libexec/sandbox/one.js',
    'node_modules/lib/three.js',
    'libexec/sandbox/two.js',
    'libexec/sandbox/testing.js',
  ].map((name) => path.join(client, name));
}

/** An executable in place of an evaluator: prints what it was given, then does what the code says. */
export function fakeEvaluator(t: TestContext, code: string): string {
  const file = path.join(temporaryDirectory(t), 'evaluator');
  writeFileSync(
    file,
    `#!${process.execPath}
console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd() }));
// A test that fails kills the program that started this one, and nobody tells it.
setTimeout(() => process.exit(99), 60_000).unref();
${code}
`,
  );
  chmodSync(file, 0o755);
  return file;
}
