/** What is where at which size, without a terminal. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { layOut, type Frame, type Size } from '#src/dashboard/layout/frame.js';
import { widthOf, type Line } from '#src/dashboard/layout/styled-text.js';
import { themeFor, type Style } from '#src/dashboard/layout/theme.js';
import { FIRST_VIEW, type View } from '#src/dashboard/view.js';
import { ScriptedWorker, type ScriptedOptions } from './support.js';

const UTF8 = themeFor(8, true);
const textOf = (line: Line): string => line.map(({ text }) => text).join('');

interface Shown extends Frame {
  readonly rows: readonly string[];
  /** The only row that matches. */
  row(pattern: RegExp): string;
  has(pattern: RegExp): boolean;
  /** The style of the span that matches. */
  styleOf(pattern: RegExp): Style | undefined;
}

/** Lays out what a Worker shows, and checks what holds at any size: as many rows, each as wide as the terminal. */
function show(worker: ScriptedWorker, size: Size, view: Partial<View> = {}, theme = UTF8): Shown {
  const frame = layOut({
    status: worker.status(),
    history: worker.history(),
    records: worker.recentRecords(),
    view: { ...FIRST_VIEW, ...view },
    size,
    theme,
  });
  const rows = frame.lines.map(textOf);
  assert.equal(rows.length, size.rows);
  for (const row of rows) assert.equal(widthOf(row, theme), size.columns, row);
  return {
    ...frame,
    rows,
    row(pattern) {
      const found = rows.filter((row) => pattern.test(row));
      assert.equal(found.length, 1, `${pattern} in\n${rows.join('\n')}`);
      return found[0]!;
    },
    has: (pattern) => rows.some((row) => pattern.test(row)),
    styleOf: (pattern) => frame.lines.flat().find(({ text }) => pattern.test(text))?.style,
  };
}

function workerAfter(seconds: number, options: ScriptedOptions = {}): ScriptedWorker {
  const worker = new ScriptedWorker(options);
  worker.tick(seconds);
  return worker;
}

test('80x24 has the Worker, curves, Sandboxes, queue, log and keys', () => {
  const worker = workerAfter(60);
  worker.say('job 7 "Squares"');
  const { rows, row } = show(worker, { columns: 80, rows: 24 });
  assert.match(
    rows[0]!,
    /^ dcp-worker running {2}up 1 min 0 s {2}3f2a9c1e77 .* 2 642 done {2}1 failed {2}11\.0\/s $/,
  );
  assert.match(rows[1]!, /^ 8 places {2}Scheduler \/var\/lib.* 24 ms a Slice {2}own use 2 %, 80\.0 MiB $/);
  assert.match(row(/^ Slices\/s/), /[▁▂▃▄▅▆▇█]{10} 11\.0, most \d\d\.\d/);
  assert.match(row(/^ CPU/), /█+.* 16 % of 4 cores/);
  assert.match(row(/Sandboxes/), /^─ Sandboxes 3 of 8 places at work ─+$/);
  assert.match(row(/^ +id/), /id Job +Slice +progress +time +done/);
  assert.match(row(/^ +1 Squares/), /^ +1 Squares +1060 {2}██████░░░░ {2}60 % +400 ms +420$/);
  assert.match(row(/^ +2 /), /Protein folding/);
  assert.match(row(/^ +3 /), /分散計算のテスト +1062 {2}runs +3\.0 s/);
  assert.match(row(/^ +4 /), /Squares +— {2}waits for Slices +— /);
  assert.match(row(/^▸ Log/), /^▸ Log ─+$/);
  assert.match(row(/12:01:00/), /^ 12:01:00 job 7 "Squares" +$/);
  assert.match(row(/^ Queue/), /^ Queue 240 Slices of 3 Jobs {2}results to submit 1\.5 MiB +earnings — $/);
  assert.match(rows[23]!, /^ q quit {2}p pause {2}d drain {2}r reload {2}Tab pane {2}l log {2}\? help/);
});

test('a GPU gets a curve, a name, and a mark at the Sandboxes that use it', () => {
  const { rows, row } = show(workerAfter(5, { gpu: true }), { columns: 80, rows: 24 });
  assert.match(rows[1]!, /GPU Test GPU 9000/);
  assert.match(row(/^ GPU/), /[▁▂▃▄▅] 25 %/);
  assert.match(row(/^ +1 Squares/), /^ +1 Squares +GPU +1005/);
  assert.doesNotMatch(row(/^ +2 /), /GPU/);
  assert.equal(show(workerAfter(5), { columns: 80, rows: 24 }).has(/GPU/), false);
});

