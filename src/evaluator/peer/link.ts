import type { EvaluatorError } from '../../model/index.js';
import type { FrameChannel } from '../frames/channel.js';
import type { Frame } from '../frames/frame.js';
import type { PeerMemory } from './memory.js';

export interface PeerLinkOwner {
  /** May throw, which breaks the link. */
  onFrame(frame: Frame): void;
  /** What came was no frame, or none that may be sent: the link is to be ended. */
  onBroken(error: EvaluatorError): void;
  /** Nothing of it is left. `error` says how it ended, should nobody know better. Called once. */
  onGone(error: EvaluatorError): void;
}

/** What is behind a channel of frames: a process that was started, or a connection that was made. */
export interface PeerLink {
  /** The subject of sentences about it: `the evaluator process`. */
  readonly name: string;
  readonly channel: FrameChannel;
  /** Ends it at once, whatever it does. */
  kill(): void;
  /** Holds still whatever is behind it, and lets it go on. `freeze` resolves when nothing of it runs. Left out: it is not ours to hold. */
  freeze?(): Promise<void>;
  thaw?(): void;
  /** It is gone, for a reason that says nothing of the Slices in it: whether one of them is suspected all the same. */
  loss(message: string): EvaluatorError;
  /** What it has in common with this process; null: long segments go through the channel. */
  readonly memory: PeerMemory | null;
}
