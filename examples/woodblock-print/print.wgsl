// A photograph as a coloured woodblock print: flat brush strokes along its lines, ink where it has edges, colours by tone and
// height. One entry point for each step; each reads textures that the ones before it have written.

struct Band {
  size: vec2u,       // of the band, pixels, with the rows above and below that it looks at
  picture: vec2u,    // of the whole picture
  top: u32,          // the band's first row, in the picture
  horizon: f32,      // where the sky ends and the water begins: parts of the picture's height
  shore: f32,
}

@group(0) @binding(0) var<uniform> band: Band;
@group(0) @binding(1) var photograph: texture_2d<f32>;
@group(0) @binding(2) var smooth_sampler: sampler;
@group(0) @binding(3) var tone: texture_2d<f32>;
@group(0) @binding(4) var tensor: texture_2d<f32>;
@group(0) @binding(5) var strokes: texture_2d<f32>;
@group(0) @binding(6) var edges: texture_2d<f32>;
@group(0) @binding(7) var tone_out: texture_storage_2d<r32float, write>;
@group(0) @binding(8) var tensor_out: texture_storage_2d<rgba16float, write>;
@group(0) @binding(9) var print_out: texture_storage_2d<rgba8unorm, write>;

// Pixels. The client adds up how far a band looks beyond its rows (job.mjs).
const BLUR_REACH = 8;
const STROKE_REACH = 10;
const INK_REACH = 4;
const FLOW_REACH = 8;

fn inside(id: vec3u) -> bool { return id.x < band.size.x && id.y < band.size.y; }
fn at_edge(place: vec2i) -> vec2i { return clamp(place, vec2i(0), vec2i(band.size) - 1); }
fn tone_at(place: vec2i) -> f32 { return textureLoad(tone, at_edge(place), 0).r; }

// 1. The photograph's tones, at the size of the print.
@compute @workgroup_size(8, 8)
fn enlarge(@builtin(global_invocation_id) id: vec3u) {
  if (!inside(id)) { return; }
  let colour = textureSampleLevel(photograph, smooth_sampler, (vec2f(id.xy) + 0.5) / vec2f(band.size), 0.0).rgb;
  textureStore(tone_out, id.xy, vec4f(dot(colour, vec3f(0.299, 0.587, 0.114))));
}

// 2. Where its lines run: the structure tensor, the products of the gradient's parts (Sobel).
@compute @workgroup_size(8, 8)
fn directions(@builtin(global_invocation_id) id: vec3u) {
  if (!inside(id)) { return; }
  let p = vec2i(id.xy);
  let n = tone_at(p + vec2i(0, -1));
  let s = tone_at(p + vec2i(0, 1));
  let w = tone_at(p + vec2i(-1, 0));
  let e = tone_at(p + vec2i(1, 0));
  let nw = tone_at(p + vec2i(-1, -1));
  let ne = tone_at(p + vec2i(1, -1));
  let sw = tone_at(p + vec2i(-1, 1));
  let se = tone_at(p + vec2i(1, 1));
  let gradient = vec2f(ne + 2 * e + se - nw - 2 * w - sw, sw + 2 * s + se - nw - 2 * n - ne) / 4;
  textureStore(tensor_out, id.xy, vec4f(gradient.x * gradient.x, gradient.x * gradient.y, gradient.y * gradient.y, 0));
}

override horizontal = true;

// 3. and 4. The same, smoothed each way.
@compute @workgroup_size(8, 8)
fn smoothen(@builtin(global_invocation_id) id: vec3u) {
  if (!inside(id)) { return; }
  let step = select(vec2i(0, 1), vec2i(1, 0), horizontal);
  var sum = vec3f(0);
  var weights = 0.0;
  for (var i = -BLUR_REACH; i <= BLUR_REACH; i++) {
    let weight = exp(-4.5 * f32(i * i) / f32(BLUR_REACH * BLUR_REACH));
    sum += weight * textureLoad(tensor, at_edge(vec2i(id.xy) + i * step), 0).xyz;
    weights += weight;
  }
  textureStore(tensor_out, id.xy, vec4f(sum / weights, 0));
}

