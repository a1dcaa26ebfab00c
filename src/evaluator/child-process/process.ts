import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { encode } from '../../codec/index.js';
import { EvaluatorError, type JobId } from '../../model/index.js';
import type { SandboxJob, SandboxLimits } from '../evaluator.js';
import { FrameChannel } from '../frames/channel.js';
import { ProtocolError, isRemote, type Frame, type Part } from '../frames/frame.js';
import { ProcessMemory } from '../frames/memory.js';
import { EvaluatorSays, HostSays, PROTOCOL_VERSION } from '../frames/messages.js';
import { gpuArguments, type GpuOptions } from '../gpu/index.js';
import { loadNative } from '../native.js';
import { BufferPool } from './buffer-pool.js';
import { evaluatorEnvironment } from './environment.js';
import { Heartbeat } from './heartbeat.js';
import { StderrLog } from './stderr-log.js';

const PROGRAM = fileURLToPath(new URL('../../cli/dcp-evaluator.js', import.meta.url));
/** Frames before any Sandbox says anything are small. */
const SMALL_FRAME_BYTES = 2 ** 20;
/** How long Slices may take to end in a process that has lost a GPU, milliseconds. */
const RETIRE_MS = 10_000;
/** How long a process without a channel may take to end. */
const CLOSED_MS = 500;

export interface EvaluatorProcessOptions {
  readonly threads: number;
  readonly gpu: GpuOptions | null;
  /** How long it may take until the first frame, milliseconds. */
  readonly startTimeoutMs: number;
  /** How long it may leave a ping unanswered, milliseconds. */
  readonly hangTimeoutMs: number;
  /** What it prints on standard error, line by line. */
  readonly onLog: (line: string) => void;
}

/** A Sandbox as its process knows it. */
export interface ProcessSandbox {
  /** Slices the process was given and did not answer for: any of them may have been its end. */
  readonly suspects: number;
  onFrame(frame: Frame): void;
  /** The process ends soon: what was not sent to it is to stay here. */
  onProcessRetiring(): void;
  /** The process is gone, and why. Nothing follows. */
  onProcessEnded(error: EvaluatorError): void;
}

/** An unbound Sandbox, created ahead of its use. */
interface WarmSandbox {
  readonly id: number;
  readonly limits: string;
}

/**
 * One evaluator process. It has no Job at first, then one for the rest of its life. Whatever it does that it should not, and
 * whenever it does not answer, it is killed; everything in it ends then.
 */
export class EvaluatorProcess {
  readonly #child: ChildProcess;
  readonly #channel: FrameChannel;
  readonly #log: StderrLog;
  readonly #heartbeat: Heartbeat;
  readonly #sandboxes = new Map<number, ProcessSandbox>();
  readonly #creating = new Map<
    number,
    { limits: string; resolve: () => void; reject: (error: Error) => void }
  >();
  #warm: WarmSandbox[] = [];
  #lastId = 0;
  #lastBatch = 0;
  #isReady = false;
  /** Why it ends; the first reason counts. */
  #end: EvaluatorError | null = null;
  #onReady: () => void = () => undefined;
  #onNotReady: (error: EvaluatorError) => void = () => undefined;
  #onGone: () => void = () => undefined;
  /** Where its long segments lie, when the kernel lets us. */
  memory: ProcessMemory | null = null;
  /** Memory of data that were handed over, for results of the same length. */
  readonly buffers = new BufferPool();
  readonly startedAt = performance.now();
  jobId: JobId | null = null;

