import {
  spawn,
  spawnSync,
  type ChildProcess,
  type SpawnOptions,
  type StdioOptions,
} from 'node:child_process';
import { fstatSync, readSync } from 'node:fs';
import { EvaluatorError } from '../../model/index.js';
import { findDawn, namedDrivers } from '../gpu/index.js';
import { loadNative } from '../native.js';
import { removeCgroup } from './cgroup.js';
import type { ConfinementMode } from './layers.js';
import { findLauncher, launcherArguments, reachOf, type LauncherOptions, type Reach } from './launcher.js';
import { missingLayers, readLauncherReport, refusal, reportOf, unconfined } from './report.js';
import type { ConfinementReport, LauncherReport } from './report.js';
import { profilesOf } from './profiles.js';
import type { SeccompSetting } from './seccomp-setting.js';

/** What a report has at most; the longest there can be has a fifth of it. */
const MAX_REPORT_BYTES = 64 * 1024;
const REPORT_PIECE_BYTES = 4096;
const NEWLINE = 10;
/** How long a launcher that stays beside its evaluator may take to end it, milliseconds. */
const KILL_MS = 1_000;
/** How long the launcher may take on a busy machine, milliseconds. */
const PROBE_MS = 10_000;

/** Node of this process, and what it is to run. */
type NodeArguments = readonly string[];
export type Descriptors = Extract<StdioOptions, readonly unknown[]>;

/** Starts evaluator processes that are confined as one set of options says. */
export class Confinement {
  readonly #launcher: string | null;
  readonly #reach: Reach;

