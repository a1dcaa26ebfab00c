import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { decode, encode } from '../../codec/index.js';
import {
  InvalidArgumentError,
  RequirementError,
  WorkFunctionError,
  requiresWebgpu,
  type ResultBatch,
  type SliceMessage,
} from '../../model/index.js';
import { ConsoleLevels } from '../../sandbox/index.js';
import type {
  Sandbox,
  SandboxJob,
  SandboxLimits,
  SandboxObserver,
  SandboxRequest,
  SliceRejection,
} from '../evaluator.js';
import { confineCalls, narrowCalls, type SeccompSetting } from '../confinement/index.js';
import { FrameChannel, onDescriptor } from '../frames/channel.js';
import { resultsToParts, sliceSegments, slicesFromParts } from '../frames/columns.js';
import { ProtocolError, isShared, type Frame, type Part } from '../frames/frame.js';
import { EndKind, EvaluatorSays, HostSays, PROTOCOL_VERSION } from '../frames/messages.js';
import { decodeText } from '../frames/text.js';
import { InProcessEvaluator } from '../in-process/evaluator.js';
import { askForGpus, type FoundGpus, type GpuOptions } from '../gpu/index.js';
import { loadNative } from '../native.js';
import { completeThreads } from '../options.js';
import type { EvaluatorOffer } from './offer.js';
import { ServedMemory, viewsOf } from './served-memory.js';

/** A frame from the host: it is trusted, and as large as the Slices it hands over. */
const MAX_FRAME_BYTES = Number.MAX_SAFE_INTEGER;

const NO_GPU: FoundGpus = { adapters: [], problems: [] };

const native = loadNative();

export interface ServeFramesOptions {
  /** Threads that run Sandboxes, 1 to 1024. Default: one per core. */
  readonly threads?: number | undefined;
  /** What Sandboxes of Jobs that require WebGPU get; null: such Jobs are refused. Default: any GPU there is. */
  readonly gpu?: GpuOptions | null;
  /** A stream of whoever started this process: it ends with the stream, too. */
  readonly parent?: Readable | null;
  /** What this process keeps when it says that it is ready; null, the default: everything. */
  readonly seccomp?: SeccompSetting;
  /** It ends when it cannot give up the rest. Default false. */
  readonly requireSeccomp?: boolean;
  /** The adapters that it answers with when it is asked, found by somebody else. Default: it looks for itself. */
  readonly found?: FoundGpus | null;
}

/**
 * The evaluator's side of the frames: an in-process evaluator whose Sandboxes a host in another process owns. The process
 * ends when the host closes its end, by will or by death.
 */
export async function serveFrames(
  fd: number,
  {
    threads,
    gpu = {},
    parent = null,
    seccomp = null,
    requireSeccomp = false,
    found = null,
  }: ServeFramesOptions = {},
): Promise<void> {
  if (!isSocket(fd)) throw new InvalidArgumentError(`descriptor ${fd}`, 'expected a socket to the host');
  // It may be frozen when its owner ends, and would not see its channel close.
  native.endWithParent();
  parent
    ?.on('close', () => native.exitNow(0))
    .on('error', () => undefined)
    .resume();
  // Ctrl-C goes to all processes of the terminal. When this one has to end, its host says so.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  await new FrameServer(fd, completeThreads(threads), gpu, seccomp, found).start(requireSeccomp);
  // The process ends when the channel does.
  await new Promise(() => undefined);
}

/** Results that the host has not done with. */
class HeldResults {
  #last = 0;
  readonly #held = new Map<number, { resolve(): void; shared: readonly Uint8Array[] }>();

  /** Answers their number, and what resolves when the host has done with them. `shared` are kept as they are until then. */
  hold(shared: readonly Uint8Array[]): { readonly id: number; readonly done: Promise<void> } {
    const id = ++this.#last;
    const done = new Promise<void>((resolve) => this.#held.set(id, { resolve, shared }));
    return { id, done };
  }

  release(id: number, memory: ServedMemory | null): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    memory?.drop(held.shared);
    held.resolve();
  }
}

class FrameServer {
  readonly #channel: FrameChannel;
  readonly #evaluator: InProcessEvaluator;
  readonly #sandboxes = new Map<number, ServedSandbox>();
  readonly #held = new HeldResults();
  #memory: ServedMemory | null = null;

