import {
  EvaluatorError,
  RequirementError,
  sliceError,
  subBatch,
  type SliceBatch,
  type SliceMessage,
} from '../../model/index.js';
import { ConsoleLevels, MAX_RETRIES } from '../../sandbox/index.js';
import type { Sandbox, SandboxEndError, SandboxJob, SandboxLimits, SandboxObserver } from '../evaluator.js';
import { resultBytes, resultSegments, resultsFromParts, slicesToParts } from '../frames/columns.js';
import { ProtocolError, isShared, type Frame, type Part, type SharedPart } from '../frames/frame.js';
import { EndKind, EvaluatorSays } from '../frames/messages.js';
import { MAX_MESSAGE_BYTES, MAX_TOLD_BYTES, decodeText, textOf } from '../frames/text.js';
import { OwedSlices } from '../owed-slices.js';
import { Dues } from './dues.js';
import { SHARED_BYTES } from './memory.js';
import type { EvaluatorPeer, PeerSandbox } from './peer.js';

/** Bytes of data that wait in the evaluator's memory at most, but for a Slice that is larger by itself. */
const WINDOW_BYTES = 32 * 2 ** 20;
/** Data sent at once. */
const PIECE_BYTES = 8 * 2 ** 20;
/** What a Sandbox is told to hold back from (kMaxHeldBytes of native/sandbox). */
const CREDIT_BYTES = 16 * 2 ** 20;
/** How often a Sandbox looks for a peer that lives until it is bound to it. */
const BIND_TRIES = 3;
/** A Sandbox that was told to end and has not after so long has its peer ended; one that is stuck is reported after 2 s. */
const DISPOSE_MS = 5_000;
/** Results that leave together, but for the last of them: 1 MiB in a Sandbox that does as it should. */
const GATHERED_BYTES = 2 * 2 ** 20;

const END_KINDS: readonly number[] = Object.values(EndKind);

export interface SandboxHost {
  /** The peer of the Job, which may have to be opened, and not before it may run. Rejects with `EvaluatorError`. */
  peerFor(job: SandboxJob, isWanted: () => boolean): Promise<EvaluatorPeer>;
  /** The Sandbox has ended. */
  forget(sandbox: ClaimedSandbox): void;
}

/**
 * - `open`: has no Job, and so no peer.
 * - `assigning`: gets a peer and a Sandbox in it, and the Work Function is compiled there.
 * - `assigned`: runs Slices.
 * - `ended`: gone.
 */
type State = 'open' | 'assigning' | 'assigned' | 'ended';

/** The owner's side of a Sandbox in another process: a claim to one, and then that one. What its peer says is checked here before anybody else hears of it. */
export class ClaimedSandbox implements Sandbox, PeerSandbox {
  #state: State = 'open';
  #isDisposed = false;
  /** `createSandbox` has answered it. */
  isCreated = false;
  #peer: EvaluatorPeer | null = null;
  /** Its number there. */
  #remoteId = 0;
  #assigning: { resolve(): void; reject(error: Error): void } | null = null;
  readonly #owed = new OwedSlices();
  readonly dues = new Dues();
  assignedAt = 0;
  /** Pieces that have not been sent. */
  #waiting: SliceBatch[] = [];
  /** Bytes of results the observer has not done with. */
  #heldBytes = 0;

  constructor(
    readonly id: number,
    readonly limits: SandboxLimits,
    private readonly observer: SandboxObserver,
    private readonly host: SandboxHost,
  ) {}

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get suspects(): number {
    return this.#owed.count;
  }

  get isLoading(): boolean {
    return this.#state === 'assigning';
  }

