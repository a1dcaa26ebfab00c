import { durationText, placesText, printable } from '../../model/index.js';
import type { WorkerStatus } from '../../status/index.js';
import { NoWorkerError, type StatusClient } from '../status-client.js';
import { note, ok, problem, type Finding } from './finding.js';

/** The second condition for work: a Worker runs. `status` is null when none does. */
export async function checkWorker(
  client: StatusClient,
): Promise<{ readonly findings: readonly Finding[]; readonly status: WorkerStatus | null }> {
  let status: WorkerStatus;
  try {
    status = await client.status();
  } catch (error) {
    const { message } = error as Error;
    const fix = error instanceof NoWorkerError ? 'dcp-worker' : null;
    return { findings: [problem('NO_WORKER', printable(message, 500), fix)], status: null };
  }
  return { findings: [...ofState(status), ...ofIdleness(status)], status };
}

function ofState({ state, pid, startedAt, time, places }: WorkerStatus): Finding[] {
  const what = `process ${pid}, up ${durationText(time - startedAt)}, ${placesText(places.all)}`;
  switch (state) {
    case 'running':
      return [ok(`a Worker runs: ${what}`)];
    case 'paused':
      return [problem('WORKER_NOT_RUNNING', `the Worker is paused: ${what}`, 'dcp-worker resume')];
    case 'starting':
    case 'created':
      return [note('WORKER_NOT_RUNNING', `the Worker is starting: ${what}`)];
    case 'finishing':
    case 'stopping':
    case 'stopped':
      return [
        problem('WORKER_NOT_RUNNING', `the Worker is stopping: ${what}`, 'dcp-worker, once it has stopped'),
      ];
  }
}

/** What the Worker says of itself; that it is paused has been said. */
function ofIdleness({ idle }: WorkerStatus): Finding[] {
  if (idle === null || idle.code === 'PAUSED' || idle.code === 'STOPPING') return [];
  const text = `free: ${placesText(idle.places)}, ${idle.code}: ${printable(idle.text, 300)}`;
  return [note('WORKER_IDLE', text, idle.remedy)];
}
