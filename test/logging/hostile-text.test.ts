/** What a Job may try by its name, or by what it prints, in every form that records are given. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { StderrLog } from '#src/evaluator/index.js';
import { journalEntry } from '#src/logging/formats/journal-entry.js';
import { fileLine, jsonLine, priorityLine, timedLine } from '#src/logging/formats/lines.js';
import { localMessage, rfc5424 } from '#src/logging/formats/syslog-message.js';
import { logEvent } from '#src/logging/channels/event-log.js';
import { cutBytes } from '#src/logging/cut-bytes.js';
import { oneLine } from '#src/model/index.js';
import { HOSTILE, OBEYED, record } from './support/records.js';

const ORIGIN = { facility: 23, hostname: 'host', program: 'dcp-worker', processId: 7, mostBytes: 2_048 };
const hostile = record({
  type: HOSTILE,
  text: HOSTILE,
  fields: { name: HOSTILE, list: [HOSTILE], [HOSTILE]: 1 },
});
const long = record({ text: '€'.repeat(1 << 20), fields: { name: '"'.repeat(1 << 20), more: 'kept' } });

test('a line stays one line, and nothing in it is obeyed', () => {
  for (const format of [timedLine, priorityLine, fileLine, jsonLine]) {
    const line = format(hostile);
    assert.ok(line.endsWith('\n'));
    assert.doesNotMatch(line.slice(0, -1), OBEYED, format.name);
  }
  assert.match(
    timedLine(hostile),
    /^\d\d:\d\d:\d\d a\\nFeb  1 00:00:00 host .*\\r\\n\\x1b\[2J\\x1b\]0;title\\x07\\x9b31m\\u2028\\u202eback/,
  );
});

test('a JSON line says what it was given, all of it', () => {
  assert.deepEqual(JSON.parse(jsonLine(hostile)), {
    time: '2026-11-29T08:04:54.123Z',
    level: 'info',
    type: HOSTILE,
    name: HOSTILE,
    list: [HOSTILE],
    [HOSTILE]: 1,
  });
});

test('a message of syslog has its header, its data and its text where they belong', () => {
  const message = rfc5424(hostile, ORIGIN).toString();
  assert.doesNotMatch(message, OBEYED);
  const [, id, parameters, text] =
    /^<190>1 \S+ host dcp-worker 7 (\S{1,32}) \[dcp@32473((?: [^ ="\]]{1,32}="(?:[^"\\\]]|\\["\\\]])*")+)\] (.*)$/.exec(
      message,
    )!;
  assert.match(id!, /^a_Feb__1/);
  assert.match(parameters!, / name="a\\\\nFeb .*back\\"\\\]\\\\\\\\x00<0>" list="a.* a_Feb__1[!-~]*="1"$/);
  assert.equal(text, oneLine(HOSTILE, 1_000));
  assert.match(
    localMessage(hostile, ORIGIN).toString(),
    /^<190>Nov 29 \d\d:04:54 dcp-worker\[7\]: a\\nFeb [^\n]*$/,
  );
});

test('a megabyte is cut to what each output takes, and says so', () => {
  assert.match(timedLine(long), /^\S+ €{8000}… \(1040576 more characters\)\n$/);
  assert.match(fileLine(long), /^\S+ info €{8000}… \(1040576 more characters\)\n$/);
  const json = JSON.parse(jsonLine(record({ fields: { name: 'x'.repeat((1 << 20) + 1) } }))) as {
    name: string;
  };
  assert.match(json.name, /^x{1000}[^]*… \(1 more characters\)$/);
  for (const mostBytes of [2_048, 8_192]) {
    const message = rfc5424(long, { ...ORIGIN, mostBytes });
    assert.ok(message.length <= mostBytes && message.length > mostBytes - 4, `${message.length} bytes`);
    assert.match(message.toString(), / name="(\\")+…" more="kept"\] €+…$/, 'no character is cut in two');
    assert.ok(localMessage(long, { ...ORIGIN, mostBytes }).length <= mostBytes);
  }
  assert.ok(logEvent(long).text.length < 5_000);
});

test('fields that do not fit are left out one by one', () => {
  const fields = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`field${i}`, 'v'.repeat(90)]));
  const message = rfc5424(record({ fields, text: 'the text' }), ORIGIN);
  assert.match(message.toString(), /\[dcp@32473 field0="v{90}".* field8="v{90}"\] the text$/);
});

test('an entry of the journal keeps lines, with their length, and obeys nothing else', () => {
  const entry = journalEntry(hostile, 'dcp-worker');
  const kept = HOSTILE.split('\n')
    .map((line) => oneLine(line, 1_000))
    .join('\n');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(kept)));
  const message = Buffer.concat([Buffer.from('MESSAGE\n'), length, Buffer.from(`${kept}\nPRIORITY=6\n`)]);
  assert.deepEqual(entry.subarray(0, message.length), message);
  assert.match(entry.toString('latin1'), /\nDCP_A_FEB__1_[A-Z0-9_]*=1\n$/);
});

test('text is cut between characters, to the byte', () => {
  assert.equal(cutBytes('abcdef', 6), 'abcdef');
  assert.equal(cutBytes('abcdefg', 6), 'abc…');
  assert.equal(cutBytes('ab€€', 7), 'ab…', 'half a character does not fit');
  assert.equal(cutBytes('😀😀', 7), '😀…');
  assert.equal(cutBytes('abc', 2), '');
  assert.equal(oneLine('ab😀', 3), 'ab… (2 more characters)');
  assert.equal(oneLine('a\ud800', 9), 'a\ud800', 'half a pair is no reason to fail');
});

test('nothing is obeyed of what an evaluator process prints, nor of its last word', async () => {
  const stderr = new PassThrough();
  const lines: string[] = [];
  const log = new StderrLog(stderr, (line) => lines.push(line));
  stderr.end(`${HOSTILE}\nTypeError: \x1b[2Jno\n`);
  await once(stderr, 'end');
  for (const line of lines) assert.doesNotMatch(line, OBEYED);
  assert.deepEqual([lines.at(-1), log.fatal], Array(2).fill('TypeError: \\x1b[2Jno'));
});
