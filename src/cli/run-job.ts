import { accessSync, constants } from 'node:fs';
import { constants as osConstants } from 'node:os';
import path from 'node:path';
import { createCompute, Job, type Compute, type ResultHandle } from '../compute/index.js';
import type { GpuOptions } from '../evaluator/index.js';
import {
  durationText,
  harmlessLines,
  printable,
  type JobId,
  type SliceError,
  slicesText,
} from '../model/index.js';
import { makeDirectory } from '../system/index.js';
import { loadJobFile } from './job-file.js';
import { printJsonLine, printResults, resultFields } from './present.js';
import { ExitCode, quoted, UsageError, whenReaderGone } from './program.js';
import { ProgressBar } from './progress-bar.js';

export interface RunJobOptions {
  readonly scheduler: string;
  /** Run in this process with so many Sandboxes; null: deploy. */
  readonly local: number | null;
  /** Where debuggers of a local run are listened for; null: nowhere. */
  readonly inspect: { readonly host: string; readonly port: number } | null;
  /** What Work Functions of a local run may fetch from. */
  readonly allowedOrigins: readonly string[];
  /** Which GPUs a local run has for a Job that requires WebGPU. */
  readonly gpu: GpuOptions;
  readonly json: boolean;
  readonly output: string;
  readonly args: readonly string[];
}

/** Where "done" writes to when nobody says. */
export const DEFAULT_OUTPUT = '.';
/** A Job nobody has touched for so long makes one suspect that there is no Worker, milliseconds. */
const NO_WORKER_MS = 5_000;
/** What ends a program at once, unless it listens: a service manager, a terminal that closes, Ctrl-\\. */
const TERMINATING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGQUIT'];
/** Failed Slices that are shown in full. */
const SHOWN_FAILURES = 10;

/** `dcp-job run`: answers the exit code. */
export async function runJob(file: string, options: RunJobOptions): Promise<number> {
  const jobFile = await loadJobFile(file);
  const { directory } = jobFile;
  if (jobFile.done !== null) prepareOutput(options.output);
  const compute = createCompute({ scheduler: options.scheduler, directory });
  const job = await jobFile.makeJob(compute, options.args);
  if (options.local === null) checkScheduler(file, job, options.scheduler);
  const run = new JobRun(compute, job, options);
  const results = await run.results();
  if (results === null) return run.exitCode;
  if (options.json || jobFile.done === null) printResults(results.entries(), options.json);
  if (jobFile.done === null) return run.exitCode;
  // Of a local run nobody else has them. The JSON lines say them in any case.
  const printInPlaceOfDone = (): void => {
    if (!options.json) printResults(results.entries(), false);
  };
  if (run.exitCode !== ExitCode.ok) {
    process.stderr.write('some Slices failed, so "done" of the Job file is not called\n');
    printInPlaceOfDone();
    return run.exitCode;
  }
  // Standard output belongs to the JSON lines.
  if (options.json) console.log = console.info = console.error;
  try {
    await jobFile.done([...results], {
      job,
      outputDirectory: path.resolve(options.output),
      args: options.args,
    });
  } catch (error) {
    printInPlaceOfDone();
    throw error;
  }
  return run.exitCode;
}

/** Throws `UsageError` for a Job that would go elsewhere than it was told: all that is said of it would be wrong. */
function checkScheduler(file: string, job: Job, directory: string): void {
  const other = Job.schedulerOf(job) ?? directory;
  if (path.resolve(other) === path.resolve(directory)) return;
  throw new UsageError(
    `${file}: its Job is for the Scheduler in ${other}, not for the one in ${directory}: ` +
      'make it with the "compute" that the default export is given, or name its Scheduler with --scheduler',
  );
}

