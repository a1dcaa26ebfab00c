import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '#src/codec/index.js';
import {
  openChildProcessEvaluator,
  openInProcessEvaluator,
  openRemoteEvaluator,
  type Evaluator,
  type Sandbox,
  type SandboxJob,
  type SandboxLimits,
  type SandboxObserver,
  type SandboxRequest,
  type SliceRejection,
} from '#src/evaluator/index.js';
import {
  DEFAULT_JOB_LIMITS,
  Outcome,
  makeRangeBatch,
  makeSliceBatch,
  payloadAt,
  type JobLimits,
  type ResultBatch,
  type SliceBatch,
  type SliceMessage,
} from '#src/model/index.js';

/** The host that this run of the tests is about (scripts/suites.mjs). */
export const HOST = hostNamed(process.env['DCP_TEST_EVALUATOR']);

function hostNamed(name: string | undefined): 'in-process' | 'child' | 'remote' {
  return name === 'child' || name === 'remote' ? name : 'in-process';
}

/** Why a test says nothing about the host of this run; false when it does. For the option `skip`. */
export const onlyInProcess = (reason: string): string | false => HOST !== 'in-process' && reason;

/** The evaluator of this run's host. */
export function openHost(threads = 2): Promise<Evaluator> {
  if (HOST === 'child') return openChildProcessEvaluator({ threads });
  return HOST === 'remote' ? openStandingEvaluator(threads) : openInProcessEvaluator({ threads });
}

/** One that listens in a process of its own; the same for all tests of a file that want so many threads. */
async function openStandingEvaluator(threads: number): Promise<Evaluator> {
  let port = standing.get(threads);
  if (port === undefined) {
    port = startListening(['--port', '0', '--threads', String(threads)]).then((listening) => {
      // It does not keep the tests from ending.
      listening.child.unref();
      for (const stream of [listening.child.stdout, listening.child.stderr])
        (stream as unknown as { unref(): void }).unref();
      return listening.port;
    });
    standing.set(threads, port);
  }
  return openRemoteEvaluator({ host: '127.0.0.1', port: await port });
}
const standing = new Map<number, Promise<number>>();

/** Starts `dcp-evaluator --frames`, which ends with this process. Rejects when it ends before it listens. */
export function startListening(args: readonly string[]): Promise<{ child: ChildProcess; port: number }> {
  const program = fileURLToPath(import.meta.resolve('#bin/dcp-evaluator.js'));
  const child = spawn(process.execPath, [program, '--frames', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  return new Promise((resolve, reject) => {
    let printed = '';
    const onOutput = (text: Buffer): void => {
      printed += text.toString();
      const [, where] = /^Listening on (.*)$/m.exec(printed) ?? [];
      if (where === undefined) return;
      resolve({ child, port: Number(/:(\d+)$/.exec(where)?.[1] ?? 0) });
    };
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onOutput);
    child.once('close', (code) => reject(new Error(`dcp-evaluator ended with ${code}: ${printed}`)));
  });
}

/** An Error as a Slice delivers it. */
export interface SliceFailure extends Error {
  code: string;
}

/** Keeps all that a Sandbox says. */
export class Recorder implements SandboxObserver {
  readonly batches: ResultBatch[] = [];
  /** Slice numbers in the order in which they ended. */
  readonly order: number[] = [];
  readonly values = new Map<number, unknown>();
  readonly failures = new Map<number, SliceFailure>();
  readonly messages: SliceMessage[] = [];
  readonly rejections: SliceRejection[] = [];
  readonly progress: { slice: number; fraction: number | null }[] = [];
  readonly requests: SandboxRequest[] = [];
  readonly dropped: number[] = [];
  drained = 0;
  end: { error: Error | null; unfinished: number[] } | null = null;
  #checks: (() => void)[] = [];

  onResults(results: ResultBatch): void | Promise<void> {
    this.batches.push(results);
    results.numbers.forEach((number, index) => {
      this.order.push(number);
      const value = decode(payloadAt(results, index));
      if (results.outcomes[index] === Outcome.error) this.failures.set(number, value as SliceFailure);
      else this.values.set(number, value);
    });
    this.#changed();
  }
  onMessages(messages: SliceMessage[]): void {
    this.messages.push(...messages);
    this.#changed();
  }
  onRejected(rejection: SliceRejection): void {
    this.rejections.push(rejection);
    this.order.push(rejection.slice);
    this.#changed();
  }
  onProgress(slice: number, fraction: number | null): void {
    this.progress.push({ slice, fraction });
    this.#changed();
  }
  onRequest(request: SandboxRequest): void {
    this.requests.push(request);
    this.#changed();
  }
  onRequestDropped(id: number): void {
    this.dropped.push(id);
    this.#changed();
  }
  onDrained(): void {
    this.drained++;
    this.#changed();
  }
  onEnded(error: Error | null, unfinished: Uint32Array): void {
    this.end = { error, unfinished: [...unfinished] };
    this.#changed();
  }

  /** Resolves as soon as `condition` holds; looked at after everything the Sandbox says. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (condition()) resolve();
        else this.#checks.push(check);
      };
      check();
    });
  }

  /** Whether its Sandbox ends within this time. */
  async endsWithin(ms: number): Promise<boolean> {
    const patience = new AbortController();
    const ended = await Promise.race([
      this.until(() => this.end !== null).then(() => true),
      sleep(ms, false, { signal: patience.signal }).catch(() => true),
    ]);
    patience.abort();
    return ended;
  }

  /** Resolves when so many Slices have ended. */
  untilEnded(slices: number): Promise<void> {
    return this.until(() => this.order.length >= slices);
  }

  #changed(): void {
    for (const check of this.#checks.splice(0)) check();
  }
}

export interface StartOptions {
  readonly args?: unknown[];
  readonly job?: Partial<SandboxJob>;
  readonly limits?: Partial<JobLimits>;
  readonly sandbox?: Partial<SandboxLimits>;
}

/** A Sandbox assigned to a Job of its own. */
export interface Started {
  readonly sandbox: Sandbox;
  readonly seen: Recorder;
}

/** Creates a Sandbox and assigns the Work Function, given as a function that names nothing of its surroundings or as text. */
export async function start(
  evaluator: Evaluator,
  workFunction: ((...args: never[]) => unknown) | string,
  options: StartOptions = {},
): Promise<Started> {
  const seen = new Recorder();
  const sandbox = await evaluator.createSandbox(seen, options.sandbox);
  await sandbox.assign(jobOf(workFunction, options));
  return { sandbox, seen };
}

export function jobOf(
  workFunction: ((...args: never[]) => unknown) | string,
  options: StartOptions = {},
): SandboxJob {
  return {
    id: 'job',
    public: { name: 'a test', description: '', link: '' },
    workFunction: String(workFunction),
    modules: null,
    arguments: encode(options.args ?? []),
    codec: 'native',
    inputSet: { kind: 'list', count: null },
    limits: { ...DEFAULT_JOB_LIMITS, ...options.limits },
    requirements: {},
    determinism: null,
    fetch: false,
    ...options.job,
  };
}

/** Slices with these data, numbered from `first`. */
export function slices(data: readonly unknown[], first = 1): SliceBatch {
  return makeSliceBatch(
    data.map((_, index) => first + index),
    data.map((datum) => encode(datum)),
  );
}

/** Slices of a range, which bring no data. */
export function rangeSlices(count: number, first = 1): SliceBatch {
  return makeRangeBatch(Array.from({ length: count }, (_, index) => first + index));
}

/** The values of Slices 1 to n; what failed is an Error in its place. */
export function valuesOf(seen: Recorder): unknown[] {
  return [...seen.order]
    .sort((a, b) => a - b)
    .map((slice) => (seen.failures.has(slice) ? seen.failures.get(slice) : seen.values.get(slice)));
}

/** How a program ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From `announceEnding()` to the end of the process; NaN when the program did not call it. */
  readonly exitMs: number;
}

