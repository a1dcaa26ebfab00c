import {
  checkOrigins,
  checkRequirementNames,
  checkWebgpuRequirement,
  InvalidArgumentError,
  MAX_MODULES,
  MAX_SLICE_NUMBER,
  STORED_METRICS,
  shown,
  type CodecName,
  type JobModules,
  type JobSpec,
  type PayloadColumns,
  type ResultBatch,
  type SliceMessage,
} from '../../model/index.js';
import type { PublicGroupUse, TaskRequest } from '../scheduler.js';

// What callers hand in, checked before anything is written. Each failure names the field and the value.

export function checkInteger(field: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new InvalidArgumentError(field, `expected an integer from ${least}, got ${shown(value)}`);
}

/** @throws InvalidArgumentError */
export function checkLeaseMs(field: string, value: number): void {
  if (!Number.isFinite(value) || value < 1000)
    throw new InvalidArgumentError(field, `expected at least 1000, got ${shown(value)}`);
}

export function checkRequest(request: TaskRequest): void {
  checkInteger('request.sandboxes', request.sandboxes, 1);
  checkInteger('request.maxSlices', request.maxSlices, 1);
  for (const key of ['targetMs', 'maxBytes'] as const) {
    if (typeof request[key] !== 'number' || !(request[key] > 0))
      throw new InvalidArgumentError(
        `request.${key}`,
        `expected a number above 0, got ${shown(request[key])}`,
      );
  }
  if (typeof request.workerId !== 'string')
    throw new InvalidArgumentError('request.workerId', `expected a string, got ${shown(request.workerId)}`);
  if (!Array.isArray(request.computeGroups))
    throw new InvalidArgumentError(
      'request.computeGroups',
      `expected an array, got ${shown(request.computeGroups)}`,
    );
  if (!PUBLIC_GROUP_USES.includes(request.publicGroup))
    throw new InvalidArgumentError(
      'request.publicGroup',
      `expected one of ${PUBLIC_GROUP_USES.join(', ')}, got ${shown(request.publicGroup)}`,
    );
  if (request.jobIds !== null && !Array.isArray(request.jobIds))
    throw new InvalidArgumentError(
      'request.jobIds',
      `expected an array or null, got ${shown(request.jobIds)}`,
    );
  if (!Array.isArray(request.exceptJobs))
    throw new InvalidArgumentError(
      'request.exceptJobs',
      `expected an array, got ${shown(request.exceptJobs)}`,
    );
  if (!Array.isArray(request.capabilities?.fetch))
    throw new InvalidArgumentError(
      'request.capabilities.fetch',
      `expected an array of origins, got ${shown(request.capabilities?.fetch)}`,
    );
  checkOrigins('request.capabilities.fetch', request.capabilities.fetch);
  checkOffers(request.capabilities.webgpu);
  const { webgpuOnly } = request.capabilities;
  if (webgpuOnly !== undefined && typeof webgpuOnly !== 'boolean')
    throw new InvalidArgumentError(
      'request.capabilities.webgpuOnly',
      `expected true or false, got ${shown(webgpuOnly)}`,
    );
  for (const [jobId, ms] of Object.entries(request.sliceMs)) {
    if (typeof ms !== 'number' || !(ms >= 0))
      throw new InvalidArgumentError(
        `request.sliceMs[${JSON.stringify(jobId)}]`,
        `expected a number from 0, got ${shown(ms)}`,
      );
  }
}

function checkOffers(offers: TaskRequest['capabilities']['webgpu']): void {
  const field = 'request.capabilities.webgpu';
  if (!Array.isArray(offers))
    throw new InvalidArgumentError(field, `expected an array of adapters, got ${shown(offers)}`);
  (offers as readonly unknown[]).forEach((offer, index) => {
    const { features, limits } = Object(offer) as Record<string, unknown>;
    if (!Array.isArray(features) || typeof limits !== 'object' || limits === null)
      throw new InvalidArgumentError(
        `${field}[${index}]`,
        `expected an adapter's features and limits, got ${shown(offer)}`,
      );
  });
}

