import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { EvaluatorError, requiresWebgpu, type JobId } from '../../model/index.js';
import type {
  Evaluator,
  EvaluatorGate,
  GatedWork,
  Sandbox,
  SandboxJob,
  SandboxLimits,
  SandboxObserver,
} from '../evaluator.js';
import { completeLimits } from '../options.js';
import { Backoff, HEALTHY_MS } from './backoff.js';
import type { PeerLink } from './link.js';
import type { EvaluatorPeer } from './peer.js';
import { ClaimedSandbox, type SandboxHost } from './sandbox.js';

/** A peer whose Job has no Sandbox any more is kept for about so long: the next one is there at once. */
const IDLE_MS = 2_000;
/** How long Sandboxes may take to end by themselves when the evaluator closes. */
const CLOSE_MS = 1_000;
/** How often a Sandbox is created anew whose peer ended meanwhile. */
const CREATE_TRIES = 2;
const WARNING = 'DcpEvaluatorWarning';

/**
 * Sandboxes in evaluators that are spoken to in frames, of which each serves one Job and may be gone at any moment.
 *
 * A Sandbox has no Job when it is created, so it has no peer then: what `createSandbox` makes is a claim, backed by a warm
 * Sandbox in the spare peer, the one without a Job. `assign` binds it to a Sandbox in the peer of its Job. For a Job that
 * has none, the spare peer becomes its own, and there is another spare. Jobs that come meanwhile have peers started for
 * them beside it.
 */
export abstract class PeerEvaluator<Link extends PeerLink> implements Evaluator, SandboxHost {
  /** Every one that is not gone. */
  readonly #peers = new Set<EvaluatorPeer<Link>>();
  readonly #sandboxes = new Set<ClaimedSandbox>();
  readonly #byJob = new Map<JobId, Promise<EvaluatorPeer<Link>>>();
  /** Losses of the peers of each Job. The first may be anybody's doing, and the spare peer is there: it takes over at once. */
  protected readonly losses = new Backoff<JobId>(undefined, undefined, 1);
  /** Peers that did not come so far, or ended before any Job had them. */
  readonly #missing: Backoff<null>;
  /** Somebody has been told of those that end so. */
  #isWarned = false;
  #spare: Promise<EvaluatorPeer<Link>> | null = null;
  /** The spare that a Job waits for. */
  #promised: Promise<EvaluatorPeer<Link>> | null = null;
  /** Those that were started beside the spare one, each for a Job that takes it once it is ready. */
  readonly #beside = new WeakSet<EvaluatorPeer<Link>>();
  #startsBeside = 0;
  /** Who waits for a place to start a peer in. */
  #startWaiters: (() => void)[] = [];
  /** Starts that failed, in all, unlike those in a row that `missing` counts. */
  #failures = 0;
  #lastId = 0;
  #closing: Promise<void> | null = null;
  readonly #onExit = (): void => {
    for (const peer of this.#peers) peer.kill(closed());
  };

  heldUpMs(jobId: JobId): number {
    return this.losses.remainingMs(jobId);
  }

