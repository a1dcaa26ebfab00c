import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { openOutput, type LogSink, type OpenOptions } from '#src/logging/index.js';
import { numbered, record, temporaryDirectory, until, works } from './support/records.js';

const QUIET: OpenOptions = { onLoneTrouble: () => {}, backOffMs: [5, 20] };

function open(file: string, changes: { mostBytes?: number; keep?: number } = {}): LogSink {
  return openOutput({ kind: 'logfile', level: 'debug', file, mostBytes: 0, keep: 5, ...changes }, QUIET);
}

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const numbersOf = (file: string): number[] => linesOf(file).map((line) => Number(line.split(' ').at(-1)));

test('each record is a line with its time and level, in a file for its owner and group, in folders made for it', async (t) => {
  const file = path.join(temporaryDirectory(t), 'a/b/worker.log');
  const umask = process.umask(0);
  const sink = open(file);
  process.umask(umask);
  sink.write(record());
  sink.write(record({ level: 'warning', text: 'two\nlines' }));
  await sink.close(1_000);
  assert.equal(
    readFileSync(file, 'utf8'),
    '2026-11-29T08:04:54.123Z info job j1: 3 Slices done\n2026-11-29T08:04:54.123Z warning two\\nlines\n',
  );
  assert.equal(statSync(file).mode & 0o777, 0o640);
  const again = open(file);
  again.write(record({ text: 'again' }));
  await again.close(1_000);
  assert.equal(linesOf(file).length, 3, 'what was there stays');
});

test('a file that has its size is put aside, and so many are kept', async (t) => {
  const directory = temporaryDirectory(t);
  const file = path.join(directory, 'log');
  writeFileSync(`${file}.4`, 'of somebody else\n');
  // Each record is 100 bytes; batches are 64 KiB at most, and a file of 100,000 bytes holds one.
  const sink = open(file, { mostBytes: 100_000, keep: 3 });
  for (const one of numbered(4_000, 'x'.repeat(65)).map((r) => ({ ...r, text: r.text.padEnd(70) })))
    sink.write(one);
  await sink.close(10_000);
  assert.deepEqual(readdirSync(directory).sort(), ['log', 'log.1', 'log.2', 'log.3', 'log.4']);
  assert.equal(readFileSync(`${file}.4`, 'utf8'), 'of somebody else\n');
  const kept = ['log.3', 'log.2', 'log.1', 'log'].map((name) => path.join(directory, name));
  for (const one of kept) assert.ok(statSync(one).size <= 100_000 && statSync(one).size > 0);
  const numbers = kept.flatMap((one) => linesOf(one).map((line) => Number(line.trimEnd().split(' ').at(-1))));
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, i) => 4_000 - numbers.length + i),
    'the last ones, in order, none missing between files',
  );
  assert.equal(sink.dropped, 0);
});

test('with none to be kept the file begins anew; a size of 0 never puts it aside', async (t) => {
  const directory = temporaryDirectory(t);
  const anew = open(path.join(directory, 'anew'), { mostBytes: 1_000, keep: 0 });
  const whole = open(path.join(directory, 'whole'));
  for (const one of numbered(1_000)) {
    anew.write(one);
    whole.write(one);
  }
  await Promise.all([anew.close(5_000), whole.close(5_000)]);
  assert.deepEqual(readdirSync(directory).sort(), ['anew', 'whole']);
  assert.equal(numbersOf(path.join(directory, 'anew')).at(-1), 999);
  assert.ok(numbersOf(path.join(directory, 'anew')).length < 1_000);
  assert.equal(linesOf(path.join(directory, 'whole')).length, 1_000);
});

