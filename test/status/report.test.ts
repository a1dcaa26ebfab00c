import assert from 'node:assert/strict';
import test from 'node:test';
import { printable } from '#src/model/index.js';
import { reportText, summaryText, type WorkerStatus } from '#src/status/index.js';
import { historyOf, idleBecause, sandboxOf, statusOf } from './support.js';

test('a report names the Sandboxes by state, each running Slice with Job, time and progress, and each Job', () => {
  const text = reportText(statusOf(), historyOf());
  assert.match(text, /^running, up 2 h 5 min · worker workshop-7f3a · 2026-03-01 12:05:30 UTC\n/);
  assert.match(text, /^Sandboxes {2}4 of 8 at work \(5 ready, 1 assigning\)$/m);
  assert.match(
    text,
    /^Slices {5}6 with Sandboxes, 128 queued, 14\u202f301 done \(12 failed\), 40 given back$/m,
  );
  assert.match(text, /^Rate {7}6\.40 Slices\/s, 870 ms each {2}[▁-█]{60}$/m);
  assert.match(text, /^ {2}1 +Mandelbrot, deep zoom +Slice 1301 +640 ms +██████░░░░ 62\u202f%$/m);
  assert.match(text, /^ {2}3 +Mandelbrot, deep zoom +Slice 1303 +95 ms$/m);
  assert.match(text, /^ {2}Protein folding, batch 12 +2 +2 +9 +61 +2 +21\.3 s$/m);
});

test('a report says why places are free and what helps', () => {
  const text = reportText(statusOf({ idle: idleBecause('NO_WORK'), sandboxes: [], jobs: [] }), historyOf(0));
  assert.match(
    text,
    /^Idle {7}3 places, NO_WORK: the Scheduler has nothing for this Worker\n {11}→ deploy a Job/m,
  );
  assert.doesNotMatch(text, /^Running|^Jobs/m);
});

test('a report says which profile is in force and what chose it, unless nothing is said of profiles', () => {
  const rowOf = (profile: WorkerStatus['profile']): string | undefined =>
    /^Profile.*$/m.exec(reportText(statusOf({ profile }), historyOf()))?.[0];
  assert.deepEqual(
    [
      rowOf({ name: null, chosenBy: 'configuration' }),
      rowOf({ name: 'idle', chosenBy: 'configuration' }),
      rowOf({ name: 'inUse', chosenBy: 'presence' }),
      rowOf({ name: 'inUse', chosenBy: 'command' }),
      rowOf({ name: null, chosenBy: 'command' }),
    ],
    [
      undefined,
      'Profile    idle, as the configuration says',
      'Profile    inUse, for who uses the machine',
      'Profile    inUse, as dcp-worker profile said',
      'Profile    none, as dcp-worker profile said',
    ],
  );
});

test('what owners of Jobs write moves no cursor', () => {
  assert.doesNotMatch(reportText(statusOf(), historyOf()), /[\u001b\u202e]/);
  assert.equal(printable('a\u001b[2Jb\nc\u2028d\u202ee\ud800'), 'a\ufffd[2Jb\ufffdc\ufffdd\ufffde\ufffd');
  assert.equal(printable('👩‍🚀'.repeat(2), 4), '👩‍🚀…');
  assert.equal(printable('abcdef', 6), 'abcdef');
});

test('a thousand Sandboxes are counted, not listed', () => {
  const sandboxes = Array.from({ length: 1000 }, (_, id) => sandboxOf({ id }));
  const text = reportText(statusOf({ sandboxes }), historyOf());
  assert.match(text, /… and 960 more/);
  assert.ok(text.split('\n').length < 70);
});

test('the summary is how a report begins', () => {
  assert.ok(reportText(statusOf(), historyOf()).startsWith(summaryText(statusOf(), historyOf())));
});
