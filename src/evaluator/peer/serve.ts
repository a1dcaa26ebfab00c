import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { decode, encode } from '../../codec/index.js';
import {
  InvalidArgumentError,
  RequirementError,
  WorkFunctionError,
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
import { FrameChannel, onDescriptor } from '../frames/channel.js';
import { resultsToParts, sliceSegments, slicesFromParts } from '../frames/columns.js';
import { ProtocolError, isRemote, type Frame, type Part } from '../frames/frame.js';
import { REMOTE_BYTES } from '../frames/memory.js';
import { EndKind, EvaluatorSays, HostSays, PROTOCOL_VERSION } from '../frames/messages.js';
import { InProcessEvaluator } from '../in-process/evaluator.js';
import { askForGpus, type GpuOptions } from '../gpu/index.js';
import { loadNative } from '../native.js';
import { completeThreads } from '../options.js';
import { BufferPool } from './buffer-pool.js';
import type { EvaluatorOffer } from './offer.js';

/** A frame from the host: it is trusted, and as large as the Slices it hands over. */
const MAX_FRAME_BYTES = Number.MAX_SAFE_INTEGER;

const NO_GPU: Awaited<ReturnType<typeof askForGpus>> = { adapters: [], problems: [] };

const native = loadNative();

export interface ServeFramesOptions {
  /** Threads that run Sandboxes, 1 to 1024. Default: one per core. */
  readonly threads?: number | undefined;
  /** What Sandboxes of Jobs that require WebGPU get; null: such Jobs are refused. Default: any GPU there is. */
  readonly gpu?: GpuOptions | null;
  /** A stream of whoever started this process: it ends with the stream, too. */
  readonly parent?: Readable | null;
}

/**
 * The evaluator's side of the frames: an in-process evaluator whose Sandboxes a host in another process owns. The process
 * ends when the host closes its end, by will or by death.
 */
export async function serveFrames(
  fd: number,
  { threads, gpu = {}, parent = null }: ServeFramesOptions = {},
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
  new FrameServer(fd, completeThreads(threads), gpu).start();
  // The process ends when the channel does.
  await new Promise(() => undefined);
}

interface Batch {
  readonly sandbox: number;
  readonly frame: Frame;
  /** In the order of the frame, those that the host writes included. */
  readonly segments: Uint8Array[];
  isWritten: boolean;
}

class FrameServer {
  readonly #channel: FrameChannel;
  readonly #evaluator: InProcessEvaluator;
  readonly #sandboxes = new Map<number, ServedSandbox>();
  /** Handed over, oldest first, from the first that the host still writes to. */
  readonly #batches = new Map<number, Batch>();
  readonly #pool = new BufferPool();

  constructor(
    fd: number,
    private readonly threads: number,
    private readonly gpu: GpuOptions | null,
  ) {
    this.#evaluator = new InProcessEvaluator(
      threads,
      gpu,
      null,
      {
        onStuck: () => this.#channel.send([EvaluatorSays.stuck]),
        onDisowned: () => this.#channel.send([EvaluatorSays.disowned]),
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

  start(): void {
    const probe = crypto.getRandomValues(new Uint8Array(16));
    this.#probe = probe;
    this.#channel.send([EvaluatorSays.ready, PROTOCOL_VERSION], [probe, remote(probe)]);
  }
  /** The host reads it where it lies, now or later. */
  #probe: Uint8Array | null = null;

  #onFrame(frame: Frame): void {
    const [kind, id = 0, second = 0] = frame.header;
    switch (kind) {
      case HostSays.welcome:
        this.#remoteParts = id === 1;
        this.#probe = null;
        break;
      case HostSays.create:
        this.#create(id, decodeParts(frame.parts) as SandboxLimits);
        break;
      case HostSays.assign:
        this.#sandboxes.get(id)?.assign(decodeParts(frame.parts) as SandboxJob);
        break;
      case HostSays.run:
        this.#run(id, second, frame);
        break;
      case HostSays.written:
        this.#batches.get(id)!.isWritten = true;
        this.#runWritten();
        break;
      case HostSays.release:
        this.#sandboxes.get(id)?.release(second);
        break;
      case HostSays.answer: {
        // The host keeps nothing of its own in this process: all parts are inline.
        const [answer, ...segments] = frame.parts as Uint8Array[];
        this.#sandboxes.get(id)?.answer(second, new TextDecoder().decode(answer), segments);
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
        this.#evaluator.closeAdapters(
          frame.parts.map((part) => new TextDecoder().decode(part as Uint8Array)),
        );
        break;
      case HostSays.describe:
        void this.#describe();
        break;
      default:
        throw new ProtocolError(`the host says ${kind}, which means nothing`);
    }
  }
  #remoteParts = false;
  #tellsAdapters = false;

  async #describe(): Promise<void> {
    const found = this.gpu === null ? NO_GPU : await askForGpus(this.gpu);
    const offer: EvaluatorOffer = {
      threads: this.threads,
      adapters: found.adapters.map(({ name, features, limits }) => ({ name, features, limits })),
      problems: found.problems.map(({ what }) => what),
    };
    const { head } = encode(offer);
    this.#channel.send([EvaluatorSays.offer], [head]);
  }

  #create(id: number, limits: SandboxLimits): void {
    const served = new ServedSandbox(id, this.#channel, this.#pool, this.#remoteParts, () => {
      this.#sandboxes.delete(id);
    });
    this.#sandboxes.set(id, served);
    this.#evaluator.createSandbox(served, limits).then(
      (sandbox) => served.begin(sandbox),
      (error: Error) => served.onEnded(error, new Uint32Array(0)),
    );
  }

  #run(sandbox: number, id: number, frame: Frame): void {
    const addresses: number[] = [];
    const segments = sliceSegments(frame.parts).map((part) => {
      if (!isRemote(part)) return part;
      const buffer = this.#pool.take(part.byteLength);
      addresses.push(Number(native.addressOf(buffer)));
      return buffer;
    });
    this.#batches.set(id, { sandbox, frame, segments, isWritten: addresses.length === 0 });
    if (addresses.length > 0) {
      const column = new Uint8Array(Float64Array.from(addresses).buffer);
      this.#channel.send([EvaluatorSays.room, sandbox, id], [column]);
    }
    this.#runWritten();
  }

  /** Batches run in the order in which they came. */
  #runWritten(): void {
    for (const [id, { sandbox, frame, segments, isWritten }] of this.#batches) {
      if (!isWritten) return;
      this.#batches.delete(id);
      this.#sandboxes.get(sandbox)?.run(slicesFromParts(frame.header[3]!, frame.parts, segments));
    }
  }
}