struct Flow {
  along: vec2f,      // the direction of the lines, a unit vector
  anisotropy: f32,   // 0: no direction; 1: all lines run so
}

fn flow_at(place: vec2i) -> Flow {
  let t = textureLoad(tensor, at_edge(place), 0).xyz;
  let root = sqrt((t.x - t.z) * (t.x - t.z) + 4 * t.y * t.y);
  let larger = 0.5 * (t.x + t.z + root);
  let smaller = 0.5 * (t.x + t.z - root);
  let along = vec2f(larger - t.x, -t.y);
  let length = length(along);
  if (length < 1e-6) { return Flow(vec2f(0, 1), 0); }
  return Flow(along / length, (larger - smaller) / (larger + smaller));
}

// 5. Strokes: the anisotropic Kuwahara filter (Kyprianidis, Kang, Döllner: "Image and Video Abstraction by Anisotropic Kuwahara
// Filtering", 2009). Eight sectors of an ellipse along the lines; those that vary least say the tone.
@compute @workgroup_size(8, 8)
fn stroke(@builtin(global_invocation_id) id: vec3u) {
  if (!inside(id)) { return; }
  let p = vec2i(id.xy);
  let flow = flow_at(p);
  let radius = 0.5 * f32(STROKE_REACH);
  let major = radius * (1 + flow.anisotropy);
  let minor = radius / (1 + flow.anisotropy);
  let reach = vec2i(ceil(sqrt(
    flow.along * flow.along * major * major + flow.along.yx * flow.along.yx * minor * minor)));

  // Of the sectors along the axes of the ellipse, and of those between: weights, tones, squares of tones.
  var weight_a = vec4f();
  var weight_b = vec4f();
  var tone_a = vec4f();
  var tone_b = vec4f();
  var square_a = vec4f();
  var square_b = vec4f();
  for (var y = -reach.y; y <= reach.y; y++) {
    for (var x = -reach.x; x <= reach.x; x++) {
      let d = vec2f(f32(x), f32(y));
      // In the ellipse's own axes, a circle of radius 1.
      let v = vec2f(dot(d, flow.along) / major, dot(d, vec2f(-flow.along.y, flow.along.x)) / minor);
      let square = dot(v, v);
      if (square > 1) { continue; }
      let t = tone_at(p + vec2i(x, y));
      let near = (1 - square) * (1 - 0.5 * square);
      let a = near * sectors(v);
      let b = near * sectors(0.70710678 * vec2f(v.x - v.y, v.x + v.y));
      weight_a += a;
      weight_b += b;
      tone_a += t * a;
      tone_b += t * b;
      square_a += t * t * a;
      square_b += t * t * b;
    }
  }
  let mean_a = tone_a / weight_a;
  let mean_b = tone_b / weight_b;
  let calm_a = calmness(square_a / weight_a - mean_a * mean_a);
  let calm_b = calmness(square_b / weight_b - mean_b * mean_b);
  let said = dot(calm_a, mean_a) + dot(calm_b, mean_b);
  textureStore(tone_out, id.xy, vec4f(said / (dot(calm_a, vec4f(1)) + dot(calm_b, vec4f(1)))));
}

// How much a place belongs to the sectors right, below, left and above: wedges that overlap a little.
fn sectors(v: vec2f) -> vec4f {
  let across = 1.6 * v * v;
  let wedge = max(vec4f(v, -v) + 0.12 - across.yxyx, vec4f());
  return wedge * wedge;
}

// What a sector has to say: the more, the less its tones vary.
fn calmness(variance: vec4f) -> vec4f {
  let v = max(variance, vec4f());
  return 1 / (1e-4 + v * v * v * 1e6);
}

