/** A peer that speaks the classic protocol, and its Sandbox. */
import type { Readable, Writable } from 'node:stream';
import { descriptorOf, isTcp } from '../listening.js';
import { loadNative } from '../native.js';
import type { ClassicObserver, ClassicSandbox } from './sandbox.js';

/** How soon it is looked again whether a peer that sends nothing more is still there: longer each time, up to the second. */
const FIRST_LOOK_MS = 100;
const LAST_LOOK_MS = 10_000;
/** Peers skip empty lines. */
const NOTHING = '\n';

const PIECE_BYTES = 2 ** 20;

/**
 * Carries bytes between a peer's streams and a Sandbox, with back-pressure both ways, until one of them ends. A peer that sends nothing
 * more gets what it has asked for, however long that takes: the Sandbox ends by itself when nothing is left to do. If it reads nothing
 * either, nobody waits for what the Sandbox is at.
 */
export class Connection implements ClassicObserver {
  #ended = false;
  #inputEnded = false;
  #lookTimer: NodeJS.Timeout | undefined;
  /** Since the last look. */
  #hasWritten = false;

  /** @param onEnd called once, with the reason when the Sandbox ended for one; the output has been handed to the stream */
  constructor(
    private readonly sandbox: ClassicSandbox,
    private readonly input: Readable,
    private readonly output: Writable,
    private readonly onEnd: (reason: string | null) => void,
  ) {
    input.on('data', (chunk: Buffer) => {
      if (sandbox.read(chunk)) input.pause();
    });
    input.on('end', () => {
      if (this.#ended) return;
      sandbox.endInput();
      this.#inputEnded = true;
      this.#look(FIRST_LOOK_MS);
    });
    for (const stream of new Set([input, output])) stream.on('error', this.#onGone);
    output.on('close', this.#onGone);
    // A pipe that has ended is closed, and says nothing of the one that leads back.
    input.on('close', () => {
      if (!this.#inputEnded) this.#onGone();
    });
    sandbox.observe(this);
    // What its startup files have said.
    this.onOutput();
  }

  onReady(): void {
    // Lines that came before have waited in the Sandbox.
  }

  onOutput(): void {
    const chunks = this.sandbox.takeOutput();
    if (chunks.length === 0) return;
    this.#hasWritten = true;
    this.output.cork();
    for (const chunk of chunks) {
      // In pieces, so that it shows when a slow peer gets on.
      for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
        const piece = chunk.subarray(start, start + PIECE_BYTES);
        this.output.write(piece, () => this.sandbox.releaseOutput(piece.length));
      }
    }
    this.output.uncork();
  }

  onRoom(): void {
    this.input.resume();
  }

  onEnded(reason: string | null): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#lookTimer);
    this.onOutput();
    // The protocol's last word; a Sandbox that ends itself has said it.
    if (reason !== null) this.output.write(`DIE: ${reason.replaceAll('\n', '\u2424')}\n`);
    this.output.end();
    // What still comes is for nobody.
    this.input.resume();
    this.onEnd(reason);
  }

  /** TCP tells of a peer that has closed, not only ended its side, when it is sent something. */
  #look(nextMs: number): void {
    const fd = descriptorOf(this.output);
    // Into a file it is written whoever reads it.
    if (fd < 0) return;
    if (!loadNative().hasReader(fd)) return this.#onGone();
    if (!this.#hasWritten && isTcp(this.output)) this.output.write(NOTHING);
    this.#hasWritten = false;
    this.#lookTimer = setTimeout(() => this.#look(Math.min(2 * nextMs, LAST_LOOK_MS)), nextMs);
  }

  readonly #onGone = (): void => {
    this.sandbox.dispose();
  };
}
