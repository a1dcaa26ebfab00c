import { encode } from '../../codec/index.js';
import { EvaluatorError, EvaluatorUnavailableError, type JobId } from '../../model/index.js';
import type { SandboxJob, SandboxLimits } from '../evaluator.js';
import type { LayerState } from '../confinement/index.js';
import type { FrameChannel } from '../frames/channel.js';
import { ProtocolError, isShared, type Frame, type Part } from '../frames/frame.js';
import { EvaluatorSays, HostSays, PROTOCOL_VERSION } from '../frames/messages.js';
import { MAX_TOLD_BYTES, textOf } from '../frames/text.js';
import { BufferPool } from './buffer-pool.js';
import type { Dues } from './dues.js';
import { Heartbeat } from './heartbeat.js';
import type { PeerLink, PeerLinkOwner } from './link.js';
import { layersOf } from './layers.js';
import { offerOf, type EvaluatorOffer } from './offer.js';
import { Standstill } from './standstill.js';

/** Frames before any Sandbox says anything are small. */
export const SMALL_FRAME_BYTES = 2 ** 20;
/** How long Slices may take to end behind a peer that has lost a GPU, milliseconds. */
const RETIRE_MS = 10_000;

/** What waits to be sent may be more by so much than the Sandboxes have still to be told. */
const EXCESS_BYTES = 2 ** 20;

/** What an evaluator may say of the adapters that it uses. */
const MAX_ADAPTERS = 64;
const MAX_NAME_BYTES = 1000;

export interface EvaluatorPeerOptions {
  /** How long it may take until the first frame, milliseconds. */
  readonly startTimeoutMs: number;
  /** How long it may leave a ping unanswered while nothing else comes from it, and nothing that waits leaves for it, milliseconds. */
  readonly hangTimeoutMs: number;
}

/** A Sandbox as its peer knows it. */
export interface PeerSandbox {
  /** Slices the peer was given and did not answer for: any of them may have been its end. */
  readonly suspects: number;
  /** It loads its Work Function, which may have been the peer's end as well. */
  readonly isLoading: boolean;
  /** Where in what was sent to the peer its assignment is, and what of all that was sent for it the peer may not have read. */
  readonly assignedAt: number;
  readonly dues: Dues;
  onFrame(frame: Frame): void;
  /** The peer ends soon: what was not sent to it is to stay here. */
  onPeerRetiring(): void;
  /** The peer is gone, and why. Nothing follows. */
  onPeerEnded(error: EvaluatorError): void;
}

/** An unbound Sandbox, created ahead of its use. */
interface WarmSandbox {
  readonly id: number;
  readonly limits: string;
}

/**
 * One evaluator on the other side of a channel of frames. It has no Job at first, then one for the rest of its life. Whatever
 * it does that it should not, and whenever it does not answer, its link is ended; everything in it ends then.
 */
export class EvaluatorPeer<Link extends PeerLink = PeerLink> {
  readonly link: Link;
  readonly #heartbeat: Heartbeat;
  readonly #standstill: Standstill;
  readonly #hangTimeoutMs: number;
  readonly #sandboxes = new Map<number, PeerSandbox>();
  readonly #creating = new Map<
    number,
    { limits: string; resolve: () => void; reject: (error: Error) => void }
  >();
  #warm: WarmSandbox[] = [];
  #lastId = 0;
  #isReady = false;
  /** Why it ends; the first reason counts. */
  #end: EvaluatorError | null = null;
  #onReady: () => void = () => undefined;
  #onNotReady: (error: EvaluatorError) => void = () => undefined;
  #onGone: () => void = () => undefined;
  /** Null: nobody waits for its offer. */
  #onOffer: ((offer: EvaluatorOffer) => void) | null = null;
  /** Memory of data that were handed over, for results of the same length. */
  readonly buffers = new BufferPool();
  readonly startedAt = performance.now();
  jobId: JobId | null = null;
  /** What it has taken from itself, by its own word; known once it is ready. */
  layers: readonly LayerState[] = [];
  /** Names of the GPUs that it was seen to use. */
  readonly adapters = new Set<string>();

