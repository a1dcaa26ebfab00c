/** The first and the last words of a Worker's log. */
import { slicesText } from '../model/index.js';
import type { WorkerLog } from '../status/index.js';
import type { Worker } from '../worker/index.js';
import type { ServiceSettings } from './settings.js';

/** `worker` has started. */
export function sayStarted(log: WorkerLog, worker: Worker, settings: ServiceSettings): void {
  const { scheduler, cores } = settings.worker;
  const { workerId } = worker.status()!;
  const { adapters, problems } = worker.gpu;
  const count = cores === 1 ? '1 Sandbox' : `${cores} Sandboxes`;
  const gpus = adapters.length === 0 ? '' : `, GPU ${adapters.join(', ')}`;
  const text = `worker ${workerId}: ${count}, Scheduler ${scheduler}${gpus}`;
  log.say('notice', 'started', { worker: workerId, cores, scheduler, adapters }, text);
  if (settings.asksForPay) {
    const why =
      'minimumWage: an embedded Scheduler pays nobody; its Jobs are taken as if no wage were asked for';
    log.say('warning', 'noWage', {}, why);
  }
  for (const problem of problems) log.say('debug', 'noWebgpu', { problem }, `no WebGPU: ${problem}`);
}

/** A Worker that was told to stop before it started has done nothing, and says so. */
export function sayStopped(log: WorkerLog, worker: Worker): void {
  log.flush();
  const { done, failed } = worker.status()?.counts ?? { done: 0, failed: 0 };
  const text = `stopped after ${slicesText(done)}${failed > 0 ? `, ${failed} failed` : ''}`;
  log.say('notice', 'stopped', { slices: done, failed }, text);
}
