import assert from 'node:assert/strict';
import test from 'node:test';
import type { LogRecord } from '#src/logging/index.js';
import { RECENT_RECORDS } from '#src/status/index.js';
import { boardOf, recordOf } from './support.js';

const MEGABYTE = 'x'.repeat(1 << 20);

test('the last records are kept, oldest first', (t) => {
  const board = boardOf(t);
  for (let n = 0; n < RECENT_RECORDS + 5; n++) board.write(recordOf(`record ${n}`));
  const texts = board.recentRecords().map(({ text }) => text);
  assert.deepEqual(
    texts,
    Array.from({ length: RECENT_RECORDS }, (_, n) => `record ${n + 5}`),
  );
});

test('a Job that says a lot takes no more than a bounded part of the memory, for who comes and who listens', (t) => {
  const board = boardOf(t);
  const heard: LogRecord[] = [];
  board.onRecord((record) => heard.push(record));
  for (let n = 0; n < 2 * RECENT_RECORDS; n++) {
    const fields = { message: MEGABYTE, changes: Array.from({ length: 1_000 }, () => MEGABYTE), slices: n };
    board.write(recordOf(MEGABYTE, { fields }));
  }
  const kept = board.recentRecords();
  assert.ok(kept.length > 0);
  assert.ok(JSON.stringify(kept).length < 300_000);
  const last = kept.at(-1)!;
  assert.equal(last.fields['slices'], 2 * RECENT_RECORDS - 1);
  assert.match(last.text, /^x{2000}… \(1046576 more characters\)$/);
  assert.deepEqual(heard.at(-1), last);

  // Short ones that follow have their place again.
  for (let n = 0; n < RECENT_RECORDS; n++) board.write(recordOf(`record ${n}`));
  assert.equal(board.recentRecords().length, RECENT_RECORDS);
});
