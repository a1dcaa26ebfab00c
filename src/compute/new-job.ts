/** A Job that is to be deployed, and what the Scheduler gets of it. */
import path from 'node:path';
import {
  checkNames,
  checkRequirements,
  DEFAULT_JOB_LIMITS,
  InvalidArgumentError,
  shown,
  type JobLimits,
  type JobPublic,
  type JobRequirements,
  type JobSpec,
} from '../model/index.js';
import type { InputPlan } from './input-set.js';
import { bundleModules } from './modules/index.js';
import { encodeAt } from './upload.js';
import type { WorkFunctionOrigin } from './work-function.js';

/** A Compute Group as DCP writes it, or its join key alone. Its secret is not asked for here. */
export type ComputeGroup = string | { readonly joinKey: string; readonly joinSecret?: string };

/** A Job to be deployed. */
export interface NewJob {
  readonly workFunction: WorkFunctionOrigin;
  /** Where modules are looked up, absolute. */
  readonly directory: string;
  readonly arguments: readonly unknown[];
  readonly input: InputPlan;
}

/** What was set on its handle before. */
export interface JobSettings {
  readonly public: JobPublic;
  readonly requirements: JobRequirements;
  readonly computeGroups: readonly ComputeGroup[];
  readonly limits: Partial<JobLimits>;
  /** Names of modules that its Work Function requires. */
  readonly required: ReadonlySet<string>;
  /** A debugger will look at its code. */
  readonly inspected: boolean;
}

/** `given`, with what a Job has where it says nothing. Throws `InvalidArgumentError` for other names, and what is no text. */
export function jobPublic(given: Partial<JobPublic>): JobPublic {
  const whole: JobPublic = { name: 'Unnamed Job', description: '', link: '' };
  checkNames('job.public', given, 'a part of it', Object.keys(whole));
  for (const field of Object.keys(whole) as (keyof JobPublic)[]) {
    const text: unknown = given[field];
    if (text === undefined) continue;
    if (typeof text !== 'string')
      throw new InvalidArgumentError(`job.public.${field}`, `expected a string, got ${shown(text)}`);
    whole[field] = text;
  }
  return whole;
}

/** Rejects with `InvalidArgumentError`, `EncodingError` or `ModuleError` for what cannot be deployed. */
export async function specOf(source: NewJob, settings: JobSettings): Promise<JobSpec> {
  const { arguments: args, input } = source;
  const { requirements } = settings;
  checkRequirements('job.requirements', requirements);
  return {
    public: jobPublic(settings.public),
    requirements,
    computeGroups: joinKeys(settings.computeGroups),
    limits: jobLimits(settings.limits),
    ...(await code(source, settings)),
    arguments: encodeAt('arguments', args),
    codec: 'native',
    inputSet: input.kind === 'range' ? { ...input } : { kind: 'list', count: null },
  };
}

/** Most Jobs bring one function and no modules: nothing is bundled for them. */
async function code(
  { workFunction, directory }: NewJob,
  { required, inspected }: JobSettings,
): Promise<Pick<JobSpec, 'workFunction' | 'modules'>> {
  const names = [...required];
  if ('source' in workFunction && names.length === 0)
    return { workFunction: workFunction.source, modules: null };
  return bundleModules({ workFunction, names, directory, forDebugger: inspected });
}

/** Throws `InvalidArgumentError` for what no Work Function can require. */
export function requiredName(name: unknown, index: number): string {
  if (typeof name === 'string' && name !== '' && !path.isAbsolute(name) && !/^[a-z]+:\/\//i.test(name))
    return name;
  throw new InvalidArgumentError(
    `job.requires[${index}]`,
    `expected the name of a package or a relative path, got ${shown(name)}`,
  );
}

/** One that is misspelt would limit nothing. */
function jobLimits(limits: Partial<JobLimits>): JobLimits {
  checkNames('job.limits', limits, 'a limit of a Job', Object.keys(DEFAULT_JOB_LIMITS));
  for (const [name, value] of Object.entries(limits) as [string, unknown][]) {
    if (!(typeof value === 'number' && value > 0))
      throw new InvalidArgumentError(`job.limits.${name}`, `expected a number above 0, got ${shown(value)}`);
  }
  return { ...DEFAULT_JOB_LIMITS, ...limits };
}

/** Throws `InvalidArgumentError` for what is no list of Compute Groups. */
export function joinKeys(groups: unknown): string[] {
  if (!Array.isArray(groups))
    throw new InvalidArgumentError(
      'job.computeGroups',
      `expected an array of join keys or { joinKey }, got ${shown(groups)}`,
    );
  return (groups as ComputeGroup[]).map(joinKey);
}

function joinKey(group: ComputeGroup, index: number): string {
  const key = typeof group === 'string' ? group : (group as { joinKey?: unknown } | null)?.joinKey;
  if (typeof key === 'string' && key !== '') return key;
  throw new InvalidArgumentError(
    `job.computeGroups[${index}]`,
    `expected a join key or { joinKey }, got ${shown(group)}`,
  );
}
