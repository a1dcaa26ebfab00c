import { decode } from '../../codec/index.js';
import type { WebgpuOffer } from '../../model/index.js';
import { ProtocolError, isShared, type Part } from '../frames/frame.js';

/** What an evaluator says of itself. */
export interface EvaluatorOffer {
  /** Sandboxes that run at the same time. */
  readonly threads: number;
  /** The adapters that Jobs which require WebGPU get. */
  readonly adapters: readonly (WebgpuOffer & { readonly name: string })[];
  /** What is in the way of WebGPU, for people. */
  readonly problems: readonly string[];
}

const MAX_ENTRIES = 64;
/** A few bytes can take much memory and time to decode. */
const MAX_BYTES = 2 ** 16;

/**
 * Reads what an evaluator said; of objects only what is known stays.
 * @throws {ProtocolError}
 */
export function offerOf(parts: readonly Part[]): EvaluatorOffer {
  const [head] = parts;
  if (parts.length !== 1 || head === undefined || isShared(head))
    throw new ProtocolError('an offer in pieces');
  if (head.byteLength > MAX_BYTES)
    throw new ProtocolError(`an offer of ${head.byteLength} bytes, where ${MAX_BYTES} are the most`);
  let value: unknown;
  try {
    value = decode({ head, segments: [] });
  } catch (error) {
    throw new ProtocolError(`an offer: ${(error as Error).message}`);
  }
  const { threads, adapters, problems } = fieldsOf('the offer', value);
  return {
    threads: numberOf('threads', threads),
    adapters: listOf('adapters', adapters).map((adapter) => {
      const { name, features, limits } = fieldsOf('an adapter', adapter);
      return {
        name: textOf('name', name),
        features: listOf('features', features).map((feature) => textOf('feature', feature)),
        limits: Object.fromEntries(
          Object.entries(fieldsOf('limits', limits)).map(([limit, most]) => [limit, numberOf(limit, most)]),
        ),
      };
    }),
    problems: listOf('problems', problems).map((problem) => textOf('problem', problem)),
  };
}

function fieldsOf(what: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new ProtocolError(`${what} is no object`);
  return value as Record<string, unknown>;
}

function listOf(what: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length > MAX_ENTRIES)
    throw new ProtocolError(`an offer whose ${what} are no list of at most ${MAX_ENTRIES}`);
  return value;
}

function textOf(what: string, value: unknown): string {
  if (typeof value !== 'string') throw new ProtocolError(`an offer whose ${what} is no text`);
  return value.slice(0, 1000);
}

function numberOf(what: string, value: unknown): number {
  if (typeof value !== 'number') throw new ProtocolError(`an offer whose ${what} is no number`);
  return value;
}
