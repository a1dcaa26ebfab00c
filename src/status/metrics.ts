import { printable } from '../model/index.js';
import { exposition, type Labels, type Metric, type Sample } from './exposition.js';
import { IDLE_REASONS } from './idle-reason.js';
import type { WorkerState, WorkerStatus } from './worker-status.js';

/** A Worker holds few Jobs at a time; those beyond this number, which do least here, have no lines of their own. */
export const MAX_JOBS = 50;
/** Adapters that are named. */
const MAX_ADAPTERS = 16;

/** Records, so that none can be left out. */
const WORKER_STATES = namesIn<WorkerState>({
  starting: true,
  created: true,
  running: true,
  paused: true,
  finishing: true,
  stopping: true,
  stopped: true,
});
const SANDBOX_STATES = namesIn<WorkerStatus['sandboxes'][number]['state']>({
  opening: true,
  warm: true,
  assigning: true,
  ready: true,
  ending: true,
  ended: true,
});

function namesIn<Name extends string>(names: Readonly<Record<Name, true>>): readonly Name[] {
  return Object.keys(names) as Name[];
}

/** What `GET /metrics` answers. docs/MONITORING.md lists the metrics. */
export function metricsText(status: WorkerStatus): string {
  return exposition([...ofWorker(status), ...ofWork(status), ...ofMachine(status), ...ofJobs(status)]);
}

function ofWorker(status: WorkerStatus): Metric[] {
  const { version, workerId, evaluator, scheduler, state, places, idle } = status;
  const info = { version, worker_id: workerId ?? '', evaluator, scheduler };
  return [
    gauge('info', 'What this Worker is. Always 1.', [sample(1, info)]),
    gauge(
      'adapter_info',
      'A GPU that Jobs get. Always 1.',
      status.adapters
        .slice(0, MAX_ADAPTERS)
        .map((name, index) => sample(1, { adapter: String(index), name: printable(name) })),
    ),
    gauge('start_time_seconds', 'When the Worker started, seconds since 1970.', [
      sample(status.startedAt / 1000),
    ]),
    gauge(
      'state',
      '1 for the state that the Worker is in, 0 for the others.',
      oneOf('state', WORKER_STATES, state),
    ),
    gauge('places', 'Slices that may run at the same time: all, and of these those of Jobs that use a GPU.', [
      sample(places.all, { kind: 'all' }),
      sample(places.gpu, { kind: 'gpu' }),
    ]),
    gauge(
      'sandboxes',
      'Sandboxes that have a Job.',
      SANDBOX_STATES.map((one) =>
        sample(status.sandboxes.filter((sandbox) => sandbox.state === one).length, { state: one }),
      ),
    ),
    gauge(
      'gated',
      'Work that may not run now because the machine is needed, by what is done with it. Always 1.',
      status.gates.map(({ target, action }) => sample(1, { target: String(target), action })),
    ),
    gauge(
      'gate_reason',
      'Why work may not run now. Always 1.',
      status.gates.flatMap(({ target, reasons }) =>
        // Two rules may say the same of one target, and samples with the same labels are no metrics.
        [...new Map(reasons.map((reason) => [`${reason.monitor} ${reason.code}`, reason])).values()].map(
          ({ monitor, code }) => sample(1, { target: String(target), monitor, code }),
        ),
      ),
    ),
    gauge(
      'idle_places',
      'Places that are free, by the reason why.',
      Object.keys(IDLE_REASONS).map((reason) => sample(idle?.code === reason ? idle.places : 0, { reason })),
    ),
  ];
}

