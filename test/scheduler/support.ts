import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  DEFAULT_JOB_LIMITS,
  makeSliceBatch,
  packColumns,
  zeroMetrics,
  type JobSpec,
  type Payload,
  type ResultBatch,
  type SliceBatch,
} from '#src/model/index.js';
import {
  openEmbeddedScheduler,
  type EmbeddedScheduler,
  type EmbeddedSchedulerOptions,
  type TaskRequest,
} from '#src/scheduler/index.js';

/** A clock that stands until it is told to move. */
export class ManualClock {
  time = 1_000_000;
  constructor(readonly bootId = 'boot-1') {}
  now(): number {
    return this.time;
  }
}

export function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'dcp-scheduler-test-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The same clock in every process of the machine, milliseconds. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A Scheduler that is closed when the test ends. */
export async function open(
  t: TestContext,
  directory: string,
  options: EmbeddedSchedulerOptions = {},
): Promise<EmbeddedScheduler> {
  const scheduler = await openEmbeddedScheduler(directory, options);
  t.after(() => scheduler.close());
  return scheduler;
}

export const text = (value: string, segments: Uint8Array[] = []): Payload => ({
  head: new TextEncoder().encode(value),
  segments,
});
export const textOf = (payload: Payload): string => new TextDecoder().decode(payload.head);

export function spec(change: Partial<JobSpec> = {}): JobSpec {
  return {
    public: { name: 'test', description: '', link: '' },
    workFunction: '(x) => x',
    modules: null,
    arguments: text('[]'),
    codec: 'native',
    inputSet: { kind: 'list', count: null },
    requirements: {},
    computeGroups: [],
    limits: DEFAULT_JOB_LIMITS,
    ...change,
  };
}

export const range = (count: number): Partial<JobSpec> => ({
  inputSet: { kind: 'range', start: 0, step: 1, count },
});

/** Slices `from` to `to` (inclusive), each with its number as text. */
export function slices(
  from: number,
  to: number,
  make = (n: number): Payload => text(`datum ${n}`),
): SliceBatch {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  return makeSliceBatch(numbers, numbers.map(make));
}

export function results(
  numbers: ArrayLike<number>,
  make = (n: number): Payload => text(`result ${n}`),
  elapsedMs = 10,
): ResultBatch {
  const list = Uint32Array.from(numbers);
  return {
    numbers: list,
    outcomes: new Uint8Array(list.length),
    ...zeroMetrics(list.length),
    elapsedMs: new Float64Array(list.length).fill(elapsedMs),
    cpuMs: new Float64Array(list.length).fill(elapsedMs / 2),
    ...packColumns(Array.from(list, make)),
  };
}

export function request(change: Partial<TaskRequest> = {}): TaskRequest {
  return {
    workerId: 'worker',
    computeGroups: [],
    jobIds: null,
    capabilities: { webgpu: [], fetch: [] },
    sandboxes: 2,
    targetMs: 100,
    sliceMs: {},
    publicGroup: 'take',
    exceptJobs: [],
    maxSlices: 1000,
    maxBytes: 2 ** 30,
    ...change,
  };
}

/** A request for as many Slices as there are, up to `slices`. */
export const upTo = (slices: number, change: Partial<TaskRequest> = {}): TaskRequest =>
  request({ sandboxes: slices, maxSlices: slices, ...change });

/** Starts a fixture of this folder; it is killed when the test ends, also when it is stopped. */
export function start(t: TestContext, fixture: string, ...args: string[]): ChildProcess {
  const child = fork(join(import.meta.dirname, 'fixtures', `${fixture}.js`), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** The next message of a fixture; fails when it ends first. */
export function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null): void =>
      reject(new Error(`the fixture ended: ${code ?? signal}`));
    child.once('exit', onExit);
    child.once('message', (value) => {
      child.off('exit', onExit);
      resolve(value);
    });
  });
}

export function ended(child: ChildProcess): Promise<string | number | null> {
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(child.signalCode ?? child.exitCode);
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
}