// 6. Edges: the difference of two Gaussians across the lines (Kang, Lee, Chui: "Coherent Line Drawing", 2007).
@compute @workgroup_size(8, 8)
fn edge(@builtin(global_invocation_id) id: vec3u) {
  if (!inside(id)) { return; }
  let p = vec2i(id.xy);
  let along = flow_at(p).along;
  let across = vec2f(-along.y, along.x);
  var narrow = vec2f(0);
  var wide = vec2f(0);
  for (var i = -INK_REACH; i <= INK_REACH; i++) {
    let t = tone_at(p + vec2i(round(f32(i) * across)));
    let d = f32(i * i);
    narrow += exp(-d / (2 * 1.0 * 1.0)) * vec2f(t, 1);
    wide += exp(-d / (2 * 1.6 * 1.6)) * vec2f(t, 1);
  }
  textureStore(tone_out, id.xy, vec4f(narrow.x / narrow.y - 0.99 * wide.x / wide.y));
}

// Follows the lines one way, and sums up the edges it meets.
fn follow(start: vec2i, first: vec2f) -> vec2f {
  var place = vec2f(start);
  var way = first;
  var sum = vec2f(0);
  for (var i = 1; i <= FLOW_REACH; i++) {
    place += way;
    let here = vec2i(round(place));
    sum += exp(-f32(i * i) / 24) * vec2f(textureLoad(edges, at_edge(here), 0).r, 1);
    let next = flow_at(here).along;
    way = select(next, -next, dot(next, way) < 0);
  }
  return sum;
}

fn grain(place: vec2u) -> f32 {
  var h = (place.x * 0x9e3779b1u) ^ (place.y * 0x85ebca77u);
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 12)) * 0x297a2d39u;
  return f32((h ^ (h >> 15)) & 0xffffu) / 65535 - 0.5;
}

fn rgb(hex: u32) -> vec3f { return vec3f(vec3u(hex >> 16, hex >> 8, hex) & vec3u(255)) / 255; }

const LAND = array<u32, 6>(0x1b2430, 0x37483f, 0x7c7650, 0xb59a63, 0xdcc08a, 0xf3e3bd);
const WATER = array<u32, 6>(0x13233f, 0x1f3f66, 0x33648c, 0x6a97ac, 0xb3c9c4, 0xefe4c9);
const SKY = array<u32, 5>(0x2f5f8f, 0x86aebf, 0xe9dfc4, 0xefc9a4, 0xe8a68a);

// 7. The print: a few flat tones in the colours of land, water and sky, and ink.
@compute @workgroup_size(8, 8)
fn colour(@builtin(global_invocation_id) id: vec3u) {
  if (!inside(id)) { return; }
  let p = vec2i(id.xy);
  let place = vec2u(id.x, id.y + band.top);
  let height = (f32(place.y) + 0.5) / f32(band.picture.y);

  // Flat tones, with soft borders.
  let scaled = clamp(textureLoad(strokes, p, 0).r, 0.0, 1.0) * 5.999;
  let level = floor(scaled);
  let t = level + smoothstep(0.75, 1.0, scaled - level);
  let low = u32(clamp(floor(t), 0, 5));
  let high = min(low + 1, 5u);
  let part = t - f32(low);
  var land = LAND;
  var water = WATER;
  let on_land = mix(rgb(land[low]), rgb(land[high]), part);
  let on_water = mix(rgb(water[low]), rgb(water[high]), part);
  var ground = mix(on_land, on_water, smoothstep(band.shore - 0.01, band.shore + 0.03, height));

  // The sky is what is bright above the horizon: a gradation, as printers wipe it onto the block.
  var sky = SKY;
  let position = clamp(height / band.horizon, 0.0, 1.0) * 3.999;
  let index = u32(position);
  let gradation = mix(rgb(sky[index]), rgb(sky[index + 1]), fract(position));
  let is_sky = smoothstep(0.74, 0.82, textureLoad(strokes, p, 0).r) * (1 - smoothstep(band.horizon, band.horizon + 0.04, height));
  ground = mix(ground, gradation, is_sky);

  let along = flow_at(p).along;
  let met = vec2f(textureLoad(edges, p, 0).r, 1) + follow(p, along) + follow(p, -along);
  let line = met.x / met.y;
  let ink = smoothstep(0.0, -0.012, line);
  let printed = mix(ground, rgb(0x18181f), 0.85 * ink) + 0.035 * grain(place);
  textureStore(print_out, id.xy, vec4f(clamp(printed, vec3f(0), vec3f(1)), 1));
}
