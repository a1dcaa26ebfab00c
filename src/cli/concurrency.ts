/** How many Slices a Worker runs at the same time, by the options that Workers of DCP have for it. */
import { availableParallelism } from 'node:os';
import {
  InvalidArgumentError as InvalidOptionError,
  Option,
  type Command,
  type OptionValues,
} from 'commander';
import { usedOf } from '../worker/index.js';
import { wholeNumber } from './program.js';

/** Slices at a time, of all Jobs or of those that require WebGPU. */
const MOST_SANDBOXES = 1024;

/** What is said of CPUs and of GPUs apart, as `7,1`; either part may be missing. */
interface Pair {
  readonly cpu?: number;
  readonly gpu?: number;
}

export interface Concurrency {
  /** Slices at a time. */
  readonly sandboxes: number;
  /** Of these, Slices of Jobs that require WebGPU: 0, none; null, as many as the Worker finds right for its adapters. */
  readonly gpuSandboxes: number | null;
  /** What part of that many, above 0 up to 1. */
  readonly gpuUtilization: number;
}

export function withConcurrencyOptions(program: Command): Command {
  return program
    .addOption(
      new Option(
        '-c, --cores <cpu,gpu>',
        `Slices run at the same time, 1 to ${MOST_SANDBOXES}, and of these those of Jobs that require WebGPU, 0 to ${MOST_SANDBOXES}: ` +
          `7 or 7,2 or ,2; default: all cores (${availableParallelism()} here), two for each adapter`,
      ).argParser(pair('whole numbers', cores)),
    )
    .addOption(
      new Option(
        '-u, --utilization <cpu,gpu>',
        'the part of them that is used: cpu above 0 up to 1, gpu 0 to 1: 0.8 or 0.8,0.5 or ,0.5; default: 1,1',
      ).argParser(pair('parts', utilization)),
    )
    .addOption(
      new Option(
        '-m, --maxSandboxes <n>',
        `no more Slices at the same time than this, 1 to ${MOST_SANDBOXES}; default: cores times utilization`,
      ).argParser(wholeNumber(1, MOST_SANDBOXES)),
    );
}

export function concurrencyOf(options: OptionValues): Concurrency {
  const { cpu: cpuCores = availableParallelism(), gpu: gpuCores } = (options['cores'] ?? {}) as Pair;
  const { cpu: cpuPart = 1, gpu: gpuPart = 1 } = (options['utilization'] ?? {}) as Pair;
  const most = (options['maxSandboxes'] as number | undefined) ?? MOST_SANDBOXES;
  return {
    sandboxes: Math.min(most, usedOf(cpuCores, cpuPart)),
    gpuSandboxes: gpuPart === 0 || gpuCores === 0 ? 0 : (gpuCores ?? null),
    gpuUtilization: gpuPart === 0 ? 1 : gpuPart,
  };
}

type Resource = 'cpu' | 'gpu';

function pair(what: string, parse: (resource: Resource, text: string) => number): (text: string) => Pair {
  return (text) => {
    const [cpu = '', gpu = '', ...more] = text.split(',').map((part) => part.trim());
    if (more.length > 0 || (cpu === '' && gpu === ''))
      throw new InvalidOptionError(`expected ${what} as cpu, as cpu,gpu or as ,gpu.`);
    return {
      ...(cpu === '' ? {} : { cpu: parse('cpu', cpu) }),
      ...(gpu === '' ? {} : { gpu: parse('gpu', gpu) }),
    };
  };
}

function cores(resource: Resource, text: string): number {
  const least = resource === 'cpu' ? 1 : 0;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= MOST_SANDBOXES) return value;
  throw new InvalidOptionError(
    `${resource}: expected a whole number from ${least} to ${MOST_SANDBOXES}, got '${text}'.`,
  );
}

function utilization(resource: Resource, text: string): number {
  const value = /^[\d.]+$/.test(text) ? Number(text) : NaN;
  if (value <= 1 && (value > 0 || (value === 0 && resource === 'gpu'))) return value;
  const range = resource === 'cpu' ? 'above 0 up to 1' : 'from 0 to 1';
  throw new InvalidOptionError(`${resource}: expected a number ${range}, got '${text}'.`);
}