  /** @param longestRetryMs between two tries, in a row that fail, to have one more peer; default 5000 */
  constructor(longestRetryMs?: number) {
    this.#missing = new Backoff(undefined, longestRetryMs);
    process.once('exit', this.#onExit);
  }

  /** Begins to start, or to connect to, one more. May throw `EvaluatorError`. */
  protected abstract openPeer(): EvaluatorPeer<Link>;

  /** Whether `setGate` may be called, and adapters are to be told apart. */
  protected readonly isGated: boolean = false;

  /** Peers that may be about to come at a time, the spare one among them. */
  protected readonly startsAtOnce: number = availableParallelism();

  /** One has come; it belongs to no Job yet. */
  protected onPeerReady(_peer: EvaluatorPeer<Link>): void {}

  /** None has come. Answers what is told to those who wait for it. */
  protected onPeerMissing(error: EvaluatorError): EvaluatorError {
    return error;
  }

  protected get peers(): ReadonlySet<EvaluatorPeer<Link>> {
    return this.#peers;
  }

  protected get sandboxCount(): number {
    return this.#sandboxes.size;
  }

  /** Resolves when the first peer is there. */
  async start(): Promise<void> {
    await this.#sparePeer();
  }

  async createSandbox(observer: SandboxObserver, limits: Partial<SandboxLimits> = {}): Promise<Sandbox> {
    if (this.#closing) throw closed();
    const sandbox = new ClaimedSandbox(++this.#lastId, completeLimits(limits), observer, this);
    this.#sandboxes.add(sandbox);
    try {
      await this.#backUp(sandbox);
    } catch (error) {
      this.#sandboxes.delete(sandbox);
      throw error;
    }
    sandbox.isCreated = true;
    return sandbox;
  }

  /** What befalls the spare peer meanwhile is nothing to tell whoever wants a Sandbox, when another one does. */
  async #backUp(sandbox: ClaimedSandbox): Promise<void> {
    for (let tries = 1; ; tries++) {
      const spare = await this.#sparePeer();
      try {
        return await this.#warmUp(spare, sandbox.limits);
      } catch (error) {
        if (!spare.isEnding || tries === CREATE_TRIES || this.#closing) throw error;
        await spare.gone;
        if (this.#expected.has(spare)) tries = 0;
      }
    }
  }

  /** See `Evaluator.gate`; for kinds of peers that can be frozen. */
  protected async setGate(gate: EvaluatorGate): Promise<void> {
    this.#gate = gate;
    await Promise.all(Array.from(this.#peers, (peer) => this.#applyGate(peer)));
    this.#wakeGateWaiters();
    if (this.#closing || gate.actionOf(NO_WORK) === 'kill') return;
    if (this.#spare === null && this.#sandboxes.size > 0) void this.#prepareSpare();
  }
  #gate: EvaluatorGate = { actionOf: () => 'run', closedAdapters: [] };
  /** Who waits until there may be peers again, or one for a Job. */
  #gateWaiters: (() => void)[] = [];

  async #applyGate(peer: EvaluatorPeer<Link>): Promise<void> {
    if (this.#expected.has(peer)) return;
    switch (this.#gate.actionOf({ jobId: peer.jobId, adapters: peer.adapters })) {
      case 'run':
        peer.thaw();
        return;
      case 'freeze':
        // One that is kept ready does nothing, and may be needed for what runs.
        if (peer.jobId === null) peer.thaw();
        else await peer.freeze();
        return;
      case 'kill':
        if (peer.jobId !== null) this.#byJob.delete(peer.jobId);
        this.#expected.add(peer);
        peer.kill(new EvaluatorError(`${peer.link.name} was ended: the machine is in use`, { suspects: 0 }));
    }
  }

  async #untilOpenFor(work: GatedWork): Promise<void> {
    while (!this.#closing && this.#gate.actionOf(work) === 'kill')
      await new Promise<void>((resolve) => this.#gateWaiters.push(resolve));
  }

  #wakeGateWaiters(): void {
    for (const resolve of this.#gateWaiters.splice(0)) resolve();
  }

  async peerFor({ id, requirements }: SandboxJob, isWanted: () => boolean): Promise<EvaluatorPeer<Link>> {
    for (;;) {
      // One that the Job took now would be ended at once.
      await this.#untilOpenFor({ jobId: id, adapters: NO_WORK.adapters });
      if (this.#closing) throw closed();
      if (!isWanted()) throw new EvaluatorError('the Sandbox was disposed of', { suspects: 0 });
      let starting = this.#byJob.get(id);
      if (starting === undefined) {
        starting = this.#takeSpare(id, requiresWebgpu(requirements.environment?.webgpu));
        this.#byJob.set(id, starting);
        starting.catch(() => this.#byJob.delete(id));
      }
      const peer = await starting;
      if (!peer.isEnding) return peer;
      await peer.gone;
    }
  }

  forget(sandbox: ClaimedSandbox): void {
    this.#sandboxes.delete(sandbox);
    this.#endIdleLater();
    if (this.#sandboxes.size === 0) this.#onEmpty();
  }
  #onEmpty: () => void = () => undefined;

  /** Ends the Sandboxes that have no Job: there is nothing behind them. Those on their way are told otherwise. */
  protected endClaims(error: EvaluatorError): void {
    // Whoever hears of it may create another at once.
    for (const sandbox of [...this.#sandboxes])
      if (sandbox.isCreated && sandbox.isOpen) sandbox.onPeerEnded(error);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const sandbox of this.#sandboxes) sandbox.dispose();
    // They would not hear of it.
    for (const peer of this.#peers) if (peer.isHeld) peer.kill(closed());
    if (this.#sandboxes.size > 0) {
      const patience = new AbortController();
      await Promise.race([empty, sleep(CLOSE_MS, undefined, patience).catch(() => undefined)]);
      patience.abort();
    }
    this.losses.cancel();
    this.#missing.cancel();
    this.#wakeGateWaiters();
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    for (const peer of this.#peers) peer.kill(closed());
    await Promise.all([...this.#peers].map(({ gone }) => gone));
    for (const sandbox of this.#sandboxes) sandbox.abandon();
    process.off('exit', this.#onExit);
  }

  /** The one without a Job, opened if there is none. Rejects when it does not come. */
  #sparePeer(): Promise<EvaluatorPeer<Link>> {
    if (this.#spare !== null) return this.#spare;
    const spare = this.#startPeer(true);
    this.#spare = spare;
    spare.catch(() => {
      if (this.#spare === spare) this.#spare = null;
    });
    return spare;
  }

  async #startPeer(isSpare: boolean): Promise<EvaluatorPeer<Link>> {
    await this.#missing.wait(null);
    await this.#untilOpenFor(NO_WORK);
    if (this.#closing) throw closed();
    let started: EvaluatorPeer<Link> | null = null;
    const failuresBefore = this.#failures;
    try {
      started = this.#openPeer();
      if (!isSpare) this.#beside.add(started);
      await started.ready;
    } catch (error) {
      if (started !== null && this.#expected.has(started) && !this.#closing) return this.#startPeer(isSpare);
      // Of those that were tried at a time the first one tells what there is to know.
      if (this.#failures === failuresBefore) this.#countFailure();
      throw this.#closing ? error : this.onPeerMissing(unsuspected(error as EvaluatorError));
    }
    this.#watch(started);
    this.onPeerReady(started);
    return started;
  }

  /** @param startedAt when what failed was started */
  #countFailure(startedAt?: number): void {
    this.#failures++;
    this.#missing.failed(null, startedAt);
  }
  #watch(peer: EvaluatorPeer<Link>): void {
    // Not before it has lived for a while: it may get no further than this each time.
    const healthy = setTimeout(() => this.#missing.succeeded(null), HEALTHY_MS).unref();
    void peer.gone.then(() => {
      clearTimeout(healthy);
      this.#onGone(peer);
    });
  }

  #openPeer(): EvaluatorPeer<Link> {
    const opened = this.openPeer();
    this.#peers.add(opened);
    void opened.gone.then(() => this.#peers.delete(opened));
    return opened;
  }

  async #takeSpare(jobId: JobId, usesGpu: boolean): Promise<EvaluatorPeer<Link>> {
    await this.losses.wait(jobId);
    const taken = await this.#nextPeer();
    // None, or one that somebody else has got meanwhile.
    if (taken?.jobId !== null || taken.isEnding) return this.#takeSpare(jobId, usesGpu);
    taken.jobId = jobId;
    if (usesGpu && this.isGated)
      taken.closeAdapters(this.#gate.closedAdapters, () => void this.#applyGate(taken));
    void this.#applyGate(taken);
    if (!this.#closing) void this.#prepareSpare();
    return taken;
  }

  /**
   * The spare peer, or one that is started beside it where another Job waits for that. Null: there was no place to start one,
   * and may be now. Rejects when none comes.
   */
  async #nextPeer(): Promise<EvaluatorPeer<Link> | null> {
    const spare = this.#sparePeer();
    // Where one has failed the next one is to show first that they come again, and all who wait are told of it.
    if (this.#promised === spare && this.#missing.failuresInRow(null) === 0) {
      if (this.#startsBeside + 1 < this.startsAtOnce) return this.#startBeside();
      await Promise.race([spare, new Promise<void>((resolve) => this.#startWaiters.push(resolve))]);
      return null;
    }
    this.#promised = spare;
    try {
      return await spare;
    } finally {
      // Whoever waited longer may have taken it meanwhile.
      if (this.#spare === spare) this.#spare = null;
    }
  }

  async #startBeside(): Promise<EvaluatorPeer<Link>> {
    this.#startsBeside++;
    try {
      return await this.#startPeer(false);
    } finally {
      this.#startsBeside--;
      for (const resolve of this.#startWaiters.splice(0)) resolve();
    }
  }
  /** The next Job finds a peer, with a warm Sandbox for each claim. What fails here is tried again by who needs it. */
  async #prepareSpare(): Promise<void> {
    try {
      const spare = await this.#sparePeer();
      for (const sandbox of this.#sandboxes) if (sandbox.isOpen) await this.#warmUp(spare, sandbox.limits);
    } catch {
      // Told by `createSandbox` or `assign`.
    }
  }

  async #warmUp(spare: EvaluatorPeer<Link>, limits: SandboxLimits): Promise<void> {
    const key = JSON.stringify(limits);
    let claims = 0;
    for (const sandbox of this.#sandboxes)
      if (sandbox.isOpen && JSON.stringify(sandbox.limits) === key) claims++;
    if (spare.warmCount(limits) < claims) await spare.warmUp(limits);
  }

  #onGone(gone: EvaluatorPeer<Link>): void {
    const { jobId } = gone;
    if (jobId !== null) {
      if (!this.#expected.has(gone)) this.#byJob.delete(jobId);
      if (!this.#closing && !this.#expected.has(gone)) this.losses.failed(jobId, gone.startedAt);
      return;
    }
    if (this.#closing) return;
    if (!this.#expected.has(gone)) this.#onSpareLost(gone);
    if (this.#spare === null || this.#beside.has(gone)) return;
    this.#spare = null;
    void this.#prepareSpare();
  }

  /** One may be anybody's doing; of more in a row nobody else would tell. */
  #onSpareLost({ startedAt, end }: EvaluatorPeer<Link>): void {
    this.#countFailure(startedAt);
    if (this.#missing.failuresInRow(null) === 1) this.#isWarned = false;
    else if (!this.#isWarned) {
      this.#isWarned = true;
      process.emitWarning(
        `evaluators end before any Job has them, one after another; the next is tried less and less often. The last time: ${end!.message}`,
        WARNING,
      );
    }
  }

  /** Looks in a while for peers whose Job needs them no more, and ends them. */
  #endIdleLater(): void {
    this.#idleTimer ??= setTimeout(() => {
      this.#idleTimer = null;
      for (const peer of this.#peers) {
        if (peer.jobId === null || !peer.isIdle || peer.isEnding) continue;
        this.#byJob.delete(peer.jobId);
        this.#expected.add(peer);
        peer.kill(new EvaluatorError(`${peer.link.name} has nothing to do`));
      }
    }, IDLE_MS).unref();
  }
  #idleTimer: NodeJS.Timeout | null = null;
  /** Ended for that reason, or by the gate, which is no failure. */
  readonly #expected = new WeakSet<EvaluatorPeer<Link>>();
}

const NO_WORK: GatedWork = Object.freeze({ jobId: null, adapters: new Set<string>() });

/** No Job had it yet. */
function unsuspected(error: EvaluatorError): EvaluatorError {
  return new EvaluatorError(error.message, { cause: error.cause, suspects: 0 });
}

function closed(): EvaluatorError {
  return new EvaluatorError('the evaluator is closed', { suspects: 0 });
}
