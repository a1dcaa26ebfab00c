import { decode } from '../../codec/index.js';
import { LAYERS, type LayerState } from '../confinement/index.js';
import { ProtocolError, isShared, type Part } from '../frames/frame.js';

const STATES: readonly unknown[] = ['on', 'off', 'missing'] satisfies LayerState['state'][];
const MAX_WHY = 500;
/** A few bytes can take much memory and time to decode. */
const MAX_BYTES = 2 ** 16;

/**
 * Reads which layers of confinement an evaluator says it has put on itself.
 * @throws {ProtocolError}
 */
export function layersOf(part: Part | undefined): readonly LayerState[] {
  if (part === undefined || isShared(part)) throw new ProtocolError('it begins without its confinement');
  if (part.byteLength > MAX_BYTES)
    throw new ProtocolError(`its confinement has ${part.byteLength} bytes, where ${MAX_BYTES} are the most`);
  let value: unknown;
  try {
    value = decode({ head: part, segments: [] });
  } catch (error) {
    throw new ProtocolError(`its confinement: ${(error as Error).message}`);
  }
  if (!Array.isArray(value) || value.length > LAYERS.length)
    throw new ProtocolError(`its confinement is no list of at most ${LAYERS.length} layers`);
  return value.map(layerOf);
}

function layerOf(value: unknown): LayerState {
  const { name, state, why } = (value ?? {}) as Record<string, unknown>;
  const known = LAYERS.find((layer) => layer === name);
  if (known === undefined || !STATES.includes(state))
    throw new ProtocolError('its confinement has a layer that means nothing');
  return {
    name: known,
    state: state as LayerState['state'],
    why: typeof why === 'string' ? why.slice(0, MAX_WHY) : null,
  };
}
