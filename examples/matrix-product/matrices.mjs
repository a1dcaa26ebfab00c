/** The matrices, and the check of their product. A matrix is a Float32Array, row by row. */

/** Elements that are computed again one by one. */
const SAMPLES = 1000;

/**
 * Numbers in [-1, 1) that depend on the seed alone (the generator "mulberry32").
 * @param {number} rows
 * @param {number} columns
 * @param {number} seed
 */
export function randomMatrix(rows, columns, seed) {
  let state = seed;
  return Float32Array.from({ length: rows * columns }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/**
 * How far an element may be from the true one, as a part of the sum of |a||b|: n products and n - 1 sums in 32 bits, each off by
 * 2^-23 at most (WGSL allows either neighbour). Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1.
 * @param {number} inner
 */
function errorBound(inner) {
  const u = inner * 2 ** -23;
  return u / (1 - u);
}

/**
 * Checks `product` against 64-bit floats in two ways: some elements one by one; and all at once, by multiplying both sides with a
 * vector of random signs (Freivalds), which an error in any element passes with a chance of one half.
 * @param {Float32Array} product
 * @param {Float32Array} left
 * @param {Float32Array} right
 * @param {number} inner columns of `left`
 * @returns {{ worst: number, differences: string[] }} `worst`: the largest error, as a part of what is allowed
 */
export function verify(product, left, right, inner) {
  const rows = left.length / inner;
  const columns = right.length / inner;
  const allowed = errorBound(inner);
  const differences = [];
  let worst = 0;
  /** @param {string} what @param {number} got @param {number} exact @param {number} magnitude */
  const compare = (what, got, exact, magnitude) => {
    const error = Math.abs(got - exact) / (allowed * magnitude);
    if (!(error <= 1)) differences.push(`${what} is ${got}, not ${exact}`);
    worst = Math.max(worst, error);
  };

  const chosen = randomMatrix(SAMPLES, 2, 3);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const [row, column] = [rows, columns].map((count, k) =>
      Math.floor(((chosen[2 * sample + k] + 1) / 2) * count),
    );
    let exact = 0;
    let magnitude = 0;
    for (let k = 0; k < inner; k++) {
      const term = left[row * inner + k] * right[k * columns + column];
      exact += term;
      magnitude += Math.abs(term);
    }
    compare(`element (${row}, ${column})`, product[row * columns + column], exact, magnitude);
  }

  const signs = randomMatrix(columns, 1, 4).map(Math.sign);
  const [sums, magnitudes] = timesVector(right, inner, columns, signs);
  for (let row = 0; row < rows; row++) {
    let got = 0;
    for (let column = 0; column < columns; column++) got += product[row * columns + column] * signs[column];
    let exact = 0;
    let magnitude = 0;
    for (let k = 0; k < inner; k++) {
      exact += left[row * inner + k] * sums[k];
      magnitude += Math.abs(left[row * inner + k]) * magnitudes[k];
    }
    compare(`row ${row} times a vector of signs`, got, exact, magnitude);
  }
  return { worst, differences };
}

/**
 * A matrix times a vector, and the same of what has no signs.
 * @param {Float32Array} matrix
 * @param {number} rows
 * @param {number} columns
 * @param {Float32Array} vector
 */
function timesVector(matrix, rows, columns, vector) {
  const sums = new Float64Array(rows);
  const magnitudes = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const term = matrix[row * columns + column] * vector[column];
      sums[row] += term;
      magnitudes[row] += Math.abs(term);
    }
  }
  return [sums, magnitudes];
}