/** Checks that columns belong together, so that nothing out of bounds is stored; answers how many entries there are. */
export function checkColumns(field: string, columns: PayloadColumns, numbers: Uint32Array): number {
  if (!(numbers instanceof Uint32Array))
    throw new InvalidArgumentError(`${field}.numbers`, `expected a Uint32Array, got ${shown(numbers)}`);
  const count = numbers.length;
  if (!(columns.heads instanceof Uint8Array))
    throw new InvalidArgumentError(`${field}.heads`, `expected a Uint8Array, got ${shown(columns.heads)}`);
  const ends = (name: 'headEnds' | 'segmentEnds', total: number): void => {
    const list = columns[name];
    if (!(list instanceof Uint32Array) || list.length !== count) {
      throw new InvalidArgumentError(
        `${field}.${name}`,
        `expected a Uint32Array of ${count}, as many as numbers, got ${list instanceof Uint32Array ? list.length : shown(list)}`,
      );
    }
    let before = 0;
    for (let i = 0; i < count; i++) {
      if (list[i]! < before)
        throw new InvalidArgumentError(
          `${field}.${name}[${i}]`,
          `expected at least ${before}, got ${list[i]}`,
        );
      before = list[i]!;
    }
    if (before !== total)
      throw new InvalidArgumentError(`${field}.${name}`, `expected to end at ${total}, got ${before}`);
  };
  ends('headEnds', columns.heads.byteLength);
  ends('segmentEnds', columns.segments.length);
  columns.segments.forEach((segment, i) => {
    if (!(segment instanceof Uint8Array))
      throw new InvalidArgumentError(
        `${field}.segments[${i}]`,
        `expected a Uint8Array, got ${shown(segment)}`,
      );
  });
  for (let i = 0; i < count; i++) {
    if (numbers[i] === 0)
      throw new InvalidArgumentError(
        `${field}.numbers[${i}]`,
        `expected a Slice number from 1 to ${MAX_SLICE_NUMBER}, got 0`,
      );
  }
  return count;
}

export function checkResults(results: ResultBatch): number {
  const count = checkColumns('results', results, results?.numbers);
  const { outcomes } = results;
  if (!(outcomes instanceof Uint8Array) || outcomes.length !== count)
    throw new InvalidArgumentError(
      'results.outcomes',
      `expected a Uint8Array of ${count}, got ${shown(outcomes?.length)}`,
    );
  for (const key of STORED_METRICS) {
    const list = results[key];
    if (!(list instanceof Float64Array) || list.length !== count)
      throw new InvalidArgumentError(
        `results.${key}`,
        `expected a Float64Array of ${count}, got ${shown(list?.length)}`,
      );
    for (let i = 0; i < count; i++) {
      if (!(list[i]! >= 0 && list[i]! < Infinity))
        throw new InvalidArgumentError(`results.${key}[${i}]`, `expected a number from 0, got ${list[i]}`);
    }
  }
  for (let i = 0; i < count; i++) {
    if (outcomes[i]! > 1)
      throw new InvalidArgumentError(`results.outcomes[${i}]`, `expected 0 or 1, got ${outcomes[i]}`);
  }
  return count;
}

const PUBLIC_GROUP_USES: readonly PublicGroupUse[] = ['take', 'leave', 'fallback'];
const LEVELS = ['debug', 'log', 'info', 'warn', 'error'];

export function checkMessage(message: SliceMessage, i: number): void {
  const bad = (field: string, expected: string, given: unknown): never => {
    throw new InvalidArgumentError(`messages[${i}].${field}`, `expected ${expected}, got ${shown(given)}`);
  };
  if (!Number.isInteger(message.slice) || message.slice < 0 || message.slice > MAX_SLICE_NUMBER)
    bad('slice', 'a Slice number', message.slice);
  if (message.type === 'console') {
    if (!LEVELS.includes(message.level)) bad('level', `one of ${LEVELS.join(', ')}`, message.level);
    if (typeof message.message !== 'string') bad('message', 'a string', message.message);
  } else if (message.type === 'custom') {
    if (typeof message.name !== 'string') bad('name', 'a string', message.name);
    if (!(message.value?.head instanceof Uint8Array) || !Array.isArray(message.value.segments))
      bad('value', 'a payload', message.value);
  } else bad('type', '"console" or "custom"', (message as { type: unknown }).type);
}

const CODECS: readonly CodecName[] = ['native', 'kvin', 'json'];