/** What cannot be written to is refused before anything has been computed. Throws `UsageError`. */
function prepareOutput(output: string): void {
  try {
    makeDirectory(path.resolve(output));
    // Where nobody has named one, "done" may write nothing at all.
    if (output !== DEFAULT_OUTPUT) accessSync(output, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new UsageError(`--output: nothing can be written to ${output}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Executes one Job and shows what happens: on a terminal with a bar, or as JSON lines. */
class JobRun {
  exitCode: number = ExitCode.ok;
  readonly #bar = new ProgressBar(process.stderr);
  readonly #started = performance.now();
  #accepted = false;
  #interrupted = false;
  #isReaderLost = false;
  #failures = 0;
  #noWorkerTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly compute: Compute,
    private readonly job: Job,
    private readonly options: RunJobOptions,
  ) {
    this.#listen();
  }

  /** Null when there are none: cancelled or interrupted. */
  async results(): Promise<ResultHandle<unknown> | null> {
    const { local } = this.options;
    const onSignal = (): void => this.#interrupt();
    let terminatedBy: NodeJS.Signals | null = null;
    const onTermination = (signal: NodeJS.Signals): void => {
      terminatedBy ??= signal;
      // A terminal that closes sends its own more than once, and standard output may have told of it before.
      if (signal === 'SIGHUP' && this.#interrupted) return;
      this.#interrupt(128 + osConstants.signals[signal]);
    };
    process.on('SIGINT', onSignal);
    if (local !== null) {
      // What it has in the file system must go with it.
      for (const signal of TERMINATING) process.on(signal, onTermination);
      whenReaderGone(() => this.#loseReader(), 'exit');
    }
    try {
      const results = await (local === null ? this.job.exec() : this.#localExec(local));
      this.#tellEnd(results);
      return results;
    } catch (error) {
      // The Job may be of another copy of these classes.
      if ((error as { code?: unknown }).code !== 'ECANCELLED') throw error;
      this.exitCode = this.#interrupted && !this.#isReaderLost ? ExitCode.interrupted : ExitCode.failure;
      this.#say({ type: 'cancelled', job: this.job.id }, `Job ${this.job.id}: cancelled`);
      return null;
    } finally {
      clearTimeout(this.#noWorkerTimer);
      this.#bar.end();
      process.off('SIGINT', onSignal);
      for (const signal of TERMINATING) process.off(signal, onTermination);
      // Else there may be more lines that nobody reads.
      if (!this.#isReaderLost) whenReaderGone(null);
      if (terminatedBy !== null) process.kill(process.pid, terminatedBy);
    }
  }

  #localExec(cores: number): Promise<ResultHandle<unknown>> {
    const { inspect, allowedOrigins, gpu } = this.options;
    if (inspect === null) return this.job.localExec(cores, { allowedOrigins, gpu });
    return this.job.localExec(cores, {
      allowedOrigins,
      gpu,
      inspect: {
        ...inspect,
        onTarget: ({ title, webSocketDebuggerUrl, devtoolsFrontendUrl }) => {
          this.#say(
            { type: 'inspector', title, url: webSocketDebuggerUrl },
            `${title} waits for a debugger: ${webSocketDebuggerUrl}\n  in Chrome: chrome://inspect, or ${devtoolsFrontendUrl}`,
          );
        },
      },
    });
  }

  #listen(): void {
    const { job, options } = this;
    job.on('accepted', () => {
      this.#accepted = true;
      const where = options.local === null ? '' : ' (on this machine alone)';
      this.#say({ type: 'accepted', job: job.id }, `Job ${job.id} "${printable(job.public.name)}"${where}`);
      if (options.local !== null) return;
      // Where it fails, the run itself does, and says why.
      this.#noWorkerTimer = setTimeout(() => void this.#missWorker(job.id!).catch(() => {}), NO_WORKER_MS);
    });
    job.on('status', (status) => {
      if (options.json) printJsonLine({ type: 'status', ...status });
      else this.#bar.update(status.computed, status.total, status.failed);
    });
    job.on('console', ({ sliceNumber, level, message }) => {
      this.#say(
        { type: 'console', slice: sliceNumber, level, message },
        `slice ${sliceNumber} ${level}: ${harmlessLines(message, Infinity)}`,
      );
    });
    job.on('error', ({ sliceNumber, error }) => this.#tellFailure(sliceNumber, error));
    if (options.json) {
      job.on('custom', ({ sliceNumber, name, value }) => {
        printJsonLine({ type: 'custom', slice: sliceNumber, name, ...resultFields(value) });
      });
    }
  }

  #tellFailure(slice: number, error: SliceError): void {
    this.exitCode = ExitCode.failure;
    this.#failures++;
    // The results say it all again.
    if (this.options.json) return;
    if (this.#failures <= SHOWN_FAILURES) {
      const detail = error.stack?.includes(error.message) === true ? error.stack : error.message;
      this.#bar.print(`slice ${slice} failed, ${error.code}: ${harmlessLines(detail, Infinity)}`);
    } else if (this.#failures === SHOWN_FAILURES + 1) {
      this.#bar.print('more Slices failed; their errors are not shown');
    }
  }

  #tellEnd(results: ResultHandle<unknown>): void {
    const elapsedMs = performance.now() - this.#started;
    const failed = this.#failures;
    this.#say(
      {
        type: 'complete',
        job: this.job.id,
        slices: results.length,
        failed,
        elapsedMs: Math.round(elapsedMs),
      },
      `Job ${this.job.id}: ${slicesText(results.length)} done${failed > 0 ? `, ${failed} of them failed` : ''}, ${durationText(elapsedMs)}`,
    );
  }

  async #missWorker(id: JobId): Promise<void> {
    // Not what the handle knows: that a Slice was handed out stands in no log.
    const { state, leased, done } = await this.compute.jobStatus(id);
    if (leased > 0 || done > 0 || state === 'cancelled') return;
    const worker = `dcp-worker --scheduler ${quoted(this.options.scheduler)}`;
    const hint = `no Worker has taken a Slice so far; start one with: ${worker}; if one runs, this says why: ${worker} doctor`;
    this.#say({ type: 'warning', message: hint }, hint);
  }

  /**
   * Ctrl-C. A deployed Job stays with the Scheduler; one that is half deployed, or local, is given up. A second one ends
   * the process whatever it does, with `code`.
   */
  #interrupt(code: number = ExitCode.interrupted): void {
    if (this.#interrupted) process.exit(code);
    this.#interrupted = true;
    const { id } = this.job;
    if (this.#accepted && this.options.local === null) {
      const on = `--scheduler ${quoted(this.options.scheduler)}`;
      this.#say(
        { type: 'detached', job: id },
        `Job ${id} goes on without this program.\n  results: dcp-job results ${id} --wait ${on}\n  cancel:  dcp-job cancel ${id} ${on}`,
      );
      process.exit(ExitCode.interrupted);
    }
    if (id === null) {
      // A local run has a Scheduler by now, or will have: what is to be removed.
      if (this.options.local === null) process.exit(ExitCode.interrupted);
      this.job.on('readystatechange', () => {
        if (this.job.id !== null) this.#cancel();
      });
    } else this.#cancel();
  }

  /** Nobody else has the results of a local run. */
  #loseReader(): void {
    this.#isReaderLost = true;
    if (!this.#interrupted) this.#interrupt();
  }

  #cancel(): void {
    this.job.cancel('interrupted').catch(() => process.exit(ExitCode.interrupted));
  }

  #say(line: object, text: string): void {
    if (this.options.json) printJsonLine(line);
    else this.#bar.print(text);
  }
}