test('two that write to one file put it aside once, and lose nothing', async (t) => {
  const file = path.join(temporaryDirectory(t), 'log');
  const sinks = [open(file, { mostBytes: 20_000, keep: 100 }), open(file, { mostBytes: 20_000, keep: 100 })];
  for (let round = 0; round < 50; round++) {
    for (const [i, sink] of sinks.entries())
      for (let k = 0; k < 20; k++) sink.write(record({ text: `of ${i}: ${round * 20 + k}` }));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(sinks.map((sink) => sink.close(5_000)));
  const aside = readdirSync(path.dirname(file)).filter((name) => name !== 'log');
  assert.ok(aside.length > 0);
  for (const name of aside) {
    const lines = linesOf(path.join(path.dirname(file), name));
    const ofFirst = lines.filter((line) => line.includes(' of 0: ')).length / lines.length;
    assert.ok(ofFirst > 0.25 && ofFirst < 0.75, `${name}: ${ofFirst} is of one; both go on in the same file`);
  }
  const texts = readdirSync(path.dirname(file)).flatMap((name) =>
    linesOf(path.join(path.dirname(file), name)),
  );
  const expected = [0, 1].flatMap((i) => Array.from({ length: 1_000 }, (_, k) => `of ${i}: ${k}`));
  assert.deepEqual(
    texts.map((line) => line.slice('2026-11-29T08:04:54.123Z info '.length)).sort(),
    expected.sort(),
  );
});

test('who writes little to a shared file follows it wherever the busy one has put it aside', async (t) => {
  const file = path.join(temporaryDirectory(t), 'log');
  const options = { mostBytes: 10_000, keep: 1 };
  const quiet = open(file, options);
  const busy = open(file, options);
  for (let round = 0; round < 5; round++) {
    const { ino } = statSync(file);
    while (statSync(file).ino === ino) {
      const { size } = statSync(file);
      for (const one of numbered(50)) busy.write(one);
      await until('it is written', () => statSync(file).size !== size);
    }
    quiet.write(record({ text: `quiet ${round}` }));
    await until('it is in the file of that name', () =>
      readFileSync(file, 'utf8').includes(`quiet ${round}`),
    );
    assert.ok(statSync(`${file}.1`).size <= 10_000);
  }
  await Promise.all([quiet.close(1_000), busy.close(1_000)]);
});

test('after reopen() a file that was renamed is left as it is, and a new one begun', async (t) => {
  const file = path.join(temporaryDirectory(t), 'folder/log');
  const sink = open(file);
  sink.write(record({ text: 'first' }));
  await until('it is written', () => readFileSync(file, 'utf8') !== '');
  renameSync(file, `${file}.old`);
  sink.write(record({ text: 'second' }));
  await until('it is in the renamed file', () => linesOf(`${file}.old`).length === 2);
  sink.reopen!();
  await until('a new one is begun, without another record', () => existsSync(file));
  sink.write(record({ text: 'third' }));
  await until('it is in the new one', () => linesOf(file).length === 1);

  rmSync(path.dirname(file), { recursive: true });
  writeFileSync(path.dirname(file), 'a file where the folder was');
  sink.reopen!();
  sink.write(record({ text: 'fourth' }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  rmSync(path.dirname(file));
  await until('it is in a new one in a new folder', () => existsSync(file) && linesOf(file).length === 1);
  assert.match(linesOf(file)[0]!, / fourth$/);
  await sink.close(1_000);
  assert.equal(sink.dropped, 0);
});

/** A file system of a megabyte, in a namespace of its own that lives as long as the test. */
async function smallDisk(t: TestContext): Promise<{ readonly folder: string }> {
  const mounted = temporaryDirectory(t);
  const unshare = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
  const script = 'mount -t tmpfs -o size=1m none "$0" && echo mounted && exec sleep 600';
  const child = spawn('unshare', [...unshare, 'sh', '-c', script, mounted], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await createInterface(child.stdout)[Symbol.asyncIterator]().next();
  return { folder: `/proc/${child.pid}/root${mounted}` };
}

const withoutMount =
  works('unshare', [...(process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user']), 'true']) &&
  process.getuid?.() === 0
    ? (false as const)
    : 'no file system may be mounted here';

test(
  'a full disk costs records; once it has room lines are whole again, and say how many',
  { skip: withoutMount },
  async (t) => {
    const { folder } = await smallDisk(t);
    const file = path.join(folder, 'log');
    const ballast = path.join(folder, 'ballast');
    const heard: string[] = [];
    const sink = openOutput(
      { kind: 'logfile', level: 'debug', file, mostBytes: 0, keep: 0 },
      { backOffMs: [5, 20], onLoneTrouble: (text) => heard.push(text) },
    );
    writeFileSync(ballast, Buffer.alloc(980 << 10));
    for (const one of numbered(6_000, 'x'.repeat(20))) sink.write(one);
    await until('the trouble is said', () => heard.length > 0);
    assert.match(heard[0]!, /^logfile \/.*: ENOSPC: no space left on device, write; records wait/);
    await until('some are left out', () => sink.dropped > 0);
    const before = linesOf(file).length;
    assert.ok(before > 100 && before < 1_000, `${before} lines found room`);
    rmSync(ballast);
    sink.write(record({ text: 'at last' }));
    const lines = await until('the last one is there', () => {
      const found = linesOf(file);
      return found.at(-1)?.endsWith(' at last') === true && found;
    });
    await sink.close(1_000);
    const numbers = lines.map((line) =>
      Number(/^2026-11-29T08:04:54\.123Z info x{20} (\d+)$/.exec(line)?.[1] ?? -1),
    );
    const whole = numbers.filter((number) => number >= 0);
    assert.deepEqual(
      whole,
      [...new Set(whole)].sort((one, other) => one - other),
      'in order, each once',
    );
    assert.equal(whole.length + sink.dropped, 6_000);
    const said = lines.map((line) =>
      Number(/ warning (\d+) records left out: logfile /.exec(line)?.[1] ?? 0),
    );
    assert.equal(
      said.reduce((sum, count) => sum + count, 0),
      sink.dropped,
    );
    // What the disk took of a line before it was full, what was left out, and the last one.
    assert.ok(numbers.length - whole.length <= 3, `${numbers.length - whole.length} other lines`);
    assert.match(heard[1]!, /works again/);
  },
);

test('a device that is always full: what waited at the end is counted', async () => {
  const sink = open('/dev/full', { mostBytes: 10 });
  for (const one of numbered(100)) sink.write(one);
  await sink.close(50);
  assert.equal(sink.dropped, 100);
});

test('a pipe that nobody reads is refused instead of waited for', (t) => {
  const fifo = path.join(temporaryDirectory(t), 'fifo');
  execFileSync('mkfifo', [fifo]);
  assert.throws(() => open(fifo), { code: 'EINVAL', message: /^logfile: \/.*fifo cannot be written: ENXIO/ });
});

test('what was written is there when the program exits at once', (t) => {
  const file = path.join(temporaryDirectory(t), 'log');
  const module = new URL(import.meta.resolve('#src/logging/index.js')).href;
  const spec = { kind: 'logfile', level: 'debug', file, mostBytes: 0, keep: 0 };
  const program = `
    import { openOutput } from ${JSON.stringify(module)};
    const sink = openOutput(${JSON.stringify(spec)});
    const say = (text) => sink.write({ time: 0, level: 'info', type: 't', text, fields: {} });
    for (let i = 0; i < 1000; i++) say('early ' + i);
    setTimeout(() => {
      for (let i = 0; i < 1000; i++) say('late ' + i);
      process.exit(3);
    }, 20);`;
  assert.throws(() => execFileSync(process.execPath, ['--input-type=module', '-e', program]), { status: 3 });
  assert.deepEqual(
    linesOf(file).map((line) => line.split(' ').slice(2).join(' ')),
    ['early', 'late'].flatMap((word) => Array.from({ length: 1_000 }, (_, i) => `${word} ${i}`)),
  );
});

test(
  'a file that cannot be put aside is written on, and that is said',
  { skip: process.getuid?.() !== 0 },
  async (t) => {
    const directory = temporaryDirectory(t);
    const file = path.join(directory, 'log');
    mkdirSync(`${file}.1/full`, { recursive: true });
    const heard: string[] = [];
    const sink = openOutput(
      { kind: 'logfile', level: 'debug', file, mostBytes: 1_000, keep: 1 },
      { ...QUIET, onLoneTrouble: (text) => heard.push(text) },
    );
    for (let round = 0; round < 10; round++) {
      for (const one of numbered(20)) sink.write(one);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await sink.close(1_000);
    assert.equal(linesOf(file).length, 200);
    assert.match(heard[0]!, /^logfile \/.*: (EISDIR|ENOTEMPTY|EEXIST)/);
  },
);