  constructor(
    fd: number,
    private readonly threads: number,
    private readonly gpu: GpuOptions | null,
    private readonly seccomp: SeccompSetting,
    private readonly found: FoundGpus | null,
  ) {
    this.#hasGpuCalls = seccomp?.some((profile) => profile !== 'cpu') ?? false;
    this.#evaluator = new InProcessEvaluator(
      threads,
      gpu,
      null,
      {
        onStuck: () => this.#channel.send([EvaluatorSays.stuck]),
        onDisowned: () => this.#channel.send([EvaluatorSays.disowned]),
        onThreadDied: () => this.#onThreadDied(),
      },
      (name) => {
        if (this.#tellsAdapters) this.#channel.send([EvaluatorSays.adapter], [text(name)]);
      },
    );
    this.#channel = new FrameChannel(onDescriptor(fd), MAX_FRAME_BYTES, {
      onFrame: (frame) => this.#onFrame(frame),
      onClosed: (error) => {
        // Not later: a Sandbox may be stuck, and nobody waits for anything here.
        if (error !== null) process.stderr.write(`dcp-evaluator: ${error.message}\n`);
        native.exitNow(error === null ? 0 : 1);
      },
    });
  }

  /** Resolves when the host has been told that it may begin. */
  async start(requireSeccomp: boolean): Promise<void> {
    if (this.seccomp !== null) await this.#evaluator.begun();
    const calls = await confineCalls(this.seccomp);
    if (requireSeccomp && calls.state !== 'on') {
      process.stderr.write(
        `EvaluatorError: --confinement=require: no evaluator, for a layer is missing: seccomp (${calls.why})\n`,
      );
      native.exitNow(1);
    }
    this.#channel.send([EvaluatorSays.ready, PROTOCOL_VERSION], [encode([calls]).head]);
  }

  #onFrame(frame: Frame): void {
    const [kind, id = 0, second = 0] = frame.header;
    switch (kind) {
      case HostSays.welcome:
        if (id > 0) this.#memory = new ServedMemory(this.#channel, id);
        break;
      case HostSays.create:
        this.#create(id, decodeParts(frame.parts) as SandboxLimits);
        break;
      case HostSays.assign: {
        const job = decodeParts(frame.parts) as SandboxJob;
        this.#giveUpGpu(job);
        this.#sandboxes.get(id)?.assign(job);
        break;
      }
      case HostSays.run:
        this.#run(id, second, frame.parts);
        break;
      case HostSays.release:
        this.#held.release(second, this.#memory);
        break;
      case HostSays.answer: {
        // Only segments of Slices are shared.
        const [answer, ...segments] = frame.parts as Uint8Array[];
        this.#sandboxes.get(id)?.answer(second, decodeText(answer!), segments);
        break;
      }
      case HostSays.dispose:
        this.#sandboxes.get(id)?.dispose();
        break;
      case HostSays.ping:
        this.#channel.send([EvaluatorSays.pong, id]);
        break;
      case HostSays.hold:
        native.holdTime();
        this.#channel.send([EvaluatorSays.held, id]);
        break;
      case HostSays.goOn:
        native.releaseTime(id);
        break;
      case HostSays.adapters:
        this.#tellsAdapters = true;
        this.#evaluator.closeAdapters(frame.parts.map((part) => decodeText(part as Uint8Array)));
        break;
      case HostSays.describe:
        void this.#describe();
        break;
      default:
        throw new ProtocolError(`the host says ${kind}, which means nothing`);
    }
  }
  #tellsAdapters = false;

  /** This process serves one Job; one that requires no GPU needs none of what drivers need. */
  #giveUpGpu({ requirements: { environment } }: SandboxJob): void {
    if (!this.#hasGpuCalls || requiresWebgpu(environment?.webgpu)) return;
    this.#hasGpuCalls = false;
    const { why } = narrowCalls(['cpu']);
    if (why !== null) process.stderr.write(`dcp-evaluator: ${why}\n`);
  }
  #hasGpuCalls: boolean;

  /** Behind the filter no thread can load what it is to run: those that are left do what they have. */
  #onThreadDied(): void {
    if (this.seccomp !== null) this.#channel.send([EvaluatorSays.worn]);
  }

  async #describe(): Promise<void> {
    // Behind the filter no process can be started that would look.
    const found = this.gpu === null ? NO_GPU : (this.found ?? (await askForGpus(this.gpu)));
    const offer: EvaluatorOffer = {
      threads: this.threads,
      adapters: found.adapters.map(({ name, features, limits }) => ({ name, features, limits })),
      problems: found.problems.map(({ what }) => what),
    };
    const { head } = encode(offer);
    this.#channel.send([EvaluatorSays.offer], [head]);
  }

  #create(id: number, limits: SandboxLimits): void {
    const served = new ServedSandbox(id, this.#channel, this.#held, this.#memory, () => {
      this.#sandboxes.delete(id);
    });
    this.#sandboxes.set(id, served);
    this.#evaluator.createSandbox(served, limits).then(
      (sandbox) => served.begin(sandbox),
      (error: Error) => served.onEnded(error, new Uint32Array(0)),
    );
  }

  #run(id: number, count: number, parts: readonly Part[]): void {
    const segments = viewsOf(sliceSegments(parts), this.#memory);
    const sandbox = this.#sandboxes.get(id);
    // It may have ended while they were on their way.
    if (sandbox === undefined) this.#memory?.drop(segments);
    else sandbox.run(slicesFromParts(count, parts, segments));
  }
}

