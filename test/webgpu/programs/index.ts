/** All differential programs, by `‹subject›: ‹name›`. */
import type { Program, Programs } from '../harness/program.js';
import { adapter } from './adapter.js';
import { binding } from './binding.js';
import { buffer } from './buffer.js';
import { bundle } from './bundle.js';
import { computePass } from './compute-pass.js';
import { computePipeline } from './compute-pipeline.js';
import { conversion } from './conversion.js';
import { device } from './device.js';
import { encoder } from './encoder.js';
import { errors } from './errors.js';
import { lifetime } from './lifetime.js';
import { mapping } from './mapping.js';
import { query } from './query.js';
import { queue } from './queue.js';
import { renderPass } from './render-pass.js';
import { renderPipeline } from './render-pipeline.js';
import { shader } from './shader.js';
import { texture } from './texture.js';

const SUBJECTS: Readonly<Record<string, Programs>> = {
  adapter,
  conversion,
  device,
  errors,
  buffer,
  mapping,
  texture,
  binding,
  shader,
  'compute pipeline': computePipeline,
  'render pipeline': renderPipeline,
  encoder,
  'compute pass': computePass,
  'render pass': renderPass,
  bundle,
  queue,
  query,
  lifetime,
};

export const PROGRAMS: ReadonlyMap<string, Program> = new Map(
  Object.entries(SUBJECTS).flatMap(([subject, programs]) =>
    Object.entries(programs).map(([name, program]) => [`${subject}: ${name}`, program] as const),
  ),
);
