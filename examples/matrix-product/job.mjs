/**
 * The Job: the product of two random square matrices, some rows a Slice.
 *
 *   dcp-job run --local --allow-software-gpu examples/matrix-product/job.mjs -- 1024
 */
import { randomMatrix, verify } from './matrices.mjs';

const ROWS_PER_SLICE = 256;

/** @param {number} size */
function matrices(size) {
  return { left: randomMatrix(size, size, 1), right: randomMatrix(size, size, 2) };
}

/**
 * @param {typeof import('dcp-worker-native').compute} compute
 * @param {{ args: readonly string[] }} options the number of rows and columns
 */
export default function matrixProduct(compute, { args: [size = '1024'] }) {
  const inner = Number(size);
  const { left, right } = matrices(inner);
  const strips = [];
  for (let row = 0; row < inner; row += ROWS_PER_SLICE) {
    strips.push(left.slice(row * inner, Math.min(row + ROWS_PER_SLICE, inner) * inner));
  }
  const job = compute.for(strips, new URL('./work-function.mjs', import.meta.url), [right, inner]);
  job.public.name = 'Matrix product';
  job.requirements = { environment: { webgpu: true } };
  return job;
}

/**
 * Puts the rows together and checks them.
 * @param {readonly Float32Array[]} strips in the order of the input set
 */
export async function done(strips) {
  const elements = strips.reduce((sum, strip) => sum + strip.length, 0);
  const size = Math.sqrt(elements);
  const product = new Float32Array(elements);
  let at = 0;
  for (const strip of strips) {
    product.set(strip, at);
    at += strip.length;
  }
  const { left, right } = matrices(size);
  const { worst, differences } = verify(product, left, right, size);
  console.log(
    `${size} × ${size}: the largest error is ${(100 * worst).toFixed(1)}% of what 32 bits may have`,
  );
  if (differences.length > 0)
    throw new Error(`${differences.length} differ: ${differences.slice(0, 5).join('; ')}`);
  return product;
}