/** @throws InvalidArgumentError naming the first field that does not fit */
export function checkSpec(spec: JobSpec): void {
  const bad = (field: string, expected: string, given: unknown): never => {
    throw new InvalidArgumentError(`spec.${field}`, `expected ${expected}, got ${shown(given)}`);
  };
  if (typeof spec !== 'object' || spec === null)
    throw new InvalidArgumentError('spec', `expected an object, got ${shown(spec)}`);
  for (const key of ['name', 'description', 'link'] as const) {
    if (typeof spec.public?.[key] !== 'string') bad(`public.${key}`, 'a string', spec.public?.[key]);
  }
  if (typeof spec.workFunction !== 'string' || spec.workFunction === '')
    bad('workFunction', 'source text', spec.workFunction);
  if (!(spec.arguments?.head instanceof Uint8Array))
    bad('arguments.head', 'a Uint8Array', spec.arguments?.head);
  if (
    !Array.isArray(spec.arguments.segments) ||
    !spec.arguments.segments.every((s) => s instanceof Uint8Array)
  ) {
    bad('arguments.segments', 'an array of Uint8Arrays', spec.arguments.segments);
  }
  if (spec.modules !== null) checkModules(spec.modules, bad);
  if (!CODECS.includes(spec.codec)) bad('codec', `one of ${CODECS.join(', ')}`, spec.codec);
  const set = spec.inputSet;
  if (set?.kind === 'range') {
    if (!Number.isInteger(set.count) || set.count < 0 || set.count > MAX_SLICE_NUMBER) {
      bad('inputSet.count', `an integer from 0 to ${MAX_SLICE_NUMBER}`, set.count);
    }
    if (!Number.isFinite(set.start)) bad('inputSet.start', 'a finite number', set.start);
    if (!Number.isFinite(set.step)) bad('inputSet.step', 'a finite number', set.step);
  } else if (set?.kind === 'list') {
    if (set.count !== null) bad('inputSet.count', 'null: the Scheduler counts what is uploaded', set.count);
  } else bad('inputSet.kind', '"list" or "range"', (set as { kind?: unknown } | undefined)?.kind);
  if (typeof spec.requirements !== 'object' || spec.requirements === null || Array.isArray(spec.requirements))
    bad('requirements', 'an object', spec.requirements);
  const { environment: givenEnvironment, ...others } = spec.requirements;
  const environment: unknown = givenEnvironment ?? {};
  if (typeof environment !== 'object') bad('requirements.environment', 'an object', environment);
  checkRequirementNames('spec.requirements', spec.requirements);
  for (const [key, value] of Object.entries(environment as object)) {
    if (key === 'fetch' && Array.isArray(value)) checkOrigins('spec.requirements.environment.fetch', value);
    else if (key === 'webgpu') checkWebgpuRequirement('spec.requirements.environment.webgpu', value);
    else if (typeof value !== 'boolean') bad(`requirements.environment.${key}`, 'true or false', value);
  }
  for (const [key, value] of Object.entries(others))
    if (!['boolean', 'object', 'undefined'].includes(typeof value))
      bad(`requirements.${key}`, 'true, false or an object', value);
  if (!Array.isArray(spec.computeGroups) || !spec.computeGroups.every((key) => typeof key === 'string')) {
    bad('computeGroups', 'an array of strings', spec.computeGroups);
  }
  for (const key of ['sliceTimeoutMs', 'progressTimeoutMs', 'cpuTimeoutMs', 'gpuTimeoutMs'] as const) {
    const value = spec.limits?.[key];
    if (typeof value !== 'number' || !(value > 0)) bad(`limits.${key}`, 'a number above 0', value);
  }
}

function checkModules(
  modules: JobModules,
  bad: (field: string, expected: string, given: unknown) => never,
): void {
  const check = (field: 'script' | 'sourceMap' | 'assets', parts: readonly unknown[]): void => {
    let bytes = 0;
    for (const part of parts) {
      if (!(part instanceof Uint8Array)) return bad(`modules.${field}`, 'bytes (Uint8Array)', part);
      bytes += part.byteLength;
    }
    if (bytes > MAX_MODULES[field]) bad(`modules.${field}`, `at most ${MAX_MODULES[field]} bytes`, bytes);
  };
  if (typeof modules !== 'object') bad('modules', 'an object or null', modules);
  check('script', [modules.script]);
  check('sourceMap', [modules.sourceMap]);
  if (!Array.isArray(modules.assets)) bad('modules.assets', 'an array of Uint8Arrays', modules.assets);
  check('assets', modules.assets);
}
