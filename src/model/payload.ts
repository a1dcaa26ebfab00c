/**
 * A value on its way between a client and a Sandbox, as the codec makes it.
 * The Scheduler and the Supervisor move payloads; they never look inside.
 */
export interface Payload {
  /** msgpack bytes of the value; names its segments by index. */
  readonly head: Uint8Array;
  /** Out-of-band bytes in index order. In memory they belong to whoever holds the payload. */
  readonly segments: readonly Uint8Array[];
}

const EMPTY = new Uint8Array(0);

/** The payload that stands for "no bytes": a datum the Sandbox computes itself (see `InputSet`). */
export const EMPTY_PAYLOAD: Payload = Object.freeze({ head: EMPTY, segments: Object.freeze([]) });

/** Bytes of head and segments together. */
export function payloadByteLength(payload: Payload): number {
  let bytes = payload.head.byteLength;
  for (const segment of payload.segments) bytes += segment.byteLength;
  return bytes;
}