  /** Resolves when it can be used; rejects when it ends before. */
  readonly ready = new Promise<void>((resolve, reject) => {
    this.#onReady = resolve;
    this.#onNotReady = reject;
  });
  /** Resolves when the process is gone and nothing of it is left. */
  readonly gone = new Promise<void>((resolve) => (this.#onGone = resolve));

  /** Throws `EvaluatorError` when no process can be made. */
  constructor(options: EvaluatorProcessOptions) {
    const native = loadNative();
    const [ours, theirs] = native.socketPair();
    const gpu = options.gpu === null ? ['--no-gpu'] : gpuArguments(options.gpu);
    const args = [PROGRAM, '--frames', '--threads', String(options.threads), ...gpu];
    this.#child = spawn(process.execPath, args, {
      cwd: '/',
      env: evaluatorEnvironment(process.env),
      // The channel is the first descriptor behind the standard ones.
      stdio: ['ignore', 'ignore', 'pipe', theirs],
    });
    native.closeDescriptor(theirs);
    this.#log = new StderrLog(this.#child.stderr!, options.onLog);
    this.#channel = new FrameChannel(ours, SMALL_FRAME_BYTES, {
      onFrame: (frame) => this.#onFrame(frame),
      onClosed: (error) => this.#onClosed(error),
    });
    this.#heartbeat = new Heartbeat(options.startTimeoutMs, {
      ping: () => this.#channel.send([HostSays.ping, 0]),
      onSilence: (ms) =>
        this.kill(new EvaluatorError(`the evaluator process did not answer for ${ms / 1000} s`)),
    });
    this.#hangTimeoutMs = options.hangTimeoutMs;
    // Rejections that nobody waits for are told by the end as well.
    this.ready.catch(() => undefined);
    this.#child.on('error', (cause) => {
      this.#exit = new EvaluatorError(`no evaluator process: ${cause.message}`, { cause });
      this.#finishIfGone();
    });
    // Not `exit`: what it printed at last belongs to its end.
    this.#child.on('close', (code, signal) => {
      this.#exit ??= this.#describeExit(code, signal);
      this.#finishIfGone();
    });
  }
  #exit: EvaluatorError | null = null;
  #isChannelClosed = false;
  readonly #hangTimeoutMs: number;

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** No Sandbox should be bound to it any more. */
  get isEnding(): boolean {
    return this.#end !== null || this.#retirement !== null;
  }
  #retirement: NodeJS.Timeout | null = null;

  /** No Sandbox of it is in use, or about to be. */
  get isIdle(): boolean {
    return this.#sandboxes.size === 0 && this.#binding === 0;
  }
  #binding = 0;

  warmCount(limits: SandboxLimits): number {
    const key = JSON.stringify(limits);
    let count = 0;
    for (const warm of this.#warm) if (warm.limits === key) count++;
    for (const creating of this.#creating.values()) if (creating.limits === key) count++;
    return count;
  }

  /** Creates a Sandbox that belongs to nobody yet. Rejects with `EvaluatorError` when the process ends before. */
  async warmUp(limits: SandboxLimits): Promise<void> {
    await this.ready;
    if (this.#end !== null) throw this.#end;
    const id = ++this.#lastId;
    // What a Sandbox can return at once: what its memory holds, and strings take up to three bytes a character there.
    this.#channel.maxBytes = Math.max(
      this.#channel.maxBytes,
      (limits.bufferMiB + 3 * limits.heapMiB) * 2 ** 20,
    );
    const { head, segments } = encode(limits);
    this.#channel.send([HostSays.create, id], [head, ...segments]);
    await new Promise<void>((resolve, reject) => {
      this.#creating.set(id, { limits: JSON.stringify(limits), resolve, reject });
    });
  }

  /** Gives a Sandbox of these limits to a handle; answers its number here. */
  async bind(limits: SandboxLimits, sandbox: ProcessSandbox): Promise<number> {
    const key = JSON.stringify(limits);
    this.#binding++;
    try {
      for (;;) {
        const at = this.#warm.findIndex((warm) => warm.limits === key);
        if (this.#end !== null) throw this.#end;
        if (at >= 0) {
          const [{ id }] = this.#warm.splice(at, 1) as [WarmSandbox];
          this.#sandboxes.set(id, sandbox);
          return id;
        }
        await this.warmUp(limits);
      }
    } finally {
      this.#binding--;
    }
  }

  /** The Sandbox has ended. */
  unbind(id: number): void {
    this.#sandboxes.delete(id);
  }

  assign(id: number, job: SandboxJob): void {
    const { head, segments } = encode(job);
    this.#channel.send([HostSays.assign, id], [head, ...segments]);
  }

  /** Answers the batch's number. */
  run(id: number, slices: number, parts: readonly Part[]): number {
    const batch = ++this.#lastBatch;
    this.#channel.send([HostSays.run, id, batch, slices], parts);
    return batch;
  }

  written(batch: number): void {
    this.#channel.send([HostSays.written, batch]);
  }

  release(id: number, results: number): void {
    this.#channel.send([HostSays.release, id, results]);
  }

  answer(id: number, request: number, text: string, segments: readonly Uint8Array[]): void {
    this.#channel.send([HostSays.answer, id, request], [Buffer.from(text), ...segments]);
  }

  dispose(id: number): void {
    this.#channel.send([HostSays.dispose, id]);
  }

  /** Ends it at once. Its Sandboxes hear of it when it is gone. */
  kill(error: EvaluatorError): void {
    this.#end ??= error;
    this.#child.kill('SIGKILL');
  }

  #onFrame(frame: Frame): void {
    // What it says while it is killed cannot be trusted any more than why it is.
    if (this.#end !== null) return;
    this.#heartbeat.heard();
    const [kind, id] = frame.header;
    if (!this.#isReady) {
      this.#begin(frame);
      return;
    }
    switch (kind) {
      case EvaluatorSays.pong:
        return;
      case EvaluatorSays.stuck:
        this.kill(
          new EvaluatorError('the evaluator process was ended: a Slice was stuck in a builtin', {
            suspects: 0,
          }),
        );
        return;
      case EvaluatorSays.disowned:
        this.#retire();
        return;
      case EvaluatorSays.created:
        this.#onCreated(id!);
        return;
      default: {
        const sandbox = this.#sandboxes.get(id!);
        if (sandbox !== undefined) sandbox.onFrame(frame);
        else if (kind === EvaluatorSays.ended) this.#onUnboundEnded(id!);
        else throw new ProtocolError(`a message of kind ${kind} from Sandbox ${id}, which is not in use`);
        this.#endIfRetired();
      }
    }
  }

  /** A GPU does not come back to it, so it cannot end by itself: what runs in it may end, nothing more is begun. */
  #retire(): void {
    if (this.#retirement !== null) return;
    this.#retirement = setTimeout(() => this.#endRetired(), RETIRE_MS).unref();
    for (const sandbox of this.#sandboxes.values()) sandbox.onProcessRetiring();
    this.#endIfRetired();
  }

  #endIfRetired(): void {
    if (this.#retirement === null) return;
    for (const { suspects } of this.#sandboxes.values()) if (suspects > 0) return;
    this.#endRetired();
  }

  #endRetired(): void {
    this.kill(
      new EvaluatorError(
        'the evaluator process was ended: a GPU did not come back from what a Slice submitted',
        {
          suspects: 0,
        },
      ),
    );
  }

  #begin({ header, parts }: Frame): void {
    const [kind, version] = header;
    const [inline, remote] = parts;
    if (kind !== EvaluatorSays.ready || version !== PROTOCOL_VERSION)
      throw new ProtocolError(`it begins with message ${kind} of version ${version}`);
    this.#isReady = true;
    this.#heartbeat.limitMs = this.#hangTimeoutMs;
    if (inline instanceof Uint8Array && remote !== undefined && isRemote(remote)) {
      const memory = new ProcessMemory(loadNative(), this.pid);
      if (memory.isReadable(remote, inline)) this.memory = memory;
    }
    this.#channel.send([HostSays.welcome, this.memory === null ? 0 : 1]);
    this.#onReady();
  }

  #onCreated(id: number): void {
    const creating = this.#creating.get(id);
    if (creating === undefined) throw new ProtocolError(`it created Sandbox ${id}, which nobody asked for`);
    this.#creating.delete(id);
    this.#warm.push({ id, limits: creating.limits });
    creating.resolve();
  }

  #onUnboundEnded(id: number): void {
    this.#warm = this.#warm.filter((warm) => warm.id !== id);
    const creating = this.#creating.get(id);
    this.#creating.delete(id);
    creating?.reject(new EvaluatorError('a Sandbox ended while it was created'));
  }

  #onClosed(error: Error | null): void {
    this.#isChannelClosed = true;
    if (error === null) {
      // It ends by itself. Should it not, it is of no use without a channel.
      setTimeout(() => this.#child.kill('SIGKILL'), CLOSED_MS).unref();
    } else {
      this.kill(
        error instanceof EvaluatorError ? error : new EvaluatorError(error.message, { cause: error }),
      );
    }
    this.#finishIfGone();
  }

  /** The process and what it said before its end. */
  #finishIfGone(): void {
    if (this.#exit !== null && this.#isChannelClosed) this.#finish(this.#exit);
  }

  #describeExit(code: number | null, signal: NodeJS.Signals | null): EvaluatorError {
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    const said = this.#log.fatal;
    return new EvaluatorError(`the evaluator process ${how}${said === '' ? '' : `: ${said}`}`);
  }

  #finish(found: EvaluatorError): void {
    const reason = this.#end ?? found;
    this.#end = reason;
    if (this.#retirement !== null) clearTimeout(this.#retirement);
    this.#heartbeat.stop();
    this.#channel.destroy();
    this.buffers.clear();
    this.#onNotReady(reason);
    for (const { reject } of this.#creating.values()) reject(reason);
    this.#creating.clear();
    this.#warm = [];
    const sandboxes = [...this.#sandboxes.values()];
    this.#sandboxes.clear();
    // Before anybody hears of it: who does may hand Slices to a Sandbox that is gone but has not said so.
    const owed = sandboxes.map(({ suspects }) => suspects);
    const all = reason.suspects === 0 ? 0 : owed.reduce((sum, count) => sum + count, 0);
    sandboxes.forEach((sandbox, index) => {
      const suspects = owed[index] === 0 ? 0 : all;
      sandbox.onProcessEnded(new EvaluatorError(reason.message, { cause: reason.cause, suspects }));
    });
    this.#onGone();
  }
}
