/** Traces of a Worker's Tasks, with the SDK of OpenTelemetry itself. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { createCompute } from '#src/compute/index.js';
import { openTaskTraces } from '#src/status/index.js';
import { run } from '../cli/support.js';
import { openMachine, upTo } from '../supervisor/support.js';
import { temporaryDirectory } from './support.js';

const NOBODY = await openTaskTraces('0.1.0');
const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
);

function spansNamed(name: string): ReadableSpan[] {
  return exporter.getFinishedSpans().filter((span) => span.name === name);
}

test('where nobody takes traces there is no observer of them', () => {
  assert.equal(NOBODY, null);
});

test('a Task is a trace, and the Slices that came out of a Sandbox together are a span of it', async (t) => {
  exporter.reset();
  const machine = await openMachine(t);
  const traces = (await openTaskTraces('0.1.0'))!;
  machine.work({ sandboxes: 2, observer: traces });
  const job = machine.compute.for(upTo(20), (n: number) => {
    if (n === 13) throw new Error('unlucky');
    return n * n;
  });
  job.public.name = 'Squares';
  await job.exec().catch(() => undefined);
  const id = job.id!;

  const tasks = spansNamed('dcp.task');
  assert.ok(tasks.length > 0);
  const sum = (spans: ReadableSpan[], name: string): number =>
    spans.reduce((total, { attributes }) => total + Number(attributes[name]), 0);
  assert.equal(sum(tasks, 'dcp.task.slices'), sum(tasks, 'dcp.task.slices.done'));
  assert.equal(sum(tasks, 'dcp.task.slices.done'), 20);
  assert.equal(sum(tasks, 'dcp.task.slices.returned'), 0);
  for (const { attributes, parentSpanContext, instrumentationScope } of tasks) {
    assert.deepEqual([attributes['dcp.job.id'], attributes['dcp.job.name']], [id, 'Squares']);
    assert.equal(parentSpanContext, undefined);
    assert.deepEqual(
      [instrumentationScope.name, instrumentationScope.version],
      ['dcp-worker-native', '0.1.0'],
    );
  }

  const batches = spansNamed('dcp.slices');
  assert.equal(sum(batches, 'dcp.slices.count'), 20);
  assert.equal(sum(batches, 'dcp.slices.failed'), 1);
  for (const { attributes, parentSpanContext, status, startTime, endTime } of batches) {
    const task = tasks.find((span) => span.attributes['dcp.task.id'] === attributes['dcp.task.id'])!;
    assert.equal(parentSpanContext?.spanId, task.spanContext().spanId);
    const failed = Number(attributes['dcp.slices.failed']);
    assert.equal(status.code, failed > 0 ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
    const ms = (endTime[0] - startTime[0]) * 1e3 + (endTime[1] - startTime[1]) / 1e6;
    assert.ok(Math.abs(ms - Number(attributes['dcp.slices.elapsed_ms'])) < 2);
  }
});

test('Slices that go back end the span of their Task, which says why', async (t) => {
  exporter.reset();
  const machine = await openMachine(t);
  const traces = (await openTaskTraces('0.1.0'))!;
  const supervisor = machine.work({ sandboxes: 1, observer: traces });
  const job = machine.compute.for(upTo(8), () => new Promise((resolve) => setTimeout(resolve, 600_000)));
  const results = job.exec().catch(() => undefined);
  while (supervisor.status().sandboxes.every(({ slice }) => slice === null))
    await new Promise((resolve) => setTimeout(resolve, 10));
  await supervisor.stop({ finish: 'now' });
  const tasks = spansNamed('dcp.task');
  assert.ok(tasks.length > 0);
  for (const { attributes, events } of tasks) {
    assert.equal(attributes['dcp.task.slices.returned'], attributes['dcp.task.slices']);
    assert.equal(events.at(-1)?.name, 'dcp.returned');
    assert.equal(events.at(-1)?.attributes?.['dcp.reason.code'], 'ESHUTDOWN');
  }
  await job.cancel();
  await results;
});

/** What `--import` loads before the Worker: a provider whose spans are told at the end. */
const PROVIDER = `
  import { trace } from ${JSON.stringify(import.meta.resolve('@opentelemetry/api'))};
  import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from ${JSON.stringify(
    import.meta.resolve('@opentelemetry/sdk-trace-base'),
  )};
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  process.on('exit', () => console.error('spans:', ...exporter.getFinishedSpans().map(({ name }) => name)));
`;

/** As if the package were not installed beside the Worker. */
const HOOK = `export async function resolve(name, context, next) {
  if (name !== '@opentelemetry/api') return next(name, context);
  throw new Error("Cannot find package '@opentelemetry/api'");
}`;
const NOT_THERE = `
  import { register } from 'node:module';
  register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(HOOK)}`)});
`;

test('dcp-worker traces for a provider that --import registers; without one it looks for no package', async (t) => {
  const folder = temporaryDirectory(t);
  const preload = (name: string, source: string): string => {
    writeFileSync(path.join(folder, name), source);
    return `--import=${path.join(folder, name)}`;
  };
  const provider = preload('provider.mjs', PROVIDER);
  const notThere = preload('not-there.mjs', NOT_THERE);
  const directory = path.join(folder, 'scheduler');
  const workWith = async (imports: string[]): Promise<string> => {
    const job = createCompute({ scheduler: directory }).for(upTo(3), (n: number) => n);
    const results = job.exec();
    await new Promise((resolve) => job.once('accepted', resolve));
    const args = [
      '--scheduler',
      directory,
      '--no-gpu',
      '-c',
      '1',
      '--exit-when-idle',
      '--evaluator',
      'in-process',
    ];
    const { code, stderr } = await run(t, 'dcp-worker', args, { NODE_OPTIONS: imports.join(' ') });
    assert.equal(code, 0, stderr);
    assert.equal((await results).length, 3);
    return stderr;
  };
  assert.match(await workWith([provider]), /^spans:.* dcp\.task/m);
  assert.doesNotMatch(await workWith([notThere]), /traces|opentelemetry/i);
  assert.match(
    await workWith([notThere, provider]),
    /dcp-worker: no traces, though there is who takes them: Cannot find package '@opentelemetry\/api'/,
  );
});
