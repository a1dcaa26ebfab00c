import type { ByteShare } from './byte-budget.js';
import { FetchRefusal } from './refusal.js';

/**
 * All of a body, in an ArrayBuffer of its own.
 * @throws {FetchRefusal} more than `most` bytes, or as `ByteShare.take`
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
    // Meanwhile nothing more is read, which holds the sender back.
    await share.take(chunk.byteLength);
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
