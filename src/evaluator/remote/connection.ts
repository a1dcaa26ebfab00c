import net from 'node:net';
import { EvaluatorError, EvaluatorUnavailableError } from '../../model/index.js';
import { FrameChannel, type OpenSocket } from '../frames/channel.js';
import { GreetingError, GreetingReader, greetingOf } from '../frames/greeting.js';
import type { PeerLink, PeerLinkOwner } from '../peer/link.js';
import { SMALL_FRAME_BYTES } from '../peer/peer.js';
import { locationText, type EvaluatorLocation } from './location.js';

/** The other machine may be gone without a word: TCP asks after so long. */
const KEEP_ALIVE_MS = 30_000;

export interface EvaluatorConnectionOptions {
  readonly location: EvaluatorLocation;
  /** How long it may take until the evaluator has greeted, milliseconds. */
  readonly connectTimeoutMs: number;
  /** Whether a Slice may be the reason why the evaluator is not heard of any more, though nobody says so. */
  readonly mayBlame: () => boolean;
}

/** A connection to an evaluator that listens: somebody else starts it, and may end it at any moment. */
export class EvaluatorConnection implements PeerLink {
  readonly name: string;
  readonly channel: FrameChannel;
  /** It may be on another machine, or of another user. */
  readonly memory = null;
  readonly #socket: net.Socket;
  readonly #patience: NodeJS.Timeout;
  /** What the system says of the connection. */
  #failure: NodeJS.ErrnoException | null = null;
  #hasGreeted = false;
  #isOver = false;

  constructor(
    private readonly options: EvaluatorConnectionOptions,
    private readonly owner: PeerLinkOwner,
  ) {
    const { location, connectTimeoutMs } = options;
    this.name = `the evaluator at ${locationText(location)}`;
    let socket!: net.Socket;
    const open: OpenSocket = (onread) => {
      socket = net.connect({
        ...location,
        onread,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      });
      socket.on('error', (error) => (this.#failure ??= error));
      return socket;
    };
    const greeting = new GreetingReader('dcp-evaluator', () => this.#onGreeted());
    const channelOwner = {
      onFrame: owner.onFrame.bind(owner),
      onClosed: (error: Error | null) => this.#onClosed(error),
    };
    this.channel = new FrameChannel(open, SMALL_FRAME_BYTES, channelOwner, greeting);
    this.#socket = socket;
    this.#patience = setTimeout(() => {
      this.#over(this.#missing(`it has not greeted within ${connectTimeoutMs / 1000} s`));
    }, connectTimeoutMs);
  }

  kill(): void {
    // What is told then is why it was ended.
    this.#over(this.#lost());
  }

  /** Whoever ends it, and whenever, does so for reasons of their own, unless it happens to one Job again and again. */
  loss(message: string): EvaluatorError {
    return this.options.mayBlame() ? new EvaluatorError(message) : new EvaluatorUnavailableError(message);
  }

  #onGreeted(): void {
    this.#hasGreeted = true;
    clearTimeout(this.#patience);
    this.channel.greet(greetingOf('dcp-worker'));
  }

  #onClosed(error: Error | null): void {
    if (error instanceof GreetingError) this.#over(this.#missing(`it ${error.message}`));
    else if (error !== null) {
      this.owner.onBroken(
        error instanceof EvaluatorError ? error : new EvaluatorError(error.message, { cause: error }),
      );
    } else if (this.#hasGreeted) this.#over(this.#lost());
    else
      this.#over(
        this.#missing(this.#failure === null ? 'it closes the connection' : describe(this.#failure)),
      );
  }

  #over(error: EvaluatorError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#patience);
    this.#socket.destroy();
    // Not within a call of the owner, who may be about to say why.
    setImmediate(() => this.owner.onGone(error));
  }

  #lost(): EvaluatorError {
    return this.loss(
      `the connection to ${this.name} was lost${this.#failure === null ? '' : `: ${describe(this.#failure)}`}`,
    );
  }

  /** Before it has greeted. */
  #missing(why: string): EvaluatorError {
    return new EvaluatorUnavailableError(why, this.#failure === null ? {} : { cause: this.#failure });
  }
}

/** A name that has several addresses has an error for each. */
function describe(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens there';
    case 'ENOENT':
      return 'there is no such socket';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'no such host is known';
    default:
      return error.message || String(error.code);
  }
}
