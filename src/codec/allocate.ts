import { OversizeError } from '../model/index.js';

/**
 * Memory for what is being encoded.
 * @throws {OversizeError} there is not so much
 */
export function allocate(byteLength: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(byteLength);
  } catch {
    throw new OversizeError('value', null);
  }
}
