// For each city of a block: the nearest city at least as large, and how near the runner-up is.

struct Found {
  nearest: i32,
  // Squares of straight lines through the unit sphere; huge where there is none.
  square: f32,
  runner_up: f32,
}

@group(0) @binding(0) var<storage, read> position: array<vec3f>;
// How many cities, from the largest on, are at least as large as this one, itself among them.
@group(0) @binding(1) var<storage, read> candidates: array<u32>;
@group(0) @binding(2) var<storage, read_write> found: array<Found>;
// The first city of the block, and the one after its last.
@group(0) @binding(3) var<uniform> block: vec2u;

const NONE = 1e30;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let city = block.x + id.x;
  if (city >= block.y) { return; }
  let here = position[city];
  var answer = Found(-1, NONE, NONE);
  for (var other = 0u; other < candidates[city]; other++) {
    if (other == city) { continue; }
    let line = position[other] - here;
    let square = dot(line, line);
    if (square < answer.square) {
      answer.runner_up = answer.square;
      answer.square = square;
      answer.nearest = i32(other);
    } else if (square < answer.runner_up) {
      answer.runner_up = square;
    }
  }
  found[id.x] = answer;
}
