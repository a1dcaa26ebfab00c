/** The first and the last words of a Worker's log. */
import { confinementText, missingLayers } from '../evaluator/index.js';
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
  sayConfinement(log, worker, settings);
  sayNoGpu(log, problems, settings.worker.gpu?.adapters ?? []);
}

/** Whoever has named adapters counts on one of them; else a machine without is as good as any. */
function sayNoGpu(log: WorkerLog, problems: readonly string[], named: readonly string[]): void {
  if (named.length > 0 && problems.length > 0) {
    const problem = problems.join('; ');
    const text = `no WebGPU, though --gpu-adapter names ${named.join(', ')}: ${problem}`;
    return log.say('warning', 'noWebgpu', { problem }, text);
  }
  for (const problem of problems) log.say('debug', 'noWebgpu', { problem }, `no WebGPU: ${problem}`);
}

/** Of a standing evaluator its own log says it. */
function sayConfinement(log: WorkerLog, { confinement }: Worker, { evaluator }: ServiceSettings): void {
  if (confinement === null) {
    if (evaluator !== 'in-process') return;
    const text = "Sandboxes are not confined: they live in the Worker's own process";
    return log.say('warning', 'confinement', { mode: 'off', layers: [] }, text);
  }
  const { mode, profiles, layers } = confinement;
  const level = mode === 'off' || missingLayers(confinement).length > 0 ? 'warning' : 'notice';
  const states = layers.map(({ name, state }) => `${name}: ${state}`);
  log.say(level, 'confinement', { mode, profiles, layers: states }, confinementText(confinement));
}

/** A Worker that was told to stop before it started has done nothing, and says so. */
export function sayStopped(log: WorkerLog, worker: Worker): void {
  log.flush();
  const { done, failed } = worker.status()?.counts ?? { done: 0, failed: 0 };
  const text = `stopped after ${slicesText(done)}${failed > 0 ? `, ${failed} failed` : ''}`;
  log.say('notice', 'stopped', { slices: done, failed }, text);
}