/** One Sandbox; what its observer hears goes to the host. */
class ServedSandbox implements SandboxObserver {
  #sandbox: Sandbox | null = null;
  #disposed = false;
  #ended = false;
  /** Results the host has not done with. */
  readonly #held = new Map<number, { resolve(): void; segments: readonly Uint8Array[] }>();
  #lastResults = 0;

  constructor(
    private readonly id: number,
    private readonly channel: FrameChannel,
    private readonly pool: BufferPool,
    private readonly remoteParts: boolean,
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

  release(results: number): void {
    const held = this.#held.get(results);
    if (held === undefined) return;
    this.#held.delete(results);
    for (const segment of held.segments) this.pool.put(segment);
    held.resolve();
  }

  onResults(results: ResultBatch): Promise<void> {
    const id = ++this.#lastResults;
    const count = results.numbers.length;
    const segments = results.segments.map((segment): Part => this.#partOf(segment));
    this.channel.send([EvaluatorSays.results, this.id, id, count], resultsToParts(results, segments));
    return new Promise((resolve) => {
      this.#held.set(id, { resolve, segments: results.segments.filter((_, i) => isRemote(segments[i]!)) });
    });
  }

  onMessages(messages: SliceMessage[]): Promise<void> | undefined {
    for (const message of messages) {
      if (message.type === 'console') {
        const level = ConsoleLevels.indexOf(message.level);
        this.channel.send([EvaluatorSays.console, this.id, message.slice, level], [text(message.message)]);
      } else {
        const { head, segments } = message.value;
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

  #partOf(segment: Uint8Array): Part {
    return this.remoteParts && segment.byteLength >= REMOTE_BYTES ? remote(segment) : segment;
  }
}

function remote(bytes: Uint8Array): Part {
  return { address: Number(native.addressOf(bytes)), byteLength: bytes.byteLength };
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
