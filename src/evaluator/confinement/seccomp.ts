import { setImmediate } from 'node:timers/promises';
import { stat } from 'node:fs/promises';
import { loadNative } from '../native.js';
import type { LayerState } from './layers.js';
import { seccompText, type CallProfile, type SeccompSetting } from './seccomp-setting.js';

/**
 * Does once what this process could not do any more, or would find out wrongly, behind the filter: it starts libuv's threads,
 * opens standard error, and has ICU read the time zone. Threads that run Sandboxes have to be there before.
 */
async function warmUp(): Promise<void> {
  // The first task of libuv's pool starts all its threads.
  await stat('/').catch(() => undefined);
  // Node makes the stream when it is first asked for, and looks at the descriptor then.
  void process.stderr.writableLength;
  void new Intl.DateTimeFormat().resolvedOptions().timeZone;
  void new Date().getTimezoneOffset();
  await setImmediate();
}

/** Takes from this process what the profiles do not need, for good. Answers what became of it; does not throw. */
export async function confineCalls(setting: SeccompSetting): Promise<LayerState> {
  if (setting === null) return { name: 'seccomp', state: 'off', why: '--seccomp=off' };
  await warmUp();
  return narrowCalls(setting);
}

/** The same once more, for a process that turns out to need less than it was started with. */
export function narrowCalls(profiles: readonly CallProfile[]): LayerState {
  const problem = loadNative().confineCalls(profiles);
  if (problem === '') return { name: 'seccomp', state: 'on', why: null };
  return {
    name: 'seccomp',
    state: 'missing',
    why: `the filter ${seccompText(profiles)} cannot be set: ${problem}`,
  };
}