  /** Throws `EvaluatorError` when all layers are required and there is no launcher. */
  constructor(private readonly options: LauncherOptions) {
    const { mode } = options;
    this.#launcher = mode === 'off' ? null : findLauncher();
    this.#reach = this.#launcher === null ? { profiles: [], files: [] } : reachOf(options);
    if (mode === 'require' && this.#launcher === null) throw new EvaluatorError(refusal(this.#without()));
  }

  /** What a process is told to do to itself. */
  get ofProcess(): { readonly seccomp: SeccompSetting; readonly requireSeccomp: boolean } {
    const { mode, without, gpu, env } = this.options;
    if (mode === 'off' || without.includes('seccomp')) return { seccomp: null, requireSeccomp: false };
    const drivers = gpu && typeof findDawn() !== 'string' ? namedDrivers(env) : [];
    return { seccomp: profilesOf(drivers), requireSeccomp: mode === 'require' };
  }

  /** What the launcher makes of this machine, without an evaluator. Throws `EvaluatorError` when what is required is missing. */
  probe(): ConfinementReport {
    if (this.#launcher === null) return this.#without();
    // The report is the first descriptor behind the standard ones.
    const { output, error } = spawnSync(
      this.#launcher,
      [
        ...launcherArguments(this.options, this.#reach, { kept: [], report: 3, probe: true }),
        process.execPath,
      ],
      {
        cwd: '/',
        env: {},
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
        timeout: PROBE_MS,
        killSignal: 'SIGKILL',
      },
    );
    const report = error ? null : readLauncherReport(String(output?.[3] ?? ''));
    if (report === null)
      throw new EvaluatorError(`${this.#launcher} does not work: ${error?.message ?? 'it says nothing'}`);
    if (report.cgroup !== null) removeCgroup(report.cgroup);
    const told = reportOf(this.options.mode, report);
    if (report.failure !== null) throw new EvaluatorError(this.#whyNot(told, report.failure));
    return told;
  }

  /**
   * Runs Node with these arguments. `stdio`: its descriptors. Throws what `spawn` throws.
   */
  spawn(
    args: NodeArguments,
    stdio: Descriptors,
    options: Pick<SpawnOptions, 'cwd' | 'env'>,
  ): ConfinedProcess {
    if (this.#launcher === null)
      return new ConfinedProcess(
        spawn(process.execPath, args, { ...options, stdio }),
        -1,
        this.#without(),
        null,
      );
    const native = loadNative();
    const [ours, theirs] = native.socketPair();
    const kept = stdio.map((_, fd) => fd).slice(3);
    const words = launcherArguments(this.options, this.#reach, { kept, report: stdio.length });
    try {
      const child = spawn(this.#launcher, [...words, process.execPath, ...args], {
        ...options,
        stdio: [...stdio, theirs],
      });
      return new ConfinedProcess(child, ours, null, (report) => {
        const told = reportOf(this.options.mode, report);
        return [told, report.failure === null ? null : this.#whyNot(told, report.failure)];
      });
    } catch (error) {
      native.closeDescriptor(ours);
      throw error;
    } finally {
      native.closeDescriptor(theirs);
    }
  }

  /** Whether there is a launcher, without which `spawn` confines nothing. */
  get hasLauncher(): boolean {
    return this.#launcher !== null;
  }

  /**
   * This process becomes Node with these arguments, confined. There must be a launcher. `kept`: descriptors that it gets besides the
   * standard ones; `args` are told one more, by which it reads its report (`takeReport`). Throws what the system says when it cannot be, and
   * `EvaluatorError` when what is required is missing.
   */
  become(
    args: (report: number) => NodeArguments,
    kept: readonly number[],
    parent: number | null,
    env: NodeJS.ProcessEnv,
  ): never {
    const { mode } = this.options;
    // Who is the launcher cannot say any more in a sentence what was missing.
    if (mode === 'require') this.probe();
    const native = loadNative();
    const [ours, theirs] = native.socketPair();
    const all = [...kept, ours];
    const words = launcherArguments(this.options, this.#reach, {
      kept: all,
      report: theirs,
      parent,
      writesOutput: [1, 2].some(isFile),
    });
    const variables = Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    );
    return native.become([this.#launcher!, ...words, process.execPath, ...args(ours)], variables, [
      ...all,
      theirs,
    ]);
  }

  #whyNot(report: ConfinementReport, failure: string): string {
    const isRefused = report.mode === 'require' && missingLayers(report).length > 0;
    return isRefused ? refusal(report) : `no evaluator process: ${failure}`;
  }

  #without(): ConfinementReport {
    const { mode } = this.options;
    if (mode === 'off') return unconfined(mode, 'off', '--confinement=off');
    const why =
      process.platform === 'linux'
        ? 'dcp-confine is not beside the addon: in a checkout, `npm run build` makes it'
        : `there is no confinement for ${process.platform} yet`;
    return unconfined(mode, 'missing', why);
  }
}

/** What the launcher that has become this process says on a descriptor, which is closed. */
export function takeReport(fd: number, mode: ConfinementMode): ConfinementReport {
  const said = readAll(fd);
  loadNative().closeDescriptor(fd);
  const report = readLauncherReport(said.toString());
  if (report === null) throw new EvaluatorError('the launcher says nothing of the confinement');
  return reportOf(mode, report);
}

/** As much as there is. */
function readAll(fd: number): Buffer {
  const pieces: Buffer[] = [];
  try {
    for (;;) {
      const piece = Buffer.alloc(REPORT_PIECE_BYTES);
      const read = readSync(fd, piece, 0, piece.length, null);
      if (read === 0) break;
      pieces.push(piece.subarray(0, read));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
  }
  return Buffer.concat(pieces);
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    // It is closed.
    return false;
  }
}

/** What the launcher has said comes to: the report, and why there is no program, null when there is. */
type Understand = (report: LauncherReport) => readonly [ConfinementReport, string | null];

/** A process that was started by, or without, the launcher. */
export class ConfinedProcess {
  #reportFd: number;
  #pid: number | null = null;
  #cgroup: string | null = null;
  #failure: string | null = null;
  /** Of the report, so far. */
  #said = Buffer.alloc(0);

  constructor(
    /** What was started here: it ends as the evaluator ends, and the evaluator with it. */
    readonly child: ChildProcess,
    reportFd: number,
    private told: ConfinementReport | null,
    private readonly understand: Understand | null,
  ) {
    this.#reportFd = reportFd;
    child.once('close', () => {
      this.settle();
      this.#close();
      if (this.#killing !== null) clearTimeout(this.#killing);
      if (this.#cgroup !== null) removeCgroup(this.#cgroup);
    });
    // No process, so no end either.
    child.once('error', () => {
      if (child.pid === undefined) this.#close();
    });
  }

  /** Of the evaluator itself, once it has said something; until then of what becomes it, or ends with it. 0: there is none. */
  get pid(): number {
    return this.#pid ?? this.child.pid ?? 0;
  }

  /** Null as long as it is not known. */
  get report(): ConfinementReport | null {
    return this.told;
  }

  /** Why the launcher has not started it; null: it has. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Ends it at once, whatever it does. */
  kill(): void {
    const { child } = this;
    // Of a process whose frames go to somebody else nothing has been taken so far.
    this.settle();
    if (this.#pid === null || this.#pid === child.pid) {
      child.kill('SIGKILL');
      return;
    }
    // The launcher beside it kills it and is gone when all of it is; should it be stopped, the kernel does that.
    child.kill('SIGQUIT');
    this.#killing ??= setTimeout(() => child.kill('SIGKILL'), KILL_MS).unref();
  }
  #killing: NodeJS.Timeout | null = null;

  /**
   * Takes what the launcher has reported, if that is all there by now: it is when the evaluator has said something, for the launcher
   * reports before the evaluator runs, and when it has ended.
   */
  settle(): void {
    if (this.#reportFd < 0 || this.understand === null) return;
    try {
      if (!this.#isReportComplete()) return;
      const report = readLauncherReport(this.#said.toString());
      if (report !== null) {
        this.#pid = report.pid;
        this.#cgroup = report.cgroup;
        [this.told, this.#failure] = this.understand(report);
      }
    } catch (error) {
      // As when somebody kills the launcher while it writes.
      this.#failure = `no evaluator process: ${(error as Error).message}`;
    }
    this.#close();
  }

  /**
   * It is when there is a whole line: another follows only where the evaluator cannot be run. Nobody waits for the end of it, which
   * the launcher and its helpers close when they come to it, perhaps long after the evaluator has begun.
   */
  #isReportComplete(): boolean {
    const buffer = Buffer.alloc(REPORT_PIECE_BYTES);
    try {
      while (this.#said.length < MAX_REPORT_BYTES) {
        const read = readSync(this.#reportFd, buffer, 0, buffer.length, null);
        if (read === 0) return true;
        this.#said = Buffer.concat([this.#said, buffer.subarray(0, read)]);
      }
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return this.#said.at(-1) === NEWLINE;
      throw error;
    }
  }

  #close(): void {
    if (this.#reportFd >= 0) loadNative().closeDescriptor(this.#reportFd);
    this.#reportFd = -1;
  }
}
