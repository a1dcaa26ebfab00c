/** An evaluator of a test's own making, which has the descriptors of shared memory and says what it likes. */
import { encode } from '#src/codec/index.js';
import type { FrameChannel } from '#src/evaluator/frames/channel.js';
import type { Frame, Part } from '#src/evaluator/frames/frame.js';
import { EvaluatorSays, HostSays, PROTOCOL_VERSION } from '#src/evaluator/frames/messages.js';
import { PeerEvaluator } from '#src/evaluator/peer/evaluator.js';
import type { PeerLink, PeerLinkOwner } from '#src/evaluator/peer/link.js';
import { PeerMemory } from '#src/evaluator/peer/memory.js';
import { EvaluatorPeer } from '#src/evaluator/peer/peer.js';
import { EvaluatorError } from '#src/model/index.js';
import { channelsOf } from './made-up-peers.js';

const REGION_BYTES = 64 * 2 ** 20;

/** What it can do when it was given Slices. */
export interface HostilePeer {
  /** Files of both regions. */
  readonly tasks: number;
  readonly results: number;
  /** The Sandbox that was given them. */
  readonly sandbox: number;
  say(header: readonly number[], parts?: readonly Part[]): void;
}

export type Hostility = (peer: HostilePeer, run: Frame) => void;

/** Ends when its host kills it; its memory is then not used any more, as that of a process that is gone. */
class HostileLink implements PeerLink {
  readonly name = 'the hostile evaluator';
  readonly channel: FrameChannel;
  readonly memory = PeerMemory.create(REGION_BYTES);
  readonly #theirs: FrameChannel;
  #isGone = false;

  constructor(
    private readonly hostility: Hostility,
    private readonly owner: PeerLinkOwner,
  ) {
    [this.channel, this.#theirs] = channelsOf(owner, (frame) => this.#onFrame(frame));
    this.#theirs.send([EvaluatorSays.ready, PROTOCOL_VERSION], [encode([]).head]);
  }

  kill(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#theirs.destroy();
    setImmediate(() => {
      this.memory?.close();
      this.owner.onGone(this.loss('it was killed'));
    });
  }

  loss(message: string): EvaluatorError {
    return new EvaluatorError(message);
  }

  #onFrame(frame: Frame): void {
    const [kind, sandbox = 0] = frame.header;
    if (kind === HostSays.create) this.#theirs.send([EvaluatorSays.created, sandbox]);
    else if (kind === HostSays.assign) this.#theirs.send([EvaluatorSays.assigned, sandbox]);
    else if (kind === HostSays.run) {
      const [tasks, results] = this.memory!.descriptors;
      const say: HostilePeer['say'] = (header, parts) => this.#theirs.send(header, parts);
      this.hostility({ tasks, results, sandbox, say }, frame);
    }
  }
}

/** One whose every peer does that with the Slices it is given. */
export class HostileEvaluator extends PeerEvaluator<HostileLink> {
  constructor(private readonly hostility: Hostility) {
    super();
  }

  protected override openPeer(): EvaluatorPeer<HostileLink> {
    const options = { startTimeoutMs: 5_000, hangTimeoutMs: 5_000 };
    return new EvaluatorPeer(options, (owner) => new HostileLink(this.hostility, owner));
  }

  /** Of the peer with a Job. */
  get memory(): PeerMemory {
    return [...this.peers].find(({ jobId }) => jobId !== null)!.link.memory!;
  }
}
