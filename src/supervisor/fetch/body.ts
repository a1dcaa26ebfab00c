import { FetchRefusal } from './refusal.js';

/** Bytes that may be held at the same time, for all requests of a Worker together. */
export class ByteBudget {
  #used = 0;

  constructor(private readonly most: number) {}

  /** @throws {FetchRefusal} */
  take(bytes: number): void {
    if (this.#used + bytes > this.most)
      throw new FetchRefusal(`the Worker holds ${this.most} bytes of bodies already, no more at a time`);
    this.#used += bytes;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
  }
}

/** What one request has taken of a budget. */
export class ByteShare {
  #taken = 0;
  /** Bytes it has ever taken. */
  total = 0;

  constructor(private readonly budget: ByteBudget) {}

  /** @throws {FetchRefusal} */
  take(bytes: number): void {
    this.budget.take(bytes);
    this.#taken += bytes;
    this.total += bytes;
  }

  release(): void {
    this.budget.giveBack(this.#taken);
    this.#taken = 0;
  }
}

/**
 * All of a body, in an ArrayBuffer of its own.
 * @throws {FetchRefusal} more than `most` bytes
 */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  declaredBytes: number | null,
  most: number,
  share: ByteShare,
): Promise<Uint8Array> {
  if (declaredBytes !== null && declaredBytes > most)
    throw new FetchRefusal(`the response has ${declaredBytes} bytes, at most ${most} are taken`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > most) throw new FetchRefusal(`the response has more than ${most} bytes`);
    share.take(chunk.byteLength);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
