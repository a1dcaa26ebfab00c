/** Starts the evaluator under test: this package's, or another that speaks the same words. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startupFiles } from './generation.js';

/**
 * Another evaluator to put to the test, words divided by blanks; startup files and options come behind it. npm's own:
 * `DCP_TEST_CLASSIC_COMMAND="node …/dcp-client/libexec/evaluator-node.js" DCP_TEST_CLASSIC_TYPE=node`, not as root.
 */
const OTHER_COMMAND = process.env['DCP_TEST_CLASSIC_COMMAND'];

/** Which of the lists in sandbox-definitions.json it starts with. */
const TYPE = process.env['DCP_TEST_CLASSIC_TYPE'] ?? 'native';

/** The startup files of the evaluator under test. */
export const ownStartupFiles = (): string[] => startupFiles(TYPE);

/** Why a test says nothing about other evaluators; false when this package's is under test. For the option `skip`. */
export const onlyOurs = (reason: string): string | false => OTHER_COMMAND !== undefined && reason;

const OUR_COMMAND = [
  process.execPath,
  fileURLToPath(new URL('../../../dist/bin/dcp-evaluator.js', import.meta.url)),
];

export interface StartOptions {
  readonly options?: readonly string[];
  /** Default: those of the generation under test. */
  readonly files?: readonly string[];
  /** A program that starts the evaluator, and its arguments. Default: the evaluator. */
  readonly command?: readonly string[];
}

type EvaluatorProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** An evaluator that listens. */
export interface Listening {
  readonly process: EvaluatorProcess;
  readonly port: number;
  /** What it has written to stderr so far. */
  stderr(): string;
  /** Resolves once stderr matches. */
  untilStderr(pattern: RegExp): Promise<void>;
}

let shared: Promise<Listening> | undefined;
const endings: (() => unknown)[] = [];
after(async () => {
  for (const end of endings) await end();
});

/**
 * The evaluator of all tests of a file that look at one connection only: to start it takes longer than most of them. It is started with the
 * first, and ended with the file.
 */
export function listening(): Promise<Listening> {
  return (shared ??= listen({ after: (end) => endings.push(end) }));
}

/** What something is ended with: a test, or all of a file. */
type Scope = { after(end: () => unknown): unknown };

/** Starts an evaluator on a port of its own; it is ended with the test. */
export async function listen(t: Scope, options: StartOptions = {}): Promise<Listening> {
  const port = await freePort();
  const child = launch(t, { ...options, options: [...(options.options ?? []), '-p', String(port)] });
  // A program that starts it names the port before.
  const listens = new RegExp(options.command ? `^Listening on .*:${port}\n` : `\\b${port}\\b.*\n`, 'm');
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (listens.test(stdout)) resolve();
    });
    child.on('close', (code) =>
      reject(new Error(`the evaluator ended with code ${code} before it listened\n${stdout}${stderr}`)),
    );
  });
  return {
    process: child,
    port,
    stderr: () => stderr,
    untilStderr: async (pattern) => {
      while (!pattern.test(stderr)) await once(child.stderr, 'data');
    },
  };
}

/** Starts an evaluator with one sandbox, on its standard streams; it is ended with the test. */
export function startOnStdio(t: Scope, options: StartOptions = {}): EvaluatorProcess {
  const child = launch(t, options);
  child.stderr.resume();
  return child;
}

function launch(
  t: Scope,
  { options = [], command, files = command ? [] : ownStartupFiles() }: StartOptions,
): EvaluatorProcess {
  const [program, ...words] = command ?? OTHER_COMMAND?.split(' ') ?? OUR_COMMAND;
  const child = spawn(program!, [...words, ...files, ...options], { stdio: ['pipe', 'pipe', 'pipe'] });
  // Whoever kills the evaluator finds its pipe broken.
  child.stdin.on('error', () => undefined);
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
