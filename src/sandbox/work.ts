import type { CodecExports } from './codec-exports.js';
import { clip } from './clip.js';
import { Control, type Host } from './host.js';
import { MAX_RETRIES } from './message-kinds.js';
import type { Messages } from './messages.js';
import type { JobPublic } from '../model/index.js';
import type { Reports } from './reports.js';
import type { SliceLoop } from './slice-loop.js';

const { freeze } = Object;

/** Thrown by `work.reject` to leave the Work Function; the Slice ends as rejected whoever catches it. */
class Rejection extends Error {}

/**
 * What a Work Function calls: `progress` and `work`, as DCP has them.
 * @param readPublic called when the Work Function asks for it first
 */
export function createWorkApi(
  codec: CodecExports,
  host: Host,
  messages: Messages,
  loop: SliceLoop,
  reports: Reports,
  readPublic: () => JobPublic,
): {
  progress: (value?: unknown) => boolean;
  work: {
    emit: (name: unknown, value?: unknown) => void;
    reject: (reason?: unknown, retries?: unknown) => never;
    readonly job: { readonly public: JobPublic };
  };
} {
  let job: { readonly public: JobPublic } | null = null;
  return {
    progress(value) {
      const fraction = toFraction(value);
      const now = host.now();
      host.control[Control.progressMs] = now;
      messages.progress(fraction, now);
      return true;
    },
    work: {
      emit(name, value) {
        if (typeof name !== 'string' || name === '') {
          throw new TypeError(`work.emit: name must be a non-empty string, got ${typeof name}`);
        }
        messages.emit(name, (maxBytes) => codec.encodeUpTo(value, maxBytes));
      },
      reject(reason = 'no reason given', retries = 0) {
        if (
          typeof retries !== 'number' ||
          !Number.isInteger(retries) ||
          retries < 0 ||
          retries > MAX_RETRIES
        ) {
          throw new TypeError(
            `work.reject: retries must be a whole number from 0 to ${MAX_RETRIES}, got ${String(retries)}`,
          );
        }
        loop.rejectCurrent(String(reason), retries);
        const rejection = new Rejection(`work.reject: ${String(reason)}`);
        // Nobody can catch it in a timer, nor need they: the Slice is rejected.
        reports.keepQuietAbout(rejection);
        throw rejection;
      },
      get job() {
        return (job ??= freeze({ public: freeze(readPublic()) }));
      },
    },
  };
}

/** `0.42`, `"42%"` or nothing: 0 to 1, null for "still at it". */
function toFraction(value: unknown): number | null {
  if (value === undefined) return null;
  const percent = typeof value === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(value) : null;
  const fraction = percent ? Number(percent[1]) / 100 : value;
  if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1)) {
    throw new TypeError(`progress: expected 0 to 1, "0%" to "100%", or nothing; got ${describe(value)}`);
  }
  return fraction;
}

/** A value in a message. */
function describe(value: unknown): string {
  if (typeof value === 'string') return `"${clip(value)}"`;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : typeof value;
}