  async assign(job: SandboxJob): Promise<void> {
    if (this.#state !== 'open')
      throw new EvaluatorError(`Sandbox ${this.id} is assigned to a Job already, or has ended`);
    this.#state = 'assigning';
    const assigned = new Promise<void>((resolve, reject) => (this.#assigning = { resolve, reject }));
    // Who disposes of it does not wait for a peer.
    this.#bind(job).catch((error: EvaluatorError) => this.#finish(this.#isDisposed ? null : error));
    await assigned;
  }

  async #bind(job: SandboxJob): Promise<void> {
    for (let tries = 1; ; tries++) {
      const peer = await this.#peerFor(job);
      if (this.#isDisposed) throw new EvaluatorError('the Sandbox was disposed of');
      try {
        this.#remoteId = await peer.bind(this.limits, this);
      } catch (error) {
        // What other Sandboxes of the Job did to the peer is not for this one to answer.
        if (peer.isEnding && tries < BIND_TRIES) continue;
        throw error;
      }
      this.#peer = peer;
      if (this.#isDisposed) this.#end(peer);
      else {
        this.assignedAt = peer.position;
        this.dues.assign(peer.assign(this.#remoteId, job));
      }
      return;
    }
  }

  async #peerFor(job: SandboxJob): Promise<EvaluatorPeer> {
    this.#awaitsPeer = true;
    try {
      return await this.host.peerFor(job, () => !this.#isDisposed);
    } finally {
      this.#awaitsPeer = false;
      // It has ended meanwhile, and the peer may be for nobody now.
      if (this.#isDisposed) this.host.forget(this);
    }
  }
  /** Until then nothing of it is anywhere else. */
  #awaitsPeer = false;

  run(batch: SliceBatch): void {
    if (this.#state === 'ended') return;
    this.#waiting.push(...pieces(own(batch)));
    this.#sendWaiting();
  }

  answer(request: number, text: string, segments: readonly Uint8Array[]): void {
    const peer = this.#peer;
    if (peer !== null) this.dues.answer(peer.answer(this.#remoteId, request, text, segments));
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#peer !== null) this.#end(this.#peer);
    else if (this.#state === 'open' || this.#awaitsPeer) setImmediate(() => this.#finish(null));
  }

  #end(peer: EvaluatorPeer): void {
    peer.dispose(this.#remoteId);
    this.#awaitEnd(peer);
  }

  #awaitEnd(peer: EvaluatorPeer): void {
    this.#patience = setTimeout(() => {
      if (peer.isHeld) this.#awaitEnd(peer);
      else peer.kill(new EvaluatorError(`a Sandbox of ${peer.link.name} did not end`, { suspects: 0 }));
    }, DISPOSE_MS).unref();
  }
  #patience: NodeJS.Timeout | undefined;

  /** Its peer is being ended by us, whatever it does. */
  abandon(): void {
    this.#isDisposed = true;
    this.#finish(null);
  }

  onPeerRetiring(): void {
    this.#isRetiring = true;
  }
  #isRetiring = false;

  onPeerEnded(error: EvaluatorError): void {
    this.#finish(this.#isDisposed ? null : error);
  }

  onFrame(frame: Frame): void {
    const { header, parts } = frame;
    const [kind, , second = 0, third = 0] = header;
    switch (kind) {
      case EvaluatorSays.assigned:
        if (this.#state !== 'assigning') throw new ProtocolError('a Sandbox that was assigned twice');
        this.#state = 'assigned';
        this.dues.assigned();
        this.#assigning!.resolve();
        this.#assigning = null;
        break;
      case EvaluatorSays.results:
        this.#onResults(second, third, parts);
        break;
      case EvaluatorSays.console: {
        const level = ConsoleLevels[third] ?? 'log';
        const message = textOf(parts[0], MAX_MESSAGE_BYTES);
        this.#tell({ type: 'console', slice: sliceNumber(second), level, message });
        break;
      }
      case EvaluatorSays.custom: {
        const [name, head, ...segments] = parts.map(inline);
        if (head === undefined) throw new ProtocolError('an emitted message without a value');
        this.#tell({
          type: 'custom',
          slice: sliceNumber(second),
          name: textOf(name, MAX_MESSAGE_BYTES),
          value: { head, segments },
        });
        break;
      }
      case EvaluatorSays.rejected:
        this.#onRejected(second, third, textOf(parts[0], MAX_TOLD_BYTES));
        break;
      case EvaluatorSays.request: {
        const [text, ...segments] = parts.map(inline);
        if (text === undefined) throw new ProtocolError('a request without its text');
        // It may be as long as the Sandbox could hold: no fault of the evaluator. Of such a one nobody reads more than how long it is.
        this.observer.onRequest({
          id: second,
          text: decodeText(text.subarray(0, MAX_MESSAGE_BYTES)),
          segments,
        });
        break;
      }
      case EvaluatorSays.requestDropped:
        this.observer.onRequestDropped(second);
        break;
      case EvaluatorSays.progress:
        this.observer.onProgress(sliceNumber(second), third >= 0 && third <= 1 ? third : null);
        break;
      case EvaluatorSays.drained:
        // More may have been on its way when it ran out of Slices.
        if (this.#owed.count === 0 && this.#waiting.length === 0) this.observer.onDrained();
        break;
      case EvaluatorSays.ended:
        this.#onEnded(second, third, textOf(parts[0], MAX_TOLD_BYTES));
        break;
      default:
        throw new ProtocolError(`a message of kind ${kind}, which means nothing`);
    }
  }

  /** As much as the window lets through, at least one piece. */
  #sendWaiting(): void {
    const peer = this.#peer;
    if (peer === null || this.#isRetiring) return;
    while (this.#waiting.length > 0 && (this.#owed.count === 0 || this.#owed.bytes < WINDOW_BYTES)) {
      const batch = this.#waiting.shift()!;
      this.#owed.add(batch);
      const segments = batch.segments.map((segment) => placed(segment, peer));
      const { length } = batch.numbers;
      this.dues.run(length, peer.run(this.#remoteId, length, slicesToParts(batch, segments)));
    }
  }

  #onResults(id: number, count: number, parts: readonly Part[]): void {
    // Before anything is fetched or looked at, and before their bytes are: so many Slices were never handed over. And those of none
    // could be said for ever.
    if (!(count >= 1 && count <= this.#owed.count))
      throw new ProtocolError(`${count} results where ${this.#owed.count} are owed`);
    const bytes = resultBytes(parts);
    this.#checkCredit(bytes);
    const peer = this.#peer!;
    const sent = resultSegments(parts);
    const shared = sent.filter(isShared);
    const segments = sent.map((part) => (isShared(part) ? fetched(part, peer) : part));
    const results = resultsFromParts(count, parts, segments);
    for (const number of results.numbers) if (!this.#owed.settle(number)) throw notOwed('a result', number);
    this.dues.ended(count);
    this.#heldBytes += bytes;
    const done = this.observer.onResults(results);
    const release = (): void => {
      this.#heldBytes -= bytes;
      // The evaluator keeps them until then, even when the Sandbox has ended.
      for (const part of shared) peer.link.memory!.release(part);
      peer.release(this.#remoteId, id);
    };
    if (done === undefined) release();
    else void done.then(release);
    this.#sendWaiting();
  }

  #onRejected(slice: number, retries: number, reason: string): void {
    if (!Number.isInteger(retries) || retries < 0 || retries > MAX_RETRIES)
      throw new ProtocolError(`a rejection that grants ${retries} runs`);
    if (!this.#owed.settle(slice)) throw notOwed('a rejection', slice);
    this.dues.ended(1);
    this.observer.onRejected({ slice, reason, retries });
    this.#sendWaiting();
  }

  /** What uses the credit up may be the largest there is, and so may the result of the Slice that runs then. */
  #checkCredit(bytes: number): void {
    const most = this.limits.resultMiB * 2 ** 20 + GATHERED_BYTES;
    if (bytes > most)
      throw new ProtocolError(`results of ${bytes} bytes at once, where ${most} are the most`);
    if (this.#heldBytes + bytes > CREDIT_BYTES + 2 * most)
      throw new ProtocolError(`results beyond its credit of ${CREDIT_BYTES} bytes`);
  }

  #tell(message: SliceMessage): void {
    void this.observer.onMessages([message]);
  }

  #onEnded(kind: number, running: number, message: string): void {
    if (!END_KINDS.includes(kind)) throw new ProtocolError(`an end of kind ${kind}, which means nothing`);
    this.#peer!.unbind(this.#remoteId);
    let error: SandboxEndError | null = null;
    if (kind === EndKind.requirement) error = new RequirementError(message);
    else if (kind === EndKind.workFunction) error = sliceError('EWORKFUNCTION', message);
    else if (kind === EndKind.evaluator) error = new EvaluatorError(message);
    this.#finish(this.#isDisposed ? null : error, running);
  }

  #finish(error: SandboxEndError | null, running = 0): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#peer = null;
    clearTimeout(this.#patience);
    this.host.forget(this);
    const owed = [...this.#owed.numbers(), ...this.#waiting.flatMap(({ numbers }) => [...numbers])];
    this.#waiting = [];
    const at = owed.indexOf(running);
    if (at > 0) owed.unshift(...owed.splice(at, 1));
    this.#assigning?.reject(error ?? new EvaluatorError('the Sandbox was disposed of'));
    this.#assigning = null;
    this.observer.onEnded(error, Uint32Array.from(owed));
  }
}

/** Takes the memory away from whoever handed it over, where a segment is all of its buffer: the same as in-process. */
function own(batch: SliceBatch): SliceBatch {
  const buffers = new Set<ArrayBuffer>();
  for (const { buffer, byteLength } of batch.segments)
    if (byteLength === buffer.byteLength && byteLength > 0) buffers.add(buffer as ArrayBuffer);
  if (buffers.size === 0) return batch;
  const theirs = [...buffers];
  const ours = structuredClone(theirs, { transfer: theirs });
  const byTheirs = new Map(theirs.map((buffer, index) => [buffer, ours[index]!]));
  const taken = new Set<ArrayBuffer>();
  const segments = batch.segments.map((segment) => {
    const buffer = byTheirs.get(segment.buffer as ArrayBuffer);
    if (buffer === undefined) return segment;
    // What two Slices have of one becomes two: each may be somebody else's once it is sent.
    const isFirst = !taken.has(buffer);
    taken.add(buffer);
    return new Uint8Array(isFirst ? buffer : buffer.slice(0));
  });
  return { ...batch, segments };
}

/** A segment on its way to the evaluator, which is not needed here any more if it is shared. */
function placed(segment: Uint8Array, { link: { memory }, buffers }: EvaluatorPeer): Part {
  if (memory === null || segment.byteLength < SHARED_BYTES) return segment;
  const part = memory.place(segment);
  if (part === null) return segment;
  buffers.put(segment);
  return part;
}

/** A segment that came, in memory that the evaluator cannot reach. */
function fetched(part: SharedPart, { link: { memory }, buffers }: EvaluatorPeer): Uint8Array {
  if (memory === null) throw new ProtocolError('a part in shared memory, where there is none');
  return memory.fetch(part, (byteLength) => buffers.take(byteLength));
}

/** Parts of a batch that are not too large to be sent at once. */
function pieces(batch: SliceBatch): SliceBatch[] {
  const slices = batch.numbers.length;
  if (slices === 0) return [];
  const parts: SliceBatch[] = [];
  let from = 0;
  let bytes = 0;
  let segment = 0;
  for (let slice = 0; slice < slices; slice++) {
    bytes += batch.headEnds[slice]! - (slice === 0 ? 0 : batch.headEnds[slice - 1]!);
    for (; segment < batch.segmentEnds[slice]!; segment++) bytes += batch.segments[segment]!.byteLength;
    if (bytes < PIECE_BYTES && slice < slices - 1) continue;
    parts.push(from === 0 && slice === slices - 1 ? batch : subBatch(batch, from, slice + 1));
    from = slice + 1;
    bytes = 0;
  }
  return parts;
}

function inline(part: Part): Uint8Array {
  if (isShared(part)) throw new ProtocolError('a part of a message that lies in shared memory');
  return part;
}

function sliceNumber(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32)
    throw new ProtocolError(`a message of Slice ${value}, which is no number of a Slice`);
  return value;
}

function notOwed(what: string, slice: number): ProtocolError {
  return new ProtocolError(`${what} of Slice ${slice}, which is not owed, or not next`);
}
