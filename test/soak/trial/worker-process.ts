/** The program under test, and what can be seen of it from outside. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StatusClient } from '#src/cli/status-client.js';
import { evaluatorsBelow } from '../../confinement/processes.js';
import { WallClock } from './clock.js';
import { startOf } from './process-start.js';

const PROGRAM = fileURLToPath(import.meta.resolve('#bin/dcp-worker.js'));
/** How long a Worker may take to start, milliseconds: it gives an evaluator that falls silent at its start 30 s, and so may the next one be. */
const START_MS = 75_000;
/** How long its evaluator processes may outlive it, milliseconds. */
const ORPHAN_MS = 5_000;
const KEPT_ERROR_BYTES = 4_096;

export interface WorkerSetting {
  readonly nodeOptions: readonly string[];
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly socket: string;
  readonly onRecord: (record: Readonly<Record<string, unknown>>) => void;
  readonly onFault: (what: string) => void;
}

export interface Measure {
  /** Resident memory that is no page of a file, MiB. */
  readonly anonymousMiB: number;
  readonly descriptors: number;
}

/** One life after another of a Worker. */
export class WorkerProcess {
  starts = 0;
  /** Evaluator processes that outlived it. */
  orphans = 0;
  readonly status: StatusClient;
  #child: ChildProcess | null = null;
  #stderr = '';
  /** Processes that it started in this life, as `pid:start time`. */
  readonly #seen = new Set<string>();
  #watch: NodeJS.Timeout | undefined;
  /** Whoever ends it says so. */
  #mayEnd = false;

  constructor(private readonly setting: WorkerSetting) {
    this.status = new StatusClient([setting.socket]);
  }

  /** 0 while it does not run. */
  get pidOrZero(): number {
    return this.#child?.pid ?? 0;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the Worker does not run');
    return pid;
  }

  /** Resolves when it says that Slices may come. */
  async start(): Promise<void> {
    const { nodeOptions, args, env, onRecord, onFault } = this.setting;
    this.starts++;
    this.#stderr = '';
    this.#seen.clear();
    this.#mayEnd = false;
    const child = spawn(process.execPath, [...nodeOptions, PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    this.#child = child;
    child.stderr.on(
      'data',
      (data) => (this.#stderr = (this.#stderr + String(data)).slice(-KEPT_ERROR_BYTES)),
    );
    child.once('exit', (code, signal) => {
      WallClock.forget(child.pid!);
      clearInterval(this.#watch);
      if (!this.#mayEnd) onFault(`the Worker ended by itself: ${code ?? signal}: ${this.#stderr}`);
    });
    const started = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        let record: Record<string, unknown>;
        try {
          record = JSON.parse(line) as Record<string, unknown>;
        } catch {
          // A Worker that was killed was in the middle of a line.
          if (!this.#mayEnd) onFault(`standard output: no JSON: ${line.slice(0, 200)}`);
          return;
        }
        if (record['type'] === 'started') resolve();
        onRecord(record);
      });
    });
    const outcome = await Promise.race([
      started.then(() => 'started' as const),
      once(child, 'exit').then(() => 'ended' as const),
      sleep(START_MS, 'late' as const, { ref: false }),
    ]);
    if (outcome !== 'started') throw new Error(`the Worker has not started: ${outcome}: ${this.#stderr}`);
    this.#watch = setInterval(() => this.evaluators(), 200);
  }

  /**
   * Does what ends it and waits for that. Answers its exit code, or the signal that killed it; `null` when it has not ended within
   * `withinMs` and was killed.
   */
  async end(by: (child: ChildProcess) => unknown, withinMs: number): Promise<number | string | null> {
    const child = this.#child!;
    this.evaluators();
    this.#mayEnd = true;
    const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    await by(child);
    const ended = await Promise.race([exit, sleep(withinMs, null, { ref: false })]);
    if (ended === null) {
      child.kill('SIGKILL');
      await exit;
    }
    clearInterval(this.#watch);
    this.#child = null;
    await this.#countOrphans();
    return ended === null ? null : (ended[0] ?? ended[1]);
  }

  /** Process ids of its evaluators. */
  evaluators(): number[] {
    const pid = this.#child?.pid;
    if (pid === undefined) return [];
    const pids = evaluatorsBelow(pid);
    for (const child of pids) {
      const start = startOf(child);
      if (start !== null) this.#seen.add(`${child}:${start}`);
    }
    return pids;
  }

  measure(): Measure | null {
    try {
      const pages = readFileSync(`/proc/${this.pid}/statm`, 'latin1').split(' ').map(Number);
      return {
        anonymousMiB: ((pages[1]! - pages[2]!) * 4096) / 2 ** 20,
        descriptors: readdirSync(`/proc/${this.pid}/fd`).length,
      };
    } catch {
      return null;
    }
  }

  async #countOrphans(): Promise<void> {
    const left = (): string[] =>
      [...this.#seen].filter((seen) => {
        const [pid, start] = seen.split(':') as [string, string];
        return startOf(Number(pid)) === start;
      });
    for (const end = performance.now() + ORPHAN_MS; left().length > 0 && performance.now() < end;)
      await sleep(50);
    for (const seen of left()) {
      this.orphans++;
      this.setting.onFault(`evaluator process ${seen.split(':')[0]} outlived its Worker`);
      process.kill(Number(seen.split(':')[0]), 'SIGKILL');
    }
  }
}