function ofWork({ counts, jobs, droppedRecords }: WorkerStatus): Metric[] {
  const { fetched, metrics } = counts;
  const sum = (what: 'queued' | 'running' | 'unsubmittedBytes'): Sample[] => [
    sample(jobs.reduce((total, job) => total + job[what], 0)),
  ];
  return [
    counter('tasks_total', 'Tasks that the Scheduler gave.', [sample(counts.tasks)]),
    counter('slices_total', 'Slices that ended with a result, by how they ended.', [
      sample(counts.done - counts.failed, { outcome: 'completed' }),
      sample(counts.failed, { outcome: 'failed' }),
    ]),
    counter('slices_returned_total', 'Slices that were given back to the Scheduler.', [
      sample(counts.returned),
    ]),
    counter('slice_seconds_total', 'Wall time of all Slices.', [sample(metrics.elapsedMs / 1000)]),
    counter('slice_cpu_seconds_total', 'CPU time of all Slices.', [sample(metrics.cpuMs / 1000)]),
    counter('slice_webgpu_seconds_total', 'Time that GPUs worked for Slices.', [
      sample(metrics.webgpuMs / 1000),
    ]),
    counter('slice_bytes_total', 'Encoded data and results of Slices.', [
      sample(metrics.bytesIn, { direction: 'in' }),
      sample(metrics.bytesOut, { direction: 'out' }),
    ]),
    counter('sandboxes_lost_total', 'Sandboxes that ended by no doing of the Worker or the Job.', [
      sample(counts.lostSandboxes),
    ]),
    counter('fetch_requests_total', 'Requests of Work Functions that ended, by how they ended.', [
      sample(fetched.requests - fetched.failed, { outcome: 'completed' }),
      sample(fetched.failed, { outcome: 'failed' }),
    ]),
    counter('fetch_bytes_total', 'Bodies of requests of Work Functions.', [
      sample(fetched.bytesIn, { direction: 'in' }),
      sample(fetched.bytesOut, { direction: 'out' }),
    ]),
    gauge('slices_queued', 'Slices held that no Sandbox has.', sum('queued')),
    gauge('slices_running', 'Slices that some Sandbox has.', sum('running')),
    gauge('unsubmitted_bytes', 'Results that the Scheduler has not acknowledged.', sum('unsubmittedBytes')),
    counter('log_records_dropped_total', 'Records that outputs of the log had to leave out.', [
      sample(droppedRecords),
    ]),
  ];
}

function ofMachine({ usage }: WorkerStatus): Metric[] {
  return [
    gauge(
      'core_use_ratio',
      'Part of a core of this machine in use in the last second, whoever used it.',
      usage.cores.map((part, core) => sample(part, { core: String(core) })),
    ),
    gauge(
      'gpu_use_ratio',
      "Part of the adapters' time that Slices use; told when they end, so that it lags behind by one.",
      usage.gpu === null ? [] : [sample(usage.gpu)],
    ),
    gauge('process_cores', "Cores that the Worker's own process used in the last second.", [
      sample(usage.ownCores),
    ]),
    gauge('process_resident_bytes', "Resident memory of the Worker's own process.", [
      sample(usage.residentBytes),
    ]),
  ];
}

/** Jobs come and go with what is held of them: whoever is gone has no lines. */
function ofJobs({ jobs }: WorkerStatus): Metric[] {
  const shown = [...jobs].sort((a, b) => b.running + b.queued - (a.running + a.queued)).slice(0, MAX_JOBS);
  const each = (value: (job: WorkerStatus['jobs'][number]) => number | null): Sample[] =>
    shown.flatMap((job) => {
      const measured = value(job);
      return measured === null ? [] : [sample(measured, { job: job.id, name: printable(job.name) })];
    });
  return [
    gauge(
      'job_slices_queued',
      'Slices held of a Job that no Sandbox has.',
      each(({ queued }) => queued),
    ),
    gauge(
      'job_slices_running',
      'Slices of a Job that some Sandbox has.',
      each(({ running }) => running),
    ),
    gauge(
      'job_sandboxes',
      'Sandboxes of a Job.',
      each(({ sandboxes }) => sandboxes),
    ),
    gauge(
      'job_slice_seconds',
      'Mean wall time of a Slice of a Job, as measured here.',
      each(({ sliceMs }) => (sliceMs === null ? null : sliceMs / 1000)),
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name: `dcp_worker_${name}`, help, type: 'gauge', samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name: `dcp_worker_${name}`, help, type: 'counter', samples };
}

function sample(value: number, labels: Labels = {}): Sample {
  return { labels, value };
}

function oneOf(label: string, all: readonly string[], present: string): Sample[] {
  return all.map((one) => sample(one === present ? 1 : 0, { [label]: one }));
}
