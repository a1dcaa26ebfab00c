/** What a Job asks of a GPU, and what a Worker's adapters have (WebGPU, "Features" and "Limits"). */
import { InvalidArgumentError } from './errors.js';
import { shown } from './shown.js';

/** Names a Job's `requirements.environment.webgpu` may have beside `true`. */
export interface WebgpuRequirement {
  /** Names of features (`GPUFeatureName`) that the adapter must have: `shader-f16`. Default: none. */
  readonly features?: readonly string[];
  /** Limits (`GPUSupportedLimits`) the adapter must reach: `{ maxBufferSize: 2 ** 30 }`. Default: none. */
  readonly limits?: Readonly<Record<string, number>>;
}

/** A GPU as its driver describes it. */
export interface WebgpuAdapter {
  /** As a person would call it. */
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  /** PCI numbers in hexadecimal, `10de:2684`; empty where the driver tells none. */
  readonly pciId: string;
  /** It computes on the CPU. */
  readonly isSoftware: boolean;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** What a Scheduler must know of an adapter. */
export type WebgpuOffer = Pick<WebgpuAdapter, 'features' | 'limits'>;

/** Entries of either list. */
const MAX_ENTRIES = 100;
const NAME = /^[a-zA-Z][a-zA-Z0-9-]{0,63}$/;

/**
 * Reads `requirements.environment.webgpu`. Names that no adapter knows are no error: an adapter to come may.
 * @param field names it in the error
 * @throws {InvalidArgumentError}
 */
export function checkWebgpuRequirement(field: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidArgumentError(
      field,
      `expected true, false or { features, limits }, got ${shown(value)}`,
    );
  for (const key of Object.keys(value))
    if (key !== 'features' && key !== 'limits')
      throw new InvalidArgumentError(`${field}.${key}`, 'there are features and limits only');
  const { features = [], limits = {} } = value as { features?: unknown; limits?: unknown };
  if (!Array.isArray(features) || features.length > MAX_ENTRIES)
    throw new InvalidArgumentError(
      `${field}.features`,
      `expected an array of at most ${MAX_ENTRIES} names, got ${shown(features)}`,
    );
  features.forEach((name: unknown, index) => {
    if (typeof name !== 'string' || !NAME.test(name))
      throw new InvalidArgumentError(
        `${field}.features[${index}]`,
        `expected the name of a feature, got ${shown(name)}`,
      );
  });
  if (typeof limits !== 'object' || limits === null || Array.isArray(limits))
    throw new InvalidArgumentError(
      `${field}.limits`,
      `expected an object of numbers by name, got ${shown(limits)}`,
    );
  const entries = Object.entries(limits as Record<string, unknown>);
  if (entries.length > MAX_ENTRIES)
    throw new InvalidArgumentError(
      `${field}.limits`,
      `expected at most ${MAX_ENTRIES} limits, got ${entries.length}`,
    );
  for (const [name, limit] of entries) {
    if (!NAME.test(name))
      throw new InvalidArgumentError(`${field}.limits`, `${shown(name)} is not the name of a limit`);
    if (!Number.isSafeInteger(limit) || (limit as number) < 0)
      throw new InvalidArgumentError(
        `${field}.limits.${name}`,
        `expected a whole number from 0, got ${shown(limit)}`,
      );
  }
}

/** Whether a Job that asks for this gets WebGPU at all. */
export function requiresWebgpu(required: boolean | WebgpuRequirement | undefined): boolean {
  return required !== undefined && required !== false;
}

/** What an adapter lacks of what is required, as part of a sentence; null when it has all of it. */
export function webgpuLack(offer: WebgpuOffer, required: true | WebgpuRequirement): string | null {
  if (required === true) return null;
  for (const feature of required.features ?? [])
    if (!offer.features.includes(feature)) return `it has no ${feature}`;
  for (const [name, wanted] of Object.entries(required.limits ?? {})) {
    const has = Object.hasOwn(offer.limits, name) ? offer.limits[name]! : null;
    if (has === null) return `it has no limit ${name}`;
    // "Limits": of alignments less is better.
    const reaches = name.startsWith('min') ? has <= wanted : has >= wanted;
    if (!reaches) return `its ${name} is ${has}, not ${wanted}`;
  }
  return null;
}

/** Whether one of a Worker's adapters has all that a Job requires. The requirement was checked. */
export function offersWebgpu(offers: readonly WebgpuOffer[], required: true | WebgpuRequirement): boolean {
  return offers.some((offer) => webgpuLack(offer, required) === null);
}

/** Why a Job that requires WebGPU cannot run, for its owner. */
export function webgpuMissing(why: string): string {
  return `the Job requires WebGPU (requirements.environment.webgpu), which is not to be had: ${why}`;
}
