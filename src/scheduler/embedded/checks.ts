import {
  InvalidArgumentError,
  MAX_SLICE_NUMBER,
  type PayloadColumns,
  type ResultBatch,
  type SliceMessage,
} from '../../model/index.js';
import type { TaskRequest } from '../scheduler.js';
import { show } from './jobs.js';

// What callers hand in, checked before anything is written. Each failure names the field and the value.

export function checkInteger(field: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new InvalidArgumentError(field, `expected an integer from ${least}, got ${show(value)}`);
}

export function checkRequest(request: TaskRequest): void {
  checkInteger('request.sandboxes', request.sandboxes, 1);
  checkInteger('request.maxSlices', request.maxSlices, 1);
  for (const key of ['targetMs', 'maxBytes'] as const) {
    if (typeof request[key] !== 'number' || !(request[key] > 0))
      throw new InvalidArgumentError(
        `request.${key}`,
        `expected a number above 0, got ${show(request[key])}`,
      );
  }
  if (typeof request.workerId !== 'string')
    throw new InvalidArgumentError('request.workerId', `expected a string, got ${show(request.workerId)}`);
  if (!Array.isArray(request.computeGroups))
    throw new InvalidArgumentError(
      'request.computeGroups',
      `expected an array, got ${show(request.computeGroups)}`,
    );
  if (request.jobIds !== null && !Array.isArray(request.jobIds))
    throw new InvalidArgumentError(
      'request.jobIds',
      `expected an array or null, got ${show(request.jobIds)}`,
    );
  for (const [jobId, ms] of Object.entries(request.sliceMs)) {
    if (typeof ms !== 'number' || !(ms >= 0))
      throw new InvalidArgumentError(
        `request.sliceMs[${JSON.stringify(jobId)}]`,
        `expected a number from 0, got ${show(ms)}`,
      );
  }
}

/** Checks that columns belong together, so that nothing out of bounds is stored; answers how many entries there are. */
export function checkColumns(field: string, columns: PayloadColumns, numbers: Uint32Array): number {
  if (!(numbers instanceof Uint32Array))
    throw new InvalidArgumentError(`${field}.numbers`, `expected a Uint32Array, got ${show(numbers)}`);
  const count = numbers.length;
  if (!(columns.heads instanceof Uint8Array))
    throw new InvalidArgumentError(`${field}.heads`, `expected a Uint8Array, got ${show(columns.heads)}`);
  const ends = (name: 'headEnds' | 'segmentEnds', total: number): void => {
    const list = columns[name];
    if (!(list instanceof Uint32Array) || list.length !== count) {
      throw new InvalidArgumentError(
        `${field}.${name}`,
        `expected a Uint32Array of ${count}, as many as numbers, got ${list instanceof Uint32Array ? list.length : show(list)}`,
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
        `expected a Uint8Array, got ${show(segment)}`,
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
      `expected a Uint8Array of ${count}, got ${show(outcomes?.length)}`,
    );
  for (const key of ['elapsedMs', 'cpuMs'] as const) {
    const list = results[key];
    if (!(list instanceof Float64Array) || list.length !== count)
      throw new InvalidArgumentError(
        `results.${key}`,
        `expected a Float64Array of ${count}, got ${show(list?.length)}`,
      );
    for (let i = 0; i < count; i++) {
      if (!(list[i]! >= 0 && list[i]! < Infinity))
        throw new InvalidArgumentError(
          `results.${key}[${i}]`,
          `expected milliseconds from 0, got ${list[i]}`,
        );
    }
  }
  for (let i = 0; i < count; i++) {
    if (outcomes[i]! > 1)
      throw new InvalidArgumentError(`results.outcomes[${i}]`, `expected 0 or 1, got ${outcomes[i]}`);
  }
  return count;
}

const LEVELS = ['debug', 'log', 'info', 'warn', 'error'];

export function checkMessage(message: SliceMessage, i: number): void {
  const bad = (field: string, expected: string, given: unknown): never => {
    throw new InvalidArgumentError(`messages[${i}].${field}`, `expected ${expected}, got ${show(given)}`);
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
