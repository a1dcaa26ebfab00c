// c = a b, all row by row. A workgroup computes a tile of TILE by TILE elements of c, step by step along the inner dimension:
// it brings what it needs of a and b into its own memory, once for all its threads. A thread computes 8 by 8 elements.

struct Shape {
  rows: u32,    // of a and c
  inner: u32,   // columns of a, rows of b
  columns: u32, // of b and c
}

const THREADS = 8u;
const TILE = 8 * THREADS;
const STEPS = 8u;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

// For each step the rows of a, and the columns of b, four by four.
var<workgroup> a_tile: array<array<vec4f, TILE / 4>, STEPS>;
var<workgroup> b_tile: array<array<vec4f, TILE / 4>, STEPS>;

// Beyond the edges are zeros.
fn a_at(row: u32, column: u32) -> f32 {
  if (row >= shape.rows || column >= shape.inner) { return 0; }
  return a[row * shape.inner + column];
}
fn b_at(row: u32, column: u32) -> f32 {
  if (row >= shape.inner || column >= shape.columns) { return 0; }
  return b[row * shape.columns + column];
}

// Element (i, j) is row[i] times column[j]; a vector for each row.
fn outer(row: vec4f, column: vec4f) -> mat4x4f {
  return mat4x4f(row.x * column, row.y * column, row.z * column, row.w * column);
}

fn store(row: u32, column: u32, sums: mat4x4f) {
  for (var i = 0u; i < 4 && row + i < shape.rows; i++) {
    for (var j = 0u; j < 4 && column + j < shape.columns; j++) {
      c[(row + i) * shape.columns + column + j] = sums[i][j];
    }
  }
}

@compute @workgroup_size(THREADS, THREADS)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_id) thread: vec3u) {
  let row = tile.y * TILE;
  let column = tile.x * TILE;
  // Two times four rows, and columns, half a tile apart.
  let upper = thread.y;
  let lower = thread.y + THREADS;
  let left = thread.x;
  let right = thread.x + THREADS;
  var upper_left = mat4x4f();
  var upper_right = mat4x4f();
  var lower_left = mat4x4f();
  var lower_right = mat4x4f();

  for (var k = 0u; k < shape.inner; k += STEPS) {
    for (var half = 0u; half < 2; half++) {
      let quad = thread.y + half * THREADS;
      let i = row + quad * 4;
      let at = k + thread.x;
      a_tile[thread.x][quad] = vec4f(a_at(i, at), a_at(i + 1, at), a_at(i + 2, at), a_at(i + 3, at));
      let j = column + (thread.x + half * THREADS) * 4;
      let step = k + thread.y;
      b_tile[thread.y][thread.x + half * THREADS] =
        vec4f(b_at(step, j), b_at(step, j + 1), b_at(step, j + 2), b_at(step, j + 3));
    }
    workgroupBarrier();
    for (var s = 0u; s < STEPS; s++) {
      let a_upper = a_tile[s][upper];
      let a_lower = a_tile[s][lower];
      let b_left = b_tile[s][left];
      let b_right = b_tile[s][right];
      upper_left += outer(a_upper, b_left);
      upper_right += outer(a_upper, b_right);
      lower_left += outer(a_lower, b_left);
      lower_right += outer(a_lower, b_right);
    }
    workgroupBarrier();
  }

  store(row + upper * 4, column + left * 4, upper_left);
  store(row + upper * 4, column + right * 4, upper_right);
  store(row + lower * 4, column + left * 4, lower_left);
  store(row + lower * 4, column + right * 4, lower_right);
}