/** One Sandbox; what its observer hears goes to the host. */
class ServedSandbox implements SandboxObserver {
  #sandbox: Sandbox | null = null;
  #disposed = false;
  #ended = false;

  constructor(
    private readonly id: number,
    private readonly channel: FrameChannel,
    private readonly held: HeldResults,
    private readonly memory: ServedMemory | null,
    private readonly onGone: () => void,
  ) {}

  begin(sandbox: Sandbox): void {
    this.#sandbox = sandbox;
    if (this.#disposed) sandbox.dispose();
    else this.channel.send([EvaluatorSays.created, this.id]);
  }

  assign(job: SandboxJob): void {
    this.#sandbox?.assign(job).then(
      () => this.channel.send([EvaluatorSays.assigned, this.id]),
      // The end of the Sandbox says why.
      () => undefined,
    );
  }

  run(batch: Parameters<Sandbox['run']>[0]): void {
    this.#sandbox?.run(batch);
  }

  answer(request: number, text: string, segments: readonly Uint8Array[]): void {
    this.#sandbox?.answer(request, text, segments);
  }

  dispose(): void {
    this.#disposed = true;
    this.#sandbox?.dispose();
  }

  onResults(results: ResultBatch): Promise<void> {
    const parts = results.segments.map((segment) => this.memory?.partOf(segment) ?? segment);
    const { id, done } = this.held.hold(results.segments.filter((_, index) => isShared(parts[index]!)));
    const count = results.numbers.length;
    this.channel.send([EvaluatorSays.results, this.id, id, count], resultsToParts(results, parts));
    return done;
  }

  onMessages(messages: SliceMessage[]): Promise<void> | undefined {
    for (const message of messages) {
      if (message.type === 'console') {
        const level = ConsoleLevels.indexOf(message.level);
        this.channel.send([EvaluatorSays.console, this.id, message.slice, level], [text(message.message)]);
      } else {
        const { head, segments } = message.value;
        this.memory?.watch();
        this.channel.send(
          [EvaluatorSays.custom, this.id, message.slice],
          [text(message.name), head, ...segments],
        );
      }
    }
    return this.channel.untilSent();
  }

  onRejected({ slice, reason, retries }: SliceRejection): void {
    this.channel.send([EvaluatorSays.rejected, this.id, slice, retries], [text(reason)]);
  }

  onProgress(slice: number, fraction: number | null): void {
    this.channel.send([EvaluatorSays.progress, this.id, slice, fraction ?? -1]);
  }

  onRequest({ id, text: what, segments }: SandboxRequest): void {
    this.memory?.watch();
    this.channel.send([EvaluatorSays.request, this.id, id], [text(what), ...segments]);
  }

  onRequestDropped(id: number): void {
    this.channel.send([EvaluatorSays.requestDropped, this.id, id]);
  }

  onDrained(): void {
    this.channel.send([EvaluatorSays.drained, this.id]);
  }

  onEnded(error: Error | null, unfinished: Uint32Array): void {
    if (this.#ended) return;
    this.#ended = true;
    const running = error === null ? 0 : (unfinished[0] ?? 0);
    let kind: number = EndKind.disposed;
    if (error instanceof WorkFunctionError) kind = EndKind.workFunction;
    else if (error instanceof RequirementError) kind = EndKind.requirement;
    else if (error !== null) kind = EndKind.evaluator;
    this.channel.send([EvaluatorSays.ended, this.id, kind, running], [text(error?.message ?? '')]);
    this.onGone();
  }
}

function text(value: string): Uint8Array {
  return Buffer.from(value);
}

function decodeParts([head, ...segments]: readonly Part[]): unknown {
  return decode({ head: head as Uint8Array, segments: segments as Uint8Array[] });
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}
