/** The hosts that are compared, each open for as long as the benchmark runs. */
import {
  openChildProcessEvaluator,
  openInProcessEvaluator,
  type ChildProcessEvaluatorOptions,
  type Evaluator,
} from '#src/evaluator/index.js';

/** The child-process host in each way that costs something of its own: one line here is one more column of every table. */
const CHILD_HOSTS = {
  'child process': {},
  'child process, no shared memory': { sharedMemory: false },
  'child process, not confined': { confinement: { mode: 'off' } },
} as const satisfies Readonly<Record<string, ChildProcessEvaluatorOptions>>;

export type ChildHostName = keyof typeof CHILD_HOSTS;
export type HostName = 'in-process' | ChildHostName;

/** Each with one thread, so that a Sandbox of each has the same of the machine. */
export async function openHosts(): Promise<ReadonlyMap<HostName, Evaluator>> {
  const hosts = new Map<HostName, Evaluator>([['in-process', await openInProcessEvaluator({ threads: 1 })]]);
  for (const [name, options] of Object.entries(CHILD_HOSTS))
    hosts.set(name as ChildHostName, await openChildProcessEvaluator({ threads: 1, ...options }));
  return hosts;
}
