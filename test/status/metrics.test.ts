import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { IDLE_REASONS, metricsText, type WorkerStatus } from '#src/status/index.js';
import { MAX_JOBS } from '#src/status/metrics.js';
import { promtool } from './browser.js';
import { HOSTILE_NAME, idleBecause, jobOf, statusOf } from './support.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/MONITORING.md', import.meta.url));

const GATE: WorkerStatus['gates'][number] = {
  target: 0,
  adapter: 'Test GPU 9000',
  action: 'freeze',
  reasons: [{ monitor: 'program', code: 'PROGRAM_RUNNING', text: 'blender runs (process 12)' }],
  since: 1_700_000_000_000,
  endsAt: 1_700_000_060_000,
};

interface Parsed {
  readonly type: string;
  readonly help: string;
  readonly values: Map<string, number>;
}

/** Reads the format as its specification has it, and nothing else. Values are by their labels as JSON. */
function parse(text: string): Map<string, Parsed> {
  assert.ok(text.endsWith('\n'));
  const metrics = new Map<string, Parsed>();
  let present: [string, Parsed] | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-z_]+) (.+)$/.exec(line);
    const type = /^# TYPE ([a-z_]+) (counter|gauge)$/.exec(line);
    if (help !== null) {
      assert.ok(!metrics.has(help[1]!), `${help[1]} twice`);
      present = [help[1]!, { type: '', help: help[2]!, values: new Map() }];
    } else if (type !== null) {
      assert.equal(present?.[0], type[1]);
      metrics.set(type[1]!, { ...present![1], type: type[2]! });
    } else {
      const [, name, labels = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(line);
      assert.equal(name, present?.[0]);
      const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/g)];
      assert.equal(pairs.map(([whole]) => whole).join(''), labels, line);
      const key = JSON.stringify(
        Object.fromEntries(pairs.map(([, label, text]) => [label, unescape(text!)])),
      );
      const { values } = metrics.get(name!)!;
      assert.ok(!values.has(key), `${line} twice`);
      assert.ok(Number.isFinite(Number(value)), line);
      values.set(key, Number(value));
    }
  }
  return metrics;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function valueOf(metrics: Map<string, Parsed>, name: string, labels: object = {}): number | undefined {
  return metrics.get(`dcp_worker_${name}`)?.values.get(JSON.stringify(labels));
}

test('metrics say what the status says, in seconds, bytes and parts', () => {
  const metrics = parse(metricsText(statusOf({ idle: idleBecause('NO_WORK') })));
  assert.equal(valueOf(metrics, 'slices_total', { outcome: 'completed' }), 14_289);
  assert.equal(valueOf(metrics, 'slices_total', { outcome: 'failed' }), 12);
  assert.equal(valueOf(metrics, 'slice_cpu_seconds_total'), 11_900);
  assert.equal(valueOf(metrics, 'slice_webgpu_seconds_total'), 640);
  assert.equal(valueOf(metrics, 'fetch_requests_total', { outcome: 'failed' }), 4);
  assert.equal(valueOf(metrics, 'fetch_bytes_total', { direction: 'in' }), 7_000_000);
  assert.equal(valueOf(metrics, 'slices_queued'), 128);
  assert.equal(valueOf(metrics, 'unsubmitted_bytes'), 3_400_000);
  assert.equal(valueOf(metrics, 'sandboxes', { state: 'ready' }), 5);
  assert.equal(valueOf(metrics, 'sandboxes', { state: 'assigning' }), 1);
  assert.equal(valueOf(metrics, 'state', { state: 'running' }), 1);
  assert.equal(valueOf(metrics, 'state', { state: 'paused' }), 0);
  assert.equal(valueOf(metrics, 'idle_places', { reason: 'NO_WORK' }), 3);
  assert.equal(valueOf(metrics, 'core_use_ratio', { core: '2' }), 0.71);
  assert.equal(valueOf(metrics, 'gpu_use_ratio'), 0.74);
  assert.equal(valueOf(metrics, 'process_resident_bytes'), 96 * 2 ** 20);
  assert.equal(valueOf(metrics, 'log_records_dropped_total'), 3);
  assert.equal(metrics.get('dcp_worker_idle_places')!.values.size, Object.keys(IDLE_REASONS).length);
});

