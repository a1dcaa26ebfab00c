import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of ours that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when it has printed something that matches, on either stream; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
}

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Where the programs find and leave what is the user's and the machine's, in place of what this machine has. */
const surroundings = mkdtempSync(path.join(tmpdir(), 'dcp-home-'));
process.on('exit', () => rmSync(surroundings, { recursive: true, force: true }));
const SURROUNDINGS = {
  DCP_HOMEDIR: surroundings,
  DCP_ETC: path.join(surroundings, 'etc'),
  DCP_WORKER_SOCKET: path.join(surroundings, 'dcp-worker.sock'),
};

type Program = 'dcp-evaluator' | 'dcp-evaluator-manager' | 'dcp-evaluator-start' | 'dcp-job' | 'dcp-worker';

export function programFile(program: Program): string {
  return fileURLToPath(import.meta.resolve(`#bin/${program}.js`));
}

/** Starts one of our programs, with more in its environment; it is killed at the end of the test if it still runs. */
export function start(
  t: TestContext,
  program: Program,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd?: string,
): Running {
  const child = spawn(process.execPath, [programFile(program), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...SURROUNDINGS, ...env },
    cwd,
  });
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  let onOutput = (): void => {};
  child.stdout.on('data', (data) => {
    stdout += String(data);
    onOutput();
  });
  child.stderr.on('data', (data) => {
    stderr += String(data);
    onOutput();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const printed = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      onOutput = () => {
        const match = (stdout + stderr).match(pattern);
        if (match !== null) resolve(match);
      };
      onOutput();
      void ended.then(() =>
        reject(new Error(`${program} ended without printing ${pattern}:\n${stdout}${stderr}`)),
      );
    });
  return { child, ended, printed };
}

/** Runs a program to its end. */
export function run(
  t: TestContext,
  program: Program,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<Ended> {
  return start(t, program, args, env, cwd).ended;
}

/** The JSON lines of an output; throws when there is anything else in it. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Writes a Job file. */
export function jobFile(t: TestContext, source: string): string {
  const file = path.join(temporaryDirectory(t), 'job.mjs');
  writeFileSync(file, source);
  return file;
}

/** Squares of 1 to `args[0]`, `args[1]` milliseconds each. */
export const SQUARES = `
  export default function (compute, { args }) {
    const job = compute.for(1, Number(args[0]), (n, ms) => {
      for (const end = Date.now() + ms; Date.now() < end; );
      return n * n;
    }, [Number(args[1] ?? 0)]);
    job.public.name = 'Squares';
    return job;
  }`;
