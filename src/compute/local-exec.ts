import { GPU_OPTIONS, type GpuOptions, type InspectOptions } from '../evaluator/index.js';
import {
  checkNames,
  InvalidArgumentError,
  offersOrigins,
  parseOriginRules,
  shown,
  type Determinism,
  type JobRequirements,
} from '../model/index.js';

/** How `localExec` differs from a run anywhere else: the same Slice then computes the same every time. */
export interface LocalExecOptions {
  /** The moment at which `Date` stands still in Work Functions. Default: it goes on. */
  readonly fixedDate?: Date | number;
  /** What `Math.random` starts from in every Slice, with the Slice's number: a whole number from 0 to 2³² − 1. Default: chance. */
  readonly randomSeed?: number;
  /**
   * Origins that Work Functions may fetch from if the Job requires it, as a Worker's operator allows them
   * (`SupervisorOptions.allowedOrigins`). Default: none.
   */
  readonly allowedOrigins?: readonly string[];
  /** Which GPUs a Job that requires WebGPU gets. Default: any but those that compute on the CPU. */
  readonly gpu?: GpuOptions;
  /** Every Sandbox waits for a debugger before its first Slice; time that stands still at a breakpoint does not count. */
  readonly inspect?: InspectOptions;
}

const OPTIONS: Readonly<Record<keyof LocalExecOptions, true>> = {
  fixedDate: true,
  randomSeed: true,
  allowedOrigins: true,
  gpu: true,
  inspect: true,
};
const INSPECT: Readonly<Record<keyof InspectOptions, true>> = { host: true, port: true, onTarget: true };

/** One that is misspelt would change nothing. Throws `InvalidArgumentError`. */
export function checkOptionNames(options: LocalExecOptions): void {
  checkNames('options', options, 'an option of localExec', Object.keys(OPTIONS));
  checkNames('gpu', options.gpu ?? {}, 'an option for GPUs', GPU_OPTIONS);
  checkNames('inspect', options.inspect ?? {}, 'an option for debuggers', Object.keys(INSPECT));
}

/**
 * The origins that are allowed, checked; the requirements were. A Job that requires others would wait for a Worker that never comes.
 * @throws InvalidArgumentError
 */
export function toAllowedOrigins(
  { allowedOrigins = [] }: LocalExecOptions,
  requirements: JobRequirements,
): readonly string[] {
  if (!(allowedOrigins instanceof Array))
    throw new InvalidArgumentError('allowedOrigins', `expected an array, got ${shown(allowedOrigins)}`);
  parseOriginRules('allowedOrigins', allowedOrigins);
  const required = requirements.environment?.fetch ?? false;
  if (required === false) return allowedOrigins;
  if (!offersOrigins(allowedOrigins, required)) {
    const wanted = required === true ? 'at least one origin' : `all of ${required.join(', ')}`;
    throw new InvalidArgumentError(
      'allowedOrigins',
      `expected ${wanted}, which the Job requires (job.requirements.environment.fetch), got [${allowedOrigins.join(', ')}]`,
    );
  }
  return allowedOrigins;
}

/** The furthest a Date gets from 1970, milliseconds (ECMA-262, "Time Values and Time Range"). */
const MAX_DATE_MS = 8.64e15;

/** @throws InvalidArgumentError */
export function toDeterminism({ fixedDate, randomSeed }: LocalExecOptions): Determinism | null {
  const date = fixedDate instanceof Date ? fixedDate.getTime() : (fixedDate ?? null);
  if (date !== null && !(typeof date === 'number' && Math.abs(date) <= MAX_DATE_MS)) {
    throw new InvalidArgumentError(
      'fixedDate',
      `expected a valid Date or its milliseconds, got ${shown(fixedDate)}`,
    );
  }
  if (
    randomSeed !== undefined &&
    !(Number.isInteger(randomSeed) && randomSeed >= 0 && randomSeed < 2 ** 32)
  ) {
    throw new InvalidArgumentError(
      'randomSeed',
      `expected a whole number from 0 to ${2 ** 32 - 1}, got ${shown(randomSeed)}`,
    );
  }
  if (date === null && randomSeed === undefined) return null;
  return { date: date === null ? null : Math.trunc(date), randomSeed: randomSeed ?? null };
}