/**
 * Runs a program of `fixtures/` in a process of its own to its end.
 * @param meet is called once the program has said `ready`
 */
export function runFixture(
  name: string,
  args?: readonly string[],
  meet?: (child: ChildProcess) => void,
): Promise<Ending> {
  return runProgram(new URL(`./fixtures/${name}.js`, import.meta.url), args, meet);
}

/** The same for a program anywhere. */
export function runProgram(
  program: URL,
  args: readonly string[] = [],
  meet: (child: ChildProcess) => void = () => undefined,
): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(program), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 170_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    let exitedAt = NaN;
    let met = false;
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (!met && stdout.includes('ready\n')) {
        met = true;
        meet(child);
      }
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('exit', () => (exitedAt = monotonicMs()));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const endingAt = Number(/^ending (\S+)$/m.exec(stdout)?.[1]);
      resolve({ code, signal, stdout, stderr, exitMs: exitedAt - endingAt });
    });
  });
}

/** In a program of `fixtures/`: it works, and may be ended. */
export function announceReady(): void {
  writeSync(1, 'ready\n');
}

/** In a program of `fixtures/`: it ends now. */
export function announceEnding(): void {
  writeSync(1, `ending ${monotonicMs()}\n`);
}

/** The same clock in all processes. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Threads of this process. */
export function threadCount(): number {
  return readdirSync('/proc/self/task').length;
}

/** Resident memory of this process, MiB. */
export function residentMiB(): number {
  return pagesMiB()[1]!;
}

/** Resident memory that is no page of a file. */
export function anonymousMiB(): number {
  const [, resident, ofFiles] = pagesMiB();
  return resident! - ofFiles!;
}

/** Of this process: address space, resident memory, and what of it are pages of files and shared. */
function pagesMiB(): number[] {
  const pages = readFileSync('/proc/self/statm', 'latin1').split(' ').map(Number);
  return pages.map((count) => (count * 4096) / 2 ** 20);
}

/** AddressSanitizer keeps freed memory and makes everything slower. */
export const underAsan = process.env['DCP_ASAN'] === '1';

/** How long an end may take, milliseconds. The machine may be busy; what is measured takes some 10 ms. */
export const MAX_EXIT_MS = underAsan || HOST === 'child' ? 5000 : 1000;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
