/** Windows' own log, as far as it can be seen elsewhere: what its tool is told. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EventLog, logEvent, type LogEvent } from '#src/logging/channels/event-log.js';
import { QueuedSink } from '#src/logging/queued-sink.js';
import { HOSTILE, OBEYED, record, temporaryDirectory, until } from './support/records.js';

/** An output that runs this program, and what it says of its troubles. */
function sinkOf(tool: string): { sink: QueuedSink<LogEvent>; heard: (Error | null)[] } {
  const heard: (Error | null)[] = [];
  const sink = new QueuedSink<LogEvent>({
    channel: new EventLog('dcp-worker', tool),
    encode: logEvent,
    bytesOf: ({ text }) => text.length,
    onTrouble: (error) => heard.push(error),
    backOffMs: [5, 10],
  });
  return { sink, heard };
}

test('a process for each record, one after another, with arguments that no shell reads', async (t) => {
  const directory = temporaryDirectory(t);
  const tool = path.join(directory, 'tool');
  const told = path.join(directory, 'told');
  writeFileSync(tool, `#!/bin/sh\nfor word; do printf '%s\\n' "$word" >> '${told}'; done\n`);
  chmodSync(tool, 0o755);
  const { sink, heard } = sinkOf(tool);
  sink.write(record({ level: 'error', text: 'one "two" & three' }));
  sink.write(record({ level: 'debug', text: HOSTILE.replaceAll('\0', '') }));
  await sink.close(10_000);
  const words = readFileSync(told, 'utf8').split('\n');
  assert.deepEqual(words.slice(0, 10), [
    ...['/L', 'APPLICATION', '/SO', 'dcp-worker', '/T', 'ERROR', '/ID', '3', '/D', 'one "two" & three'],
  ]);
  assert.deepEqual(words.slice(14, 18), ['/T', 'INFORMATION', '/ID', '7']);
  assert.equal(words.length, 21, 'a text is one line');
  assert.doesNotMatch(words.join(''), OBEYED);
  assert.deepEqual(heard, []);
});

test('a tool that fails is tried again', async (t) => {
  const directory = temporaryDirectory(t);
  const tool = path.join(directory, 'tool');
  const { sink, heard } = sinkOf(tool);
  sink.write(record());
  await until('it is heard', () => heard.length > 0);
  assert.match(String(heard[0]), /ENOENT/);
  writeFileSync(`${tool}.new`, `#!/bin/sh\ntouch '${directory}/done'\n`, { mode: 0o755 });
  renameSync(`${tool}.new`, tool);
  await until('it worked', () => existsSync(path.join(directory, 'done')) && heard.length === 2);
  assert.equal(heard[1], null);
  await sink.close(1_000);
  assert.equal(sink.dropped, 0);
});
