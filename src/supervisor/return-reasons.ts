/** Why a Supervisor gives Slices back that nobody ran, in the words that the Scheduler hears. None of it counts as a run. */
import type { ReturnReason, SliceMessage } from '../model/index.js';

export const SHUTDOWN: ReturnReason = Object.freeze({
  code: 'ESHUTDOWN',
  message: 'the Worker stops',
  counted: false,
});

export const PAUSED: ReturnReason = Object.freeze({
  code: 'ESHUTDOWN',
  message: 'the Worker pauses',
  counted: false,
});

export const NOT_WELCOME: ReturnReason = Object.freeze({
  code: 'ENOTWELCOME',
  message: 'the Worker does not take the Job any more',
  counted: false,
});

export const GATED: ReturnReason = Object.freeze({
  code: 'ESHUTDOWN',
  message: 'the machine is in use',
  counted: false,
});

export const SANDBOX_ENDED: ReturnReason = Object.freeze({
  code: 'EEVALUATOR',
  message: 'the Sandbox ended before',
  counted: false,
});

/** The Evaluator has created none, and why. */
export function noSandbox(why: unknown): ReturnReason {
  return { code: 'EEVALUATOR', message: String(why), counted: false };
}

export function setAside(why: string, code: ReturnReason['code'] = 'EJOBSETASIDE'): ReturnReason {
  return { code, message: `the Job is set aside: ${why}`, counted: false };
}

/** What the Job's owner reads of it: its Slices may wait long for their next run. */
export function setAsideMessage(reason: string, ms: number): SliceMessage {
  const message = `EEVALUATORCRASH: a Worker sets this Job aside for ${Math.ceil(ms / 1000)} s: ${reason}`;
  return { type: 'console', slice: 0, level: 'error', message };
}
