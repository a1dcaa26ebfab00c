/** What displays say of work that may not run because the machine is needed. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { furtherGates, gateText, reportText, type WorkerStatus } from '#src/status/index.js';
import { IdleWatch } from '#src/status/idle-watch.js';
import type { SupervisorStatus } from '#src/supervisor/index.js';
import { historyOf, idleBecause, statusOf } from './support.js';

type Gate = WorkerStatus['gates'][number];

const NOW = 1_700_000_010_000;
const PROGRAM = { monitor: 'program', code: 'PROGRAM_RUNNING', text: 'blender runs (process 12)' };

const gate = (fields: Partial<Gate> = {}): Gate => ({
  target: 'cpu',
  adapter: null,
  action: 'freeze',
  reasons: [PROGRAM],
  since: NOW - 10_000,
  endsAt: NOW + 50_000,
  ...fields,
});

test('a sentence names what, what is done, for how long, until when and why', () => {
  assert.equal(
    gateText(gate(), NOW),
    'CPU: frozen for 10.0 s, stopped in 50.0 s: PROGRAM_RUNNING, blender runs (process 12)',
  );
  const gpu = gate({ target: 1, adapter: 'Test GPU\u001b[2J', action: 'kill', reasons: [], endsAt: null });
  const text = gateText(gpu, NOW);
  assert.match(text, /^GPU 1 \(Test GPU.*\): stopped for 10.0 s$/);
  assert.doesNotMatch(text, /\u001b/);
});

/** A Supervisor that runs, with a free place and nothing to do. */
const supervisor = (gates: readonly Gate[]): SupervisorStatus =>
  ({
    state: 'running',
    jobs: [],
    holdsBack: false,
    evaluatorFails: false,
    jobsSetAside: 0,
    gates,
  }) as unknown as SupervisorStatus;

test('free places have the reason that says what is done with the work', () => {
  const codes = (['hold', 'freeze', 'kill'] as const).map(
    (action) => new IdleWatch().look(supervisor([gate({ action })]), 2, 0)?.code,
  );
  assert.deepEqual(codes, ['HELD', 'FROZEN', 'GATED']);
  const idle = new IdleWatch().look(supervisor([gate()]), 2, 0)!;
  assert.match(idle.text, /stands still: PROGRAM_RUNNING, blender runs \(process 12\)$/);
  // Work for it may be all that there is.
  const noWork = new IdleWatch().look(supervisor([gate({ target: 0, adapter: 'Test GPU' })]), 2, 0)!;
  assert.equal(noWork.code, 'NO_WORK');
  assert.match(noWork.text, /GPU 0 \(Test GPU\): frozen/);
  assert.equal(new IdleWatch().look(supervisor([gate()]), 2, 2), null);
});

test('a report says what the reason for free places does not say already', () => {
  const gpu = gate({ target: 0, adapter: 'Test GPU', action: 'kill', endsAt: null });
  const gates = [gate(), gpu];
  assert.deepEqual(furtherGates(gates, idleBecause('FROZEN')), [gpu]);
  assert.deepEqual(furtherGates(gates, null), gates);
  const text = reportText(statusOf({ time: NOW, gates }), historyOf());
  assert.match(text, /^Gated +CPU: frozen for 10.0 s/m);
  assert.match(text, /^Gated +GPU 0 \(Test GPU\): stopped for 10.0 s/m);
});
