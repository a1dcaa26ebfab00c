/** Cases that may be worse in a Sandbox than with dawn.node (compare.ts), and why that is right. */
import type { Status } from './case.js';

export interface KnownDifference {
  /** A case, or some, with `*` for whatever stands there: `webgpu:api,operation,labels:*`, `*format="astc-*`. */
  readonly query: string;
  /** What becomes of it in a Sandbox. */
  readonly status: Status;
  readonly reason: string;
}

/** Its names are in `webgpu.h` of June 2025, and C's adapterGetFeatures() does not answer them for Vulkan: Dawn got them later. */
const SLICED_3D = "texture-compression-*-sliced-3d: dawn.node's adapter has it, that of our Dawn has not";

const COMPRESSED_3D = ['astc-', 'bc'].flatMap((format) => [
  `webgpu:*dimension="3d"*="${format}*`,
  `webgpu:*="${format}*dimension="3d"*`,
]);
const REQUIRED = ['webgpu:*Sliced3D=true'];

/** The polyfill for it is RenderPipeline::NeedsPixelCenterPolyfill() in Dawn's Vulkan backend, which is not in ours. */
const PIXEL_CENTER: KnownDifference = {
  query:
    'webgpu:shader,execution,shader_io,fragment_builtins:inputs,position:*sampleCount=4*"sampling":"sample"*',
  status: 'fail',
  reason:
    "the position's z where shading is by sample: dawn.node's Dawn takes it at the pixel's centre, ours at the sample",
};

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  ...[...COMPRESSED_3D, ...REQUIRED].map((query) => ({ query, status: 'skip' as const, reason: SLICED_3D })),
  PIXEL_CENTER,
];

/** @param status what became of the case in a Sandbox */
export function reasonFor(
  query: string,
  status: Status,
  known: readonly KnownDifference[] = KNOWN_DIFFERENCES,
): string | null {
  return known.find((each) => each.status === status && patternOf(each.query).test(query))?.reason ?? null;
}

function patternOf(query: string): RegExp {
  const parts = query.split('*').map((part) => part.replace(/[^\w\s]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
