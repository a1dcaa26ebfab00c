import type * as OpenTelemetry from '@opentelemetry/api';
import type { JobId, TaskId } from '../model/index.js';
import type { SupervisorObserver } from '../supervisor/index.js';

/** Where every copy of `@opentelemetry/api` of major version 1 finds what the program has registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/** Names of Jobs that are kept, the newest. */
const MOST_NAMES = 1_000;

/** A Task whose span has not ended. */
interface OpenTask {
  readonly jobId: JobId;
  readonly span: OpenTelemetry.Span;
  /** Slices of which nothing has been heard. */
  left: number;
  done: number;
  failed: number;
  returned: number;
}

/**
 * What a Worker does as traces of OpenTelemetry: a trace for each Task, whose spans are the Slices of it that came out of a Sandbox
 * together. docs/MONITORING.md lists their attributes.
 */
class TaskTraces implements Partial<SupervisorObserver> {
  readonly #tracer: OpenTelemetry.Tracer;
  readonly #tasks = new Map<TaskId, OpenTask>();
  readonly #names = new Map<JobId, string>();

  constructor(
    private readonly api: typeof OpenTelemetry,
    version: string,
  ) {
    this.#tracer = api.trace.getTracer('dcp-worker-native', version);
  }

  onJob: SupervisorObserver['onJob'] = (jobId, { name }) => {
    this.#names.set(jobId, name);
    if (this.#names.size > MOST_NAMES) this.#names.delete(this.#names.keys().next().value!);
  };

  onTask: SupervisorObserver['onTask'] = ({ jobId, taskId, slices }) => {
    const attributes = {
      'dcp.job.id': jobId,
      'dcp.job.name': this.#names.get(jobId) ?? '',
      'dcp.task.id': taskId,
      'dcp.task.slices': slices,
    };
    const span = this.#tracer.startSpan('dcp.task', { root: true, attributes });
    this.#tasks.set(taskId, { jobId, span, left: slices, done: 0, failed: 0, returned: 0 });
  };

  onResults: SupervisorObserver['onResults'] = ({ jobId, taskId, slices, failed, metrics }) => {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    const end = Date.now();
    const { trace, ROOT_CONTEXT, SpanStatusCode } = this.api;
    const span = this.#tracer.startSpan(
      'dcp.slices',
      {
        // In a Sandbox one runs after another.
        startTime: end - metrics.elapsedMs,
        attributes: {
          'dcp.job.id': jobId,
          'dcp.task.id': taskId,
          'dcp.slices.count': slices,
          'dcp.slices.failed': failed,
          'dcp.slices.elapsed_ms': metrics.elapsedMs,
          'dcp.slices.cpu_ms': metrics.cpuMs,
          'dcp.slices.webgpu_ms': metrics.webgpuMs,
          'dcp.slices.bytes_in': metrics.bytesIn,
          'dcp.slices.bytes_out': metrics.bytesOut,
        },
      },
      trace.setSpan(ROOT_CONTEXT, task.span),
    );
    if (failed > 0)
      span.setStatus({ code: SpanStatusCode.ERROR, message: `${failed} of ${slices} Slices failed` });
    span.end(end);
    task.done += slices;
    task.failed += failed;
    this.#heardOf(taskId, task, slices);
  };

  onReturned: SupervisorObserver['onReturned'] = (_jobId, slices, { code, message }, taskId) => {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    task.returned += slices;
    task.span.addEvent('dcp.returned', {
      'dcp.slices.count': slices,
      'dcp.reason.code': code,
      'dcp.reason.message': message,
    });
    this.#heardOf(taskId, task, slices);
  };

  onJobGone: SupervisorObserver['onJobGone'] = (jobId) => {
    for (const [taskId, task] of this.#tasks) if (task.jobId === jobId) this.#end(taskId, task);
    this.#names.delete(jobId);
  };

  onState: SupervisorObserver['onState'] = (state) => {
    if (state !== 'stopped') return;
    for (const [taskId, task] of this.#tasks) this.#end(taskId, task);
  };

  #heardOf(taskId: TaskId, task: OpenTask, slices: number): void {
    task.left -= slices;
    if (task.left <= 0) this.#end(taskId, task);
  }

  #end(taskId: TaskId, { span, done, failed, returned }: OpenTask): void {
    this.#tasks.delete(taskId);
    span.setAttributes({
      'dcp.task.slices.done': done,
      'dcp.task.slices.failed': failed,
      'dcp.task.slices.returned': returned,
    });
    span.end();
  }
}

/**
 * Null where the program has registered no provider of traces: nothing is loaded then. Rejects where it has one, and
 * `@opentelemetry/api` is not installed beside the Worker.
 */
export async function openTaskTraces(version: string): Promise<Partial<SupervisorObserver> | null> {
  const registered = (globalThis as { [REGISTERED]?: { trace?: object } })[REGISTERED];
  if (registered?.trace === undefined) return null;
  return new TaskTraces(await import('@opentelemetry/api'), version);
}