test('an idle Worker says why, and what can be done about it', () => {
  const worker = workerAfter(5, { sandboxes: 0 });
  worker.idle = 'NO_WORK';
  const { row, styleOf } = show(worker, { columns: 80, rows: 24 });
  row(/^ no Sandbox has a Job/);
  row(/^ Idle: 3 places for 1 min 5 s, the Scheduler has nothing for this Worker/);
  row(/^ {7}deploy a Job; dcp-worker doctor says what Jobs there are and why they +$/);
  row(/^ {7}are not for this Worker +$/);
  assert.equal(styleOf(/Idle/), 'warning');
});

test('what fails is red: the count, and the time in which it failed', () => {
  const { lines } = show(workerAfter(100), { columns: 80, rows: 24 });
  assert.equal(lines[0]!.find(({ text }) => text.includes('failed'))?.style, 'bad');
  const curve = lines.find((line) => textOf(line).startsWith(' Slices/s'))!;
  assert.equal(curve.filter(({ style }) => style === 'bad').length, 2);
  const none = show(workerAfter(10), { columns: 80, rows: 24 });
  assert.equal(none.lines[0]!.find(({ text }) => text.includes('failed'))?.style, 'plain');
});

test('a curve keeps its shape while it moves: the same time is in the same columns', () => {
  const curveOf = (seconds: number): string =>
    show(workerAfter(seconds), { columns: 80, rows: 24 }).row(/^ CPU/).slice(10, 60);
  // 50 columns of six seconds each.
  const [before, after] = [curveOf(359), curveOf(365)];
  assert.equal(after.slice(1, 48), before.slice(2, 49));
  assert.equal(curveOf(1).trim().length, 1);
});

test('more Sandboxes than fit: the rest is counted, and comes when the pane is scrolled', () => {
  const worker = workerAfter(1, { sandboxes: 40 });
  const size = { columns: 80, rows: 24 };
  const first = show(worker, size);
  assert.match(first.row(/and \d+ more/), /^ and 31 more/);
  assert.equal(first.extents.furthest.sandboxes, 31);
  assert.equal(first.extents.page.sandboxes, 9);
  const middle = show(worker, size, { scrolled: { sandboxes: 10, log: 0 } });
  middle.row(/^ and 10 above, 21 below/);
  middle.row(/^ +11 Protein/);
  const last = show(worker, size, { scrolled: { sandboxes: 1000, log: 0 } });
  last.row(/^ and 31 above +$/);
  last.row(/^ +40 /);
});

test('the log shows its end; scrolled back it says how much is below; long records are broken', () => {
  const worker = workerAfter(1);
  for (let i = 1; i <= 30; i++) worker.say(`record ${i}`);
  worker.say(`an error with much to say: ${'and more '.repeat(60)}`, 'error');
  const size = { columns: 80, rows: 24 };
  const end = show(worker, size);
  assert.equal(end.rows.filter((row) => row.includes('and more')).length, 4);
  assert.match(
    end.rows.findLast((row) => row.includes('and more'))!,
    /^ {10}\S.*… $/,
  );
  assert.equal(end.styleOf(/an error/), 'bad');
  end.row(/record 30/);
  const back = show(worker, size, { scrolled: { sandboxes: 0, log: 11 } });
  back.row(/^▸ Log 11 newer below ─/);
  back.row(/record 20 /);
  assert.equal(back.has(/record 21/), false);
  assert.equal(back.extents.furthest.log, 30);
});

test('the log is made large, and Tab moves the mark', () => {
  const worker = workerAfter(1, { sandboxes: 12 });
  const size = { columns: 80, rows: 24 };
  const titleAt = (shown: Shown): number => shown.rows.findIndex((row) => row.includes(' Log '));
  const [normal, large] = [show(worker, size), show(worker, size, { logIsLarge: true })];
  assert.ok(titleAt(large) < titleAt(normal) - 4);
  large.row(/^ and 11 more/);
  show(worker, size, { focus: 'sandboxes' }).row(/^▸ Sandboxes/);
});

test('from 120 columns the panes are side by side', () => {
  const worker = workerAfter(30, { sandboxes: 12, gpu: true });
  worker.say('to the right');
  const size = { columns: 120, rows: 40 };
  const { row } = show(worker, size);
  row(/^─ Sandboxes .*─│▸ Log ─+$/);
  assert.match(row(/^ +12 /), /waits for Slices.*│ +$/);
  assert.ok(row(/to the right/).indexOf('│ 12:00:30 to the right') > 40);
  assert.match(row(/^ Slices\/s/), /[▁▂▃▄▅▆▇█]{8}/);
  const large = show(worker, size, { logIsLarge: true });
  assert.ok(large.row(/ Log /).indexOf('│') < 30);
  assert.match(show(worker, { columns: 119, rows: 40 }).row(/ Log /), /^▸ Log/);
});

