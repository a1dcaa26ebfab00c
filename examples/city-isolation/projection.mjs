/** The Equal Earth projection, cut where no city is: south of Tierra del Fuego. */
import { geoEqualEarth } from 'd3-geo';

/** @public Southernmost latitude shown, degrees. */
export const SOUTH = -57;
/** @public Northernmost latitude shown, degrees. */
export const NORTH = 84;
/** @public The meridian in the middle. Its opposite, 169° W, runs through the Bering Strait and meets no land but Antarctica. */
export const CENTRAL_MERIDIAN = 11;

/** @typedef {import('d3-geo').GeoProjection} GeoProjection */

/**
 * Fits the world between `SOUTH` and `NORTH` into a box.
 * @param {{ x: number, y: number, width: number, height: number }} box pixels; the map is centred in it
 * @returns {GeoProjection} from [longitude, latitude] in degrees to [x, y]; lines are cut at the opposite meridian
 */
export function worldProjection({ x, y, width, height }) {
  const east = CENTRAL_MERIDIAN + 179.99;
  const west = CENTRAL_MERIDIAN - 179.99;
  const extremes = {
    type: 'MultiPoint',
    coordinates: [
      [west, 0],
      [east, 0],
      [CENTRAL_MERIDIAN, SOUTH],
      [CENTRAL_MERIDIAN, NORTH],
    ],
  };
  const projection = geoEqualEarth()
    .rotate([-CENTRAL_MERIDIAN, 0])
    .precision(0.2)
    .fitExtent(
      [
        [x, y],
        [x + width, y + height],
      ],
      extremes,
    );
  const top = projection([CENTRAL_MERIDIAN, NORTH])[1];
  const bottom = projection([CENTRAL_MERIDIAN, SOUTH])[1];
  return projection.clipExtent([
    [x, top],
    [x + width, bottom],
  ]);
}
