/** Distance in kilometres as a colour, on a logarithmic scale that eyes read as even (matplotlib's "inferno"). */
import { interpolateInferno } from 'd3-scale-chromatic';

export const NEAREST_KM = 2;
export const FARTHEST_KM = 5000;

/** The darkest and the palest part of the palette are left out: they would not stand out on the map. */
const DARKEST = 0.3;
const PALEST = 0.97;

/**
 * Place of a distance on the scale: 0 at `NEAREST_KM` and below, 1 at `FARTHEST_KM` and above.
 * @param {number} km
 */
export function scalePosition(km) {
  const position = Math.log(km / NEAREST_KM) / Math.log(FARTHEST_KM / NEAREST_KM);
  return Math.min(1, Math.max(0, position));
}

/**
 * @param {number} position 0 to 1, see `scalePosition`
 * @returns {string} a CSS colour
 */
export function colourAt(position) {
  return interpolateInferno(DARKEST + (PALEST - DARKEST) * position);
}