  /** Resolves when it can be used; rejects when it ends before. */
  readonly ready = new Promise<void>((resolve, reject) => {
    this.#onReady = resolve;
    this.#onNotReady = reject;
  });
  /** Resolves when nothing of it is left. */
  readonly gone = new Promise<void>((resolve) => (this.#onGone = resolve));

  /** @param open may throw `EvaluatorError`, when there cannot be such a link */
  constructor(options: EvaluatorPeerOptions, open: (owner: PeerLinkOwner) => Link) {
    this.#hangTimeoutMs = options.hangTimeoutMs;
    // Rejections that nobody waits for are told by the end as well.
    this.ready.catch(() => undefined);
    this.link = open({
      onFrame: (frame) => this.#onFrame(frame),
      onBroken: (error) => this.kill(error),
      onGone: (error) => this.#finish(error),
    });
    this.#heartbeat = new Heartbeat(options.startTimeoutMs, {
      ping: () => {
        if (this.#isReady) this.#channel.send([HostSays.ping, 0]);
      },
      // Who begins is to come to the end of its first frame in time.
      hasMoved: () => this.#isReady && this.#channel.hasMoved(),
      onSilence: (ms) => this.kill(this.link.loss(`${this.link.name} did not answer for ${ms / 1000} s`)),
    });
    this.#standstill = new Standstill(this.link, {
      begin: () => this.#heartbeat.hold(),
      end: () => this.#heartbeat.resume(),
    });
  }

  get #channel(): FrameChannel {
    return this.link.channel;
  }

  /** No Sandbox should be bound to it any more. */
  get isEnding(): boolean {
    return this.#end !== null || this.#retirement !== null;
  }
  #retirement: NodeJS.Timeout | null = null;

  /** Why it ends, or has ended; null: it does not. */
  get end(): EvaluatorError | null {
    return this.#end;
  }

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

  /** What it has to offer. Resolves when it says so: it may have to try drivers first. Never, when it ends before. */
  describe(): Promise<EvaluatorOffer> {
    return new Promise((resolve) => {
      this.#onOffer = resolve;
      this.#channel.send([HostSays.describe]);
    });
  }

  /** Creates a Sandbox that belongs to nobody yet. Rejects with `EvaluatorError` when the peer ends before. */
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
  async bind(limits: SandboxLimits, sandbox: PeerSandbox): Promise<number> {
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
    const sandbox = this.#sandboxes.get(id);
    this.#sandboxes.delete(id);
    // What waits to be sent for it is of no use, and has to be read all the same. One that was never heard of has not ended.
    if (sandbox === undefined || this.#channel.unreadBytes === 0) return;
    if (!this.#channel.mayHaveRead(sandbox.assignedAt)) return;
    this.#forgetRead();
    this.#left.push({ until: this.#channel.position, bytes: sandbox.dues.bytes });
  }

  #forgetRead(): void {
    this.#left = this.#left.filter(({ until }) => !this.#channel.mayHaveRead(until));
  }
  #left: { readonly until: number; readonly bytes: number }[] = [];

  /** Where the next frame will be in all that is sent to it. */
  get position(): number {
    return this.#channel.position;
  }

  /** As `run` and `answer`, it answers how many bytes wait to be sent for it. */
  assign(id: number, job: SandboxJob): number {
    const { head, segments } = encode(job);
    return this.#channel.send([HostSays.assign, id], [head, ...segments]);
  }

  run(id: number, slices: number, parts: readonly Part[]): number {
    return this.#channel.send([HostSays.run, id, slices], parts);
  }

  release(id: number, results: number): void {
    this.#channel.send([HostSays.release, id, results]);
  }

  answer(id: number, request: number, text: string, segments: readonly Uint8Array[]): number {
    return this.#channel.send([HostSays.answer, id, request], [Buffer.from(text), ...segments]);
  }

  dispose(id: number): void {
    this.#channel.send([HostSays.dispose, id]);
  }

  /** Jobs do not get these adapters from now on, and `onAdapter` hears of those that they get. Once it is ready. */
  closeAdapters(names: readonly string[], onAdapter: () => void): void {
    this.#onNewAdapter = onAdapter;
    this.#channel.send(
      [HostSays.adapters],
      names.map((name) => Buffer.from(name)),
    );
  }
  #onNewAdapter: () => void = () => undefined;

  #onAdapter({ parts: [name] }: Frame): void {
    if (this.adapters.size >= MAX_ADAPTERS) throw new ProtocolError(`more than ${MAX_ADAPTERS} adapters`);
    this.adapters.add(textOf(name, MAX_NAME_BYTES));
    this.#onNewAdapter();
  }

  /** It stands still, or is about to: nothing of it can be waited for. */
  get isHeld(): boolean {
    return this.#standstill.isHeld;
  }

  /**
   * Holds everything in it still, and time with it: none of it counts for a limit or as silence. Resolves when nothing of it runs, or it was
   * thawed or is gone. Only where the link can.
   */
  freeze(): Promise<void> {
    return this.#standstill.freeze(this.#isReady);
  }

  /** It goes on where it was. */
  thaw(): void {
    this.#standstill.thaw();
  }

  /** Ends it at once. Its Sandboxes hear of it when it is gone. */
  kill(error: EvaluatorError): void {
    this.#end ??= error;
    this.link.kill();
  }

  #onFrame(frame: Frame): void {
    // What it says while it is killed cannot be trusted any more than why it is.
    if (this.#end !== null) return;
    if (this.#channel.unreadBytes > EXCESS_BYTES) this.#checkThatItReads();
    this.#heartbeat.heard();
    const [kind, id] = frame.header;
    if (kind === EvaluatorSays.died) {
      const how = deathText(this.link.name, frame);
      this.kill(id === 1 ? new EvaluatorError(how) : this.link.loss(how));
      return;
    }
    if (!this.#isReady) {
      this.#begin(frame);
      return;
    }
    switch (kind) {
      case EvaluatorSays.pong:
        return;
      case EvaluatorSays.adapter:
        this.#onAdapter(frame);
        return;
      case EvaluatorSays.held:
        this.#standstill.onTimeHeld(id!);
        return;
      case EvaluatorSays.stuck:
        this.kill(
          new EvaluatorError(`${this.link.name} was ended: a Slice was stuck in a builtin`, { suspects: 0 }),
        );
        return;
      case EvaluatorSays.disowned:
        this.#retire('a GPU did not come back from what a Slice submitted');
        return;
      case EvaluatorSays.worn:
        this.#retire('a thread of it died');
        return;
      case EvaluatorSays.offer:
        this.#onOfferFrame(frame);
        return;
      case EvaluatorSays.created:
        this.#onCreated(id!);
        return;
      case EvaluatorSays.freed:
        this.#onFreed(frame.parts);
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

  /** Whoever talks and does not listen would fill our memory with answers. */
  #checkThatItReads(): void {
    const { unreadBytes } = this.#channel;
    this.#forgetRead();
    let due = 0;
    for (const { bytes } of this.#left) due += bytes;
    for (const { dues } of this.#sandboxes.values()) due += dues.bytes;
    if (unreadBytes > due + EXCESS_BYTES)
      throw new ProtocolError(`it reads nothing: ${unreadBytes - due} bytes of answers wait for it`);
  }

  /** It has lost what only a new one has: what runs in it may end, nothing more is begun. */
  #retire(why: string): void {
    if (this.#retirement !== null) return;
    this.#whyRetired = why;
    this.#retirement = setTimeout(() => this.#endRetired(), RETIRE_MS).unref();
    for (const sandbox of this.#sandboxes.values()) sandbox.onPeerRetiring();
    this.#endIfRetired();
  }
  #whyRetired = '';

  #endIfRetired(): void {
    if (this.#retirement === null) return;
    for (const { suspects } of this.#sandboxes.values()) if (suspects > 0) return;
    this.#endRetired();
  }

  #endRetired(): void {
    this.kill(
      new EvaluatorError(`${this.link.name} was ended: ${this.#whyRetired}`, {
        suspects: 0,
      }),
    );
  }

  #begin({ header, parts }: Frame): void {
    const [kind, version] = header;
    const [layers] = parts;
    if (kind !== EvaluatorSays.ready || version !== PROTOCOL_VERSION)
      throw new ProtocolError(`it begins with message ${kind} of version ${version}`);
    this.layers = layersOf(layers);
    this.#isReady = true;
    this.#heartbeat.limitMs = this.#hangTimeoutMs;
    this.#channel.send([HostSays.welcome, this.link.memory?.regionBytes ?? 0]);
    this.#onReady();
  }

  #onCreated(id: number): void {
    const creating = this.#creating.get(id);
    if (creating === undefined) throw new ProtocolError(`it created Sandbox ${id}, which nobody asked for`);
    this.#creating.delete(id);
    this.#warm.push({ id, limits: creating.limits });
    creating.resolve();
  }

  #onOfferFrame({ parts }: Frame): void {
    const onOffer = this.#onOffer;
    if (onOffer === null) throw new ProtocolError('an offer that nobody asked for');
    this.#onOffer = null;
    onOffer(offerOf(parts));
  }

  #onFreed([column]: readonly Part[]): void {
    const { memory } = this.link;
    if (memory === null || column === undefined || isShared(column) || column.byteLength % 8 !== 0)
      throw new ProtocolError('it gives back segments that it was not given');
    const offsets = new Float64Array(column.buffer, column.byteOffset, column.byteLength / 8);
    for (const offset of offsets) memory.free(offset);
  }

  #onUnboundEnded(id: number): void {
    this.#warm = this.#warm.filter((warm) => warm.id !== id);
    const creating = this.#creating.get(id);
    this.#creating.delete(id);
    creating?.reject(new EvaluatorError('a Sandbox ended while it was created'));
  }

  #finish(found: EvaluatorError): void {
    const reason = this.#end ?? found;
    this.#end = reason;
    if (this.#retirement !== null) clearTimeout(this.#retirement);
    this.#heartbeat.stop();
    this.#standstill.forget();
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
    const loading = sandboxes.map(({ isLoading }) => isLoading);
    const all = reason.suspects === 0 ? 0 : owed.reduce((sum, count) => sum + count, 0);
    sandboxes.forEach((sandbox, index) => {
      const loads = loading[index] && reason.suspects > 0 ? 1 : 0;
      const suspects = owed[index] === 0 ? loads : all;
      sandbox.onPeerEnded(
        reason instanceof EvaluatorUnavailableError
          ? reason
          : new EvaluatorError(reason.message, { cause: reason.cause, suspects, loss: reason }),
      );
    });
    this.#onGone();
  }
}

function deathText(name: string, { parts: [text] }: Frame): string {
  return text === undefined ? `${name} has died` : `${name}: ${textOf(text, MAX_TOLD_BYTES)}`;
}