test('40x10 has a line of each', () => {
  const worker = workerAfter(5);
  worker.idle = 'PAUSED';
  worker.say('told');
  const { rows, row } = show(worker, { columns: 40, rows: 10 });
  assert.match(rows[0]!, /^ dcp-worker running {2}up 5\.0 s .* 52\.0\/s $/);
  row(/^─ Sandboxes 3 of 8 places/);
  row(/^ +1 Squares +1005 +400 ms$/);
  row(/^ and 2 more/);
  row(/told/);
  row(/^ Queue 240 Slices of 3 Jobs {2}earnings — $/);
  row(/^ Idle: 3 places for 1 min 5 s/);
  assert.match(rows[9]!, /q quit {2}p pause {2}d drain {2}.*\? help/);
});

test('below 40x10 one line says so', () => {
  for (const size of [
    { columns: 39, rows: 24 },
    { columns: 80, rows: 9 },
  ]) {
    const { rows } = show(workerAfter(5), size);
    assert.match(rows[0]!, new RegExp(`^${size.columns}x${size.rows} is too small, 40x10 is needed`));
    assert.deepEqual(new Set(rows.slice(1).map((row) => row.trim())), new Set(['']));
  }
});

test('absurd sizes have what fits', () => {
  const worker = workerAfter(400, { sandboxes: 500, gpu: true });
  for (let i = 0; i < 300; i++) worker.say(`record ${i}`);
  for (const columns of [0, 1, 2, 7, 40, 41, 63, 119, 120, 500, 2000]) {
    for (const rows of [0, 1, 2, 9, 10, 11, 13, 14, 19, 20, 21, 300]) {
      for (const view of [{}, { help: 0 }, { logIsLarge: true }, { question: 'stop' as const }])
        show(worker, { columns, rows }, view);
    }
  }
  show(worker, { columns: 500, rows: 600 }).row(/^ +500 /);
});

test('the help names the keys, and scrolls where it does not fit', () => {
  const worker = workerAfter(5);
  const whole = show(worker, { columns: 80, rows: 30 }, { help: 0 });
  whole.row(/^ q +stop when the Slices that run have ended/);
  whole.row(/^ Ctrl-Z +suspend; fg comes back/);
  whole.row(/^ Earnings: an embedded Scheduler pays nobody\./);
  assert.equal(whole.extents.helpFurthest, 0);
  const small = show(worker, { columns: 40, rows: 10 }, { help: 0 });
  assert.equal(small.has(/Earnings/), false);
  show(worker, { columns: 40, rows: 10 }, { help: small.extents.helpFurthest }).row(
    /an embedded Scheduler pays/,
  );
});

test('questions and notices stand in the footer', () => {
  const worker = workerAfter(5);
  const footer = (view: Partial<View>): string =>
    show(worker, { columns: 80, rows: 24 }, view).rows[23]!.trim();
  assert.equal(footer({ question: 'stop' }), 'Press q again to stop when the running Slices have ended');
  assert.equal(footer({ question: 'stop', stops: 1 }), 'Press q again to end the running Slices at once');
  assert.equal(footer({ question: 'stop', stops: 2 }), 'Press q again to exit at once');
  assert.equal(footer({ question: 'drain' }), 'Press d again to finish what is held and then stop');
  assert.equal(footer({ notice: 'cores is 4 now' }), 'cores is 4 now');
  worker.state = 'paused';
  assert.match(footer({}), /p resume/);
});

test('names and records cannot leave their place, whatever is in them', () => {
  const hostile = '\x1b[2J\x1b]0;x\x07\r\n\x9b31m👩‍💻e\u0301\u0302\u0303\u202e"한국어';
  const worker = workerAfter(5, { jobName: hostile });
  worker.say(hostile.repeat(50));
  for (const columns of [40, 80, 120, 200]) {
    const { rows } = show(worker, { columns, rows: 24 });
    for (const row of rows) assert.doesNotMatch(row, /[\x00-\x1f\x7f-\x9f\u200d\u202e]/);
  }
});

test('without Unicode everything is ASCII', () => {
  const worker = workerAfter(60, { gpu: true, sandboxes: 40 });
  worker.say('Größe');
  for (const columns of [40, 80, 160]) {
    const { rows } = show(worker, { columns, rows: 30 }, {}, themeFor(8, false));
    for (const row of rows) assert.match(row, /^[\x20-\x7e]*$/);
  }
});
