import { ProtocolError, isShared, type Part } from './frame.js';

/** A text is what it was, a leading U+FEFF included. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bytes of what people are told: the texts of a Sandbox are clipped at 65,536 characters, and say whose they are besides. */
export const MAX_TOLD_BYTES = 2 ** 18;
/** Bytes of what one Slice may say, which is a million characters. */
export const MAX_MESSAGE_BYTES = 2 ** 22;

export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/**
 * A text of at most so many bytes.
 * @throws {ProtocolError}
 */
export function textOf(part: Part | undefined, maxBytes: number): string {
  if (part === undefined) throw new ProtocolError('a message without its text');
  if (isShared(part)) throw new ProtocolError('a part of a message that lies in shared memory');
  if (part.byteLength > maxBytes)
    throw new ProtocolError(`a text of ${part.byteLength} bytes, where ${maxBytes} are the most`);
  return decodeText(part);
}
