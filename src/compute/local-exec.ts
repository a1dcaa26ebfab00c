import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openInProcessEvaluator } from '../evaluator/index.js';
import { openEmbeddedScheduler, type Scheduler } from '../scheduler/index.js';
import { Supervisor } from '../supervisor/index.js';

/**
 * Runs `use` with a Scheduler of its own, in a temporary directory, and a Supervisor with `cores` Sandboxes in this
 * process. Whatever happens, all of it is gone when this resolves or rejects.
 */
export async function withLocalWorker<T>(
  cores: number,
  use: (scheduler: Scheduler) => Promise<T>,
): Promise<T> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const directory = await mkdtemp(path.join(tmpdir(), 'dcp-local-'));
    undo.unshift(() => rm(directory, { recursive: true, force: true }));
    const scheduler = await openEmbeddedScheduler(directory);
    undo.unshift(() => scheduler.close());
    const evaluator = await openInProcessEvaluator({ threads: cores });
    undo.unshift(() => evaluator.close());
    const supervisor = new Supervisor(scheduler, evaluator, { workerId: 'local', sandboxes: cores });
    undo.unshift(() => supervisor.stop({ finish: 'now' }));
    supervisor.start();
    return await use(scheduler);
  } finally {
    for (const step of undo) await step();
  }
}
