/** Where the names of cities go: beside their discs, never over each other. */

/** @typedef {{ x: number, y: number, width: number, height: number }} Box `x`, `y`: top left corner */
/** @typedef {{ x: number, y: number, radius: number, width: number, height: number }} Anchor a disc and its label's size */

/**
 * Finds a free place for each label in turn: right or left of its disc, then above and below, then at the corners.
 * A label that finds none is left out.
 * @param {Anchor[]} anchors the most important first
 * @param {Box} area labels stay inside
 * @param {number} gap between a disc and its label
 * @param {Box[]} [taken] where nothing may go
 * @returns {(Box | null)[]} one per anchor
 */
export function placeLabels(anchors, area, gap, taken = []) {
  const occupied = [...taken, ...anchors.map(discBox)];
  return anchors.map((anchor) => {
    const place = candidates(anchor, gap).find(
      (box) => isInside(box, area) && !occupied.some((b) => overlap(box, b)),
    );
    if (place === undefined) return null;
    occupied.push(place);
    return place;
  });
}

/**
 * The square around a disc.
 * @param {{ x: number, y: number, radius: number }} disc
 * @returns {Box}
 */
export function discBox({ x, y, radius }) {
  return { x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius };
}

/**
 * @param {Anchor} anchor
 * @param {number} gap
 * @returns {Box[]} the best place first
 */
function candidates({ x, y, radius, width, height }, gap) {
  const right = x + radius + gap;
  const left = x - radius - gap - width;
  const above = y - radius - gap - height;
  const below = y + radius + gap;
  const middle = y - height / 2;
  const centre = x - width / 2;
  const places = [
    [right, middle],
    [left, middle],
    [centre, below],
    [centre, above],
    [right, below - gap],
    [right, above + gap],
    [left, below - gap],
    [left, above + gap],
  ];
  return places.map(([boxX, boxY]) => ({ x: boxX, y: boxY, width, height }));
}

/**
 * @param {Box} a
 * @param {Box} b
 */
function overlap(a, b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/**
 * @param {Box} box
 * @param {Box} area
 */
function isInside(box, area) {
  return (
    box.x >= area.x &&
    box.y >= area.y &&
    box.x + box.width <= area.x + area.width &&
    box.y + box.height <= area.y + area.height
  );
}
