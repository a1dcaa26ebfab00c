/** Evaluators of a test's own making: they come, answer and go as the test says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { encode } from '#src/codec/index.js';
import { FrameChannel, onDescriptor } from '#src/evaluator/frames/channel.js';
import type { Frame, Part } from '#src/evaluator/frames/frame.js';
import { EvaluatorSays, HostSays, PROTOCOL_VERSION } from '#src/evaluator/frames/messages.js';
import type { EvaluatorGate } from '#src/evaluator/index.js';
import { loadNative } from '#src/evaluator/native.js';
import { PeerEvaluator } from '#src/evaluator/peer/evaluator.js';
import type { PeerLink, PeerLinkOwner } from '#src/evaluator/peer/link.js';
import { EvaluatorPeer, SMALL_FRAME_BYTES } from '#src/evaluator/peer/peer.js';
import { EvaluatorError } from '#src/model/index.js';

/** One of them. */
export class MadeUpLink implements PeerLink {
  readonly name = 'the evaluator';
  readonly memory = null;
  readonly channel: FrameChannel;
  readonly #theirs: FrameChannel;
  isGone = false;
  /** Sandboxes that it was told to assign, and has not: it loads for ever. */
  loading = 0;
  /** Answers what it was told; false: as it does by itself, which is to create Sandboxes. */
  onFrame: (frame: Frame) => boolean = () => false;

  constructor(private readonly owner: PeerLinkOwner) {
    [this.channel, this.#theirs] = channelsOf(owner, (frame) => this.#onFrame(frame));
  }

  /** It is ready. */
  begin(): void {
    this.say([EvaluatorSays.ready, PROTOCOL_VERSION], [encode([]).head]);
  }

  say(header: readonly number[], parts?: readonly Part[]): void {
    this.#theirs.send(header, parts);
  }

  /** It reads nothing from now on. */
  stopReading(): void {
    this.#theirs.pause();
  }

  readOn(): void {
    this.#theirs.resume();
  }

  die(message: string): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#theirs.destroy();
    setImmediate(() => this.owner.onGone(new EvaluatorError(message)));
  }

  kill(): void {
    this.die('it was killed');
  }

  loss(message: string): EvaluatorError {
    return new EvaluatorError(message);
  }

  #onFrame(frame: Frame): void {
    const [kind, sandbox = 0] = frame.header;
    if (this.onFrame(frame)) return;
    if (kind === HostSays.create) this.say([EvaluatorSays.created, sandbox]);
    else if (kind === HostSays.assign) this.loading++;
    else if (kind === HostSays.dispose) this.say([EvaluatorSays.ended, sandbox, 0, 0], [new Uint8Array(0)]);
  }
}

/** Both ends of what an evaluator of a test's own making is spoken to over: the host's, and its own. */
export function channelsOf(
  owner: PeerLinkOwner,
  onFrame: (frame: Frame) => void,
): [ours: FrameChannel, theirs: FrameChannel] {
  const [ours, theirs] = loadNative().socketPair();
  return [
    new FrameChannel(onDescriptor(ours), SMALL_FRAME_BYTES, {
      onFrame: (frame) => owner.onFrame(frame),
      onClosed: (error) => {
        if (error !== null) owner.onBroken(error as EvaluatorError);
      },
    }),
    new FrameChannel(onDescriptor(theirs), Number.MAX_SAFE_INTEGER, { onFrame, onClosed: () => undefined }),
  ];
}

export class MadeUpEvaluator extends PeerEvaluator<MadeUpLink> {
  protected override readonly isGated = true;
  /** All that were ever opened. */
  readonly links: MadeUpLink[] = [];

  /** @param meet each of them, when it is opened */
  constructor(
    private readonly meet: (link: MadeUpLink) => void,
    protected override readonly startsAtOnce = 2,
  ) {
    super();
  }

  protected override openPeer(): EvaluatorPeer<MadeUpLink> {
    const options = { startTimeoutMs: 5_000, hangTimeoutMs: 5_000 };
    return new EvaluatorPeer(options, (owner) => {
      const link = new MadeUpLink(owner);
      this.links.push(link);
      this.meet(link);
      return link;
    });
  }

  gate(gate: EvaluatorGate): Promise<void> {
    return this.setGate(gate);
  }

  async untilLoading(sandboxes: number): Promise<void> {
    while (this.links.reduce((sum, { loading }) => sum + loading, 0) < sandboxes) await sleep(2);
  }
}