test('whatever state a Worker is in, one of the states is 1', () => {
  const states: readonly WorkerStatus['state'][] = [
    'starting',
    'created',
    'running',
    'paused',
    'finishing',
    'stopping',
    'stopped',
  ];
  for (const state of states) {
    const { values } = parse(metricsText(statusOf({ state }))).get('dcp_worker_state')!;
    assert.deepEqual(
      [...values].filter(([, value]) => value === 1),
      [[JSON.stringify({ state }), 1]],
    );
  }
});

test('names of Jobs cannot end a label, a line or a terminal’s patience', () => {
  const text = metricsText(statusOf());
  assert.doesNotMatch(text, /[\u001b\u202e]/);
  const { values } = parse(text).get('dcp_worker_job_slices_queued')!;
  const name = HOSTILE_NAME.replace(/[\u001b\n\u202e]/g, '\ufffd');
  assert.equal(values.get(JSON.stringify({ job: 'j3', name })), 1);
});

test('Jobs that are gone have no lines, and however many there are, some have', () => {
  assert.equal(parse(metricsText(statusOf({ jobs: [] }))).has('dcp_worker_job_sandboxes'), false);
  const jobs = Array.from({ length: 5000 }, (_, index) =>
    jobOf({ id: `j${index}`, name: 'x'.repeat(5000), queued: index }),
  );
  const { values } = parse(metricsText(statusOf({ jobs }))).get('dcp_worker_job_slices_queued')!;
  assert.equal(values.size, MAX_JOBS);
  assert.equal(Math.min(...values.values()), 5000 - MAX_JOBS);
  assert.equal(valueOf(parse(metricsText(statusOf({ jobs }))), 'slices_queued'), (5000 * 4999) / 2);
});

test('what is not known has no line: a Slice time before the first Slice, a GPU where there is none', () => {
  const usage = { ...statusOf().usage, gpu: null };
  const metrics = parse(metricsText(statusOf({ usage })));
  assert.equal(metrics.has('dcp_worker_gpu_use_ratio'), false);
  assert.equal(metrics.get('dcp_worker_job_slice_seconds')!.values.size, 2);
});

test(
  'promtool finds nothing to complain of',
  { skip: promtool === null && 'there is no promtool; "npm run chromium" fetches one' },
  () => {
    const checked = spawnSync(promtool!, ['check', 'metrics'], {
      input: metricsText(statusOf()),
      encoding: 'utf8',
    });
    assert.deepEqual([checked.status, checked.stdout, checked.stderr], [0, '', '']);
  },
);

test('what may not run has a line for each target, and for each reason', () => {
  const [blender] = GATE.reasons;
  const reasons = [blender!, { ...blender!, text: 'render runs (process 13)' }];
  const metrics = parse(metricsText(statusOf({ gates: [{ ...GATE, reasons }] })));
  assert.equal(valueOf(metrics, 'gated', { target: '0', action: 'freeze' }), 1);
  const reason = { target: '0', monitor: 'program', code: 'PROGRAM_RUNNING' };
  assert.equal(valueOf(metrics, 'gate_reason', reason), 1);
});

test('docs/MONITORING.md lists every metric with its type, and every reason with its remedy', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  const documented = [...text.matchAll(/^\| `(dcp_worker_\w+)` +\| (counter|gauge) /gm)].map(
    ([, name, type]) => [name, type],
  );
  const metrics = parse(metricsText(statusOf({ gates: [GATE] })));
  assert.deepEqual(documented.sort(), [...metrics].map(([name, { type }]) => [name, type]).sort());
  const reasons = [...text.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\| (.+?) +\|$/gm)].map(
    ([, code, means, remedy]) => [code, means, remedy],
  );
  for (const [code, { text: means, remedy }] of Object.entries(IDLE_REASONS))
    assert.ok(
      reasons.some((row) => row[0] === code && row[1] === means && row[2] === remedy),
      `${code}: ${means}: ${remedy}`,
    );
});
