import {
  EvaluatorUnavailableError,
  InvalidArgumentError,
  type EvaluatorError,
  type JobId,
} from '../../model/index.js';
import { PeerEvaluator } from '../peer/evaluator.js';
import type { EvaluatorOffer } from '../peer/offer.js';
import { EvaluatorPeer, type EvaluatorPeerOptions } from '../peer/peer.js';
import { EvaluatorConnection } from './connection.js';
import { checkLocation, locationText, type EvaluatorLocation } from './location.js';

export interface RemoteEvaluatorSettings {
  /** How long it may take until the evaluator has greeted, milliseconds, from 1. Default 5000. */
  readonly connectTimeoutMs?: number;
  /**
   * How long an evaluator may leave a question unanswered before it is given up, milliseconds, from 1. Default 10,000. While bytes
   * come from it, or leave for it that waited, it is not.
   */
  readonly hangTimeoutMs?: number;
  /** Hears what the evaluator offers, each time that it is there again. */
  readonly onOffer?: (offer: EvaluatorOffer) => void;
}

export type RemoteEvaluatorOptions = EvaluatorLocation & RemoteEvaluatorSettings;

/** How long an evaluator that has greeted may take to start a process for the connection. */
const START_TIMEOUT_MS = 30_000;
/** The longest time between two tries to connect while somebody waits for it. */
const LONGEST_RETRY_MS = 1_000;
/** Connections of one Job in a row that may be lost without a reason before one of its Slices is suspected. */
const UNEXPLAINED_LOSSES = 5;

/**
 * Opens an evaluator that somebody else starts and ends, and connects to it. It need not be there yet: as long as it is not,
 * `createSandbox` and `assign` reject with `EvaluatorUnavailableError`. Throws `InvalidArgumentError` for a location that cannot be.
 */
export function openRemoteEvaluator(options: RemoteEvaluatorOptions): RemoteEvaluator {
  return new RemoteEvaluator(options);
}

/**
 * Sandboxes in a standing evaluator (`dcp-evaluator --frames --port`), which gives each connection a process of its own.
 * All errors that tell of one outage for the same reason are one object, so that whoever tells people can do that once.
 */
export class RemoteEvaluator extends PeerEvaluator<EvaluatorConnection> {
  readonly #location: EvaluatorLocation;
  readonly #connectTimeoutMs: number;
  readonly #peerOptions: EvaluatorPeerOptions;
  readonly #onOffer: ((offer: EvaluatorOffer) => void) | null;
  #outage: EvaluatorUnavailableError | null = null;
  #isKnown = false;

  constructor(options: RemoteEvaluatorOptions) {
    super(LONGEST_RETRY_MS);
    checkLocation(options);
    this.#location = 'path' in options ? { path: options.path } : { host: options.host, port: options.port };
    this.#connectTimeoutMs = milliseconds('connectTimeoutMs', options.connectTimeoutMs ?? 5_000);
    const hangTimeoutMs = milliseconds('hangTimeoutMs', options.hangTimeoutMs ?? 10_000);
    this.#peerOptions = { startTimeoutMs: START_TIMEOUT_MS, hangTimeoutMs };
    this.#onOffer = options.onOffer ?? null;
    this.start().catch(() => undefined);
  }

  /** Figures for metrics and tests: Sandboxes with and without a Job, and connections. */
  stats(): { readonly sandboxes: number; readonly connections: readonly { jobId: JobId | null }[] } {
    const connections = [...this.peers].map(({ jobId }) => ({ jobId }));
    return { sandboxes: this.sandboxCount, connections };
  }

  protected override openPeer(): EvaluatorPeer<EvaluatorConnection> {
    const mayBlame = (): boolean => {
      const { jobId } = peer!;
      return jobId !== null && this.losses.failuresInRow(jobId) >= UNEXPLAINED_LOSSES;
    };
    const options = { location: this.#location, connectTimeoutMs: this.#connectTimeoutMs, mayBlame };
    let peer: EvaluatorPeer<EvaluatorConnection> | null = null;
    peer = new EvaluatorPeer(this.#peerOptions, (owner) => new EvaluatorConnection(options, owner));
    return peer;
  }

  protected override onPeerReady(peer: EvaluatorPeer<EvaluatorConnection>): void {
    this.#outage = null;
    if (this.#isKnown || this.#onOffer === null) return;
    this.#isKnown = true;
    void peer.describe().then(this.#onOffer);
  }

  protected override onPeerMissing(error: EvaluatorError): EvaluatorError {
    this.#isKnown = false;
    const location = this.#location;
    const how = 'path' in location ? `--socket ${location.path}` : `--port ${location.port}`;
    const message = `no evaluator at ${locationText(location)}: ${error.message}. To start one: dcp-evaluator --frames ${how}`;
    if (this.#outage?.message !== message)
      this.#outage = new EvaluatorUnavailableError(message, { cause: error });
    // What was lost before was lost with the evaluator, and by nobody's doing here.
    this.losses.forgetAll();
    this.endClaims(this.#outage);
    return this.#outage;
  }
}

function milliseconds(field: string, value: number): number {
  if (value >= 1 && value < 2 ** 31) return value;
  throw new InvalidArgumentError(field, `expected milliseconds from 1, got ${value}`);
}
