/** A peer that speaks the classic protocol, and its Sandbox. */
import type { Readable, Writable } from 'node:stream';
import type { ClassicObserver, ClassicSandbox } from './sandbox.js';

/**
 * A peer that sends nothing more still gets its answers, as long as one follows the other within this time. It may also
 * have gone, which only shows when something is written: then nobody waits for what the Sandbox is at.
 */
const HALF_OPEN_MS = 250;

const PIECE_BYTES = 2 ** 20;

/** Carries bytes between a peer's streams and a Sandbox, with back-pressure both ways, until one of them ends. */
export class Connection implements ClassicObserver {
  #ended = false;
  #inputEnded = false;
  #halfOpen: NodeJS.Timeout | null = null;

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
      if (sandbox.isReady) this.#awaitEnd();
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
    if (this.#inputEnded) this.#awaitEnd();
  }

  onOutput(): void {
    const chunks = this.sandbox.takeOutput();
    if (chunks.length === 0) return;
    this.#halfOpen?.refresh();
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
    if (this.#halfOpen) clearTimeout(this.#halfOpen);
    this.onOutput();
    // The protocol's last word; a Sandbox that ends itself has said it.
    if (reason !== null) this.output.write(`DIE: ${reason.replaceAll('\n', '\u2424')}\n`);
    this.output.end();
    // What still comes is for nobody.
    this.input.resume();
    this.onEnd(reason);
  }

  #awaitEnd(): void {
    this.#halfOpen = setTimeout(this.#onGone, HALF_OPEN_MS);
  }

  readonly #onGone = (): void => {
    this.sandbox.dispose();
  };
}
