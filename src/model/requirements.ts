/** What Jobs may name in their requirements, and what of it no Worker here has. */
import { InvalidArgumentError } from './errors.js';
import type { JobRequirements } from './job.js';
import { checkObject } from './names.js';
import { nearestText } from './nearest.js';
import { checkOrigins } from './origins.js';
import { shown } from './shown.js';
import { checkWebgpuRequirement } from './webgpu.js';

const ENVIRONMENT = ['webgpu', 'sharedArrayBuffer', 'fineClock', 'fetch', 'fdlibm', 'offscreenCanvas'];
/**
 * What each Worker has, or says in its requests how far. V8's functions of `Math` are those of fdlibm, and its strict mode is whole: DCP's own
 * check of a sandbox (libexec/sandbox/calculate-capabilities.js in dcp-client) finds both.
 */
const OFFERED = [
  'environment.webgpu',
  'environment.sharedArrayBuffer',
  'environment.fineClock',
  'environment.fetch',
  'environment.fdlibm',
  'engine.es7',
  'useStrict',
];
/** Beside `environment` they are DCP's alone. */
const GROUPS = ['environment', 'engine', 'browser', 'details', 'machine', 'discrete', 'useStrict'];

/** Groups within groups; DCP has `details.offscreenCanvas.bigTexture4096`. */
const MAX_LEVELS = 4;

/**
 * Refuses what no Job can require: values of the wrong kind, and names that are none (`checkRequirementNames`).
 * @param field names the requirements in the error
 * @throws {InvalidArgumentError}
 */
export function checkRequirements(
  field: string,
  requirements: unknown,
): asserts requirements is JobRequirements {
  checkObject(field, requirements);
  const { environment, ...others } = requirements as JobRequirements;
  if (environment !== undefined) checkObject(`${field}.environment`, environment);
  checkRequirementNames(field, requirements);
  for (const [key, value] of Object.entries(environment ?? {}) as [string, unknown][])
    checkEnvironment(`${field}.environment.${key}`, key, value);
  for (const [key, value] of Object.entries(others) as [string, unknown][])
    if (!['boolean', 'object', 'undefined'].includes(typeof value))
      throw new InvalidArgumentError(
        `${field}.${key}`,
        `expected true, false or an object, got ${shown(value)}`,
      );
}

function checkEnvironment(field: string, key: string, value: unknown): void {
  if (key === 'webgpu') return checkWebgpuRequirement(field, value);
  if (typeof value === 'boolean') return;
  if (key !== 'fetch') throw new InvalidArgumentError(field, `expected true or false, got ${shown(value)}`);
  if (!Array.isArray(value))
    throw new InvalidArgumentError(field, `expected true, false or a list of origins, got ${shown(value)}`);
  checkOrigins(field, value);
}

/**
 * Refuses names that neither we nor DCP know: what is misspelt, or in the wrong place, would require nothing.
 * @param field names the requirements in the error
 * @throws {InvalidArgumentError}
 */
export function checkRequirementNames(field: string, requirements: JobRequirements): void {
  for (const key of Object.keys(requirements)) {
    if (GROUPS.includes(key)) continue;
    const meant = ENVIRONMENT.includes(key)
      ? ` (did you mean environment.${key}?)`
      : nearestText(key, GROUPS);
    throw unknownName(`${field}.${key}`, meant);
  }
  for (const key of Object.keys(requirements.environment ?? {}))
    if (!ENVIRONMENT.includes(key))
      throw unknownName(`${field}.environment.${key}`, nearestText(key, ENVIRONMENT));
}

function unknownName(field: string, meant: string): InvalidArgumentError {
  return new InvalidArgumentError(field, `there is no such requirement${meant}`);
}

/** Paths of all that is required and that no Worker here has, whatever its machine: `environment.offscreenCanvas`. */
export function requiredInVain(requirements: JobRequirements): string[] {
  return required(requirements, '', 0).filter((path) => !OFFERED.includes(path));
}

function required(group: object, at: string, level: number): string[] {
  return Object.entries(group).flatMap(([key, value]: [string, unknown]) => {
    const path = at === '' ? key : `${at}.${key}`;
    if (value === true) return [path];
    if (typeof value !== 'object' || value === null || level === MAX_LEVELS) return [];
    return required(value, path, level + 1);
  });
}

/** Of a Job that requires this, as part of a sentence. */
export function requiredInVainText(paths: readonly string[]): string {
  return `the Job requires ${paths.join(', ')}, which no Worker here has`;
}
