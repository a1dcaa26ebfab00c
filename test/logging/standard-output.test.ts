import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { openOutput } from '#src/logging/index.js';
import { record, temporaryDirectory, until } from './support/records.js';

const MODULE = new URL(import.meta.resolve('#src/logging/index.js')).href;
const TIMED = { kind: 'console', level: 'debug', lines: 'time' } as const;
const SAY = `
  import { openOutput } from ${JSON.stringify(MODULE)};
  const sink = openOutput({ kind: 'console', level: 'debug', lines: 'time' });
  const say = (text) => sink.write({ time: 0, level: 'info', type: 't', text, fields: {} });`;

function node(program: string, stdout: 'pipe' | number) {
  return spawnSync(process.execPath, ['--input-type=module', '-e', SAY + program], {
    stdio: ['ignore', stdout, 'pipe'],
    encoding: 'utf8',
    timeout: 20_000,
    maxBuffer: 64 << 20,
  });
}

/** A stream whose reader takes nothing until it is let. */
class SlowStream extends Writable {
  text = '';
  #waiting: (() => void) | null = null;
  #isOpen = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    if (this.#isOpen) done();
    else this.#waiting = done;
  }

  letThrough(): void {
    this.#isOpen = true;
    this.#waiting?.();
  }
}

test('a line has the time of day, or its level for journald; JSON has what programs read today', async () => {
  const stream = new SlowStream();
  stream.letThrough();
  for (const spec of [TIMED, { ...TIMED, lines: 'priority' }, { kind: 'json', level: 'debug' }] as const) {
    const sink = openOutput(spec, { stdout: stream });
    sink.write(record({ level: 'notice' }));
    await sink.close(1_000);
  }
  const time = new Date(record().time).toTimeString().slice(0, 8);
  assert.equal(
    stream.text,
    `${time} job j1: 3 Slices done\n<5>job j1: 3 Slices done\n` +
      '{"time":"2026-11-29T08:04:54.123Z","level":"notice","type":"results","job":"j1","slices":3}\n',
  );
});

test('a reader that does not read costs records, not memory, and is told how many', async () => {
  const stream = new SlowStream();
  const sink = openOutput(TIMED, { stdout: stream });
  for (let i = 0; i < 10_000; i++) sink.write(record({ text: `${i} ${'x'.repeat(1_000)}` }));
  assert.ok(stream.writableLength < (1 << 20) + 2_000, `${stream.writableLength} bytes wait`);
  assert.ok(sink.dropped > 8_000 && sink.dropped < 10_000);
  const start = performance.now();
  await sink.close(20);
  assert.ok(performance.now() - start < 1_000, 'close() keeps to its time');

  const second = openOutput(TIMED, { stdout: stream });
  second.write(record({ text: 'not taken' }));
  stream.letThrough();
  await until('it is said', () => stream.text.includes('1 record left out: the reader of this output'));
  second.write(record({ text: 'taken' }));
  await second.close(1_000);
  assert.match(stream.text, / taken\n$/);
  assert.equal(second.dropped, 1);
});

test('a stream that fails is written to no more, and takes nobody with it', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('broken')) });
  const sink = openOutput(TIMED, { stdout: stream });
  sink.write(record());
  await new Promise((resolve) => setImmediate(resolve));
  sink.write(record());
  await sink.close(1_000);
  assert.equal(sink.dropped, 1);
});

test('in a file, or a pipe, lines are in order with what else is printed, also when the program exits', (t) => {
  const program = `
    for (let i = 0; i < 1000; i++) { say('record ' + i); process.stdout.write('print ' + i + '\\n'); }
    process.exit(3);`;
  const file = path.join(temporaryDirectory(t), 'out');
  const fd = openSync(file, 'w');
  assert.equal(node(program, fd).status, 3);
  closeSync(fd);
  const lines = readFileSync(file, 'utf8').split('\n');
  assert.equal(lines.length, 2_001);
  for (const [i, line] of lines.slice(0, -1).entries())
    assert.match(
      line,
      i % 2 === 0 ? new RegExp(`^\\S+ record ${i / 2}$`) : new RegExp(`^print ${(i - 1) / 2}$`),
    );
});

test('a full disk behind standard output does not end the program', () => {
  const fd = openSync('/dev/full', 'w');
  const { status, stderr } = node(
    `for (let i = 0; i < 10; i++) say('x'); await sink.close(10); process.stderr.write(String(sink.dropped));`,
    fd,
  );
  closeSync(fd);
  assert.deepEqual([status, stderr], [0, '10']);
});

test('a pipe that nobody reads holds a megabyte, and the program ends in time', async (t) => {
  const program = `${SAY}
    for (let i = 0; i < 20_000; i++) say('x'.repeat(1_000));
    const waiting = process.stdout.writableLength;
    await sink.close(100);
    process.stderr.write(JSON.stringify({ waiting, dropped: sink.dropped }), () => process.exit());`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (data) => (said += String(data)));
  await new Promise((resolve) => child.once('exit', resolve));
  const { waiting, dropped } = JSON.parse(said) as { waiting: number; dropped: number };
  assert.ok(waiting <= (1 << 20) + 2_000 && waiting > 0, `${waiting} bytes wait`);
  assert.ok(dropped > 15_000);
});
