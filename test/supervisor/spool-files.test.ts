/** The files of a spool, whatever happens to them and to the processes that write and read them. */
import assert from 'node:assert/strict';
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { encodeRecord, readRecord } from '#src/supervisor/spool/record.js';
import { Spool, type SpoolNews } from '#src/supervisor/spool/spool.js';
import { record } from './spool-record.js';
import { temporaryDirectory, upTo } from './support.js';

const fixture = (name: string): string => path.join(import.meta.dirname, 'fixtures', `${name}.js`);

function openSpool(directory: string, maxBytes = Infinity): { spool: Spool; news: SpoolNews[] } {
  const news: SpoolNews[] = [];
  return { spool: new Spool(directory, 'the Scheduler', maxBytes, (one) => news.push(one)), news };
}

/** The Slices in a spool, in the order in which they would be submitted. */
async function slicesIn(spool: Spool): Promise<number[]> {
  const slices: number[] = [];
  for (const name of await spool.left()) {
    const file = await spool.take(name);
    const found = file && (await spool.read(file));
    if (found) slices.push(...found.results!.numbers);
    if (file && found) await spool.release(file);
  }
  return slices;
}

const start = (t: TestContext, name: string, ...args: string[]) => {
  const child = fork(fixture(name), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
};

test('a record is read as it was written, to the byte', async (t) => {
  const directory = temporaryDirectory(t);
  const { spool } = openSpool(directory);
  const written = upTo(3).map((n) => record(n, n === 2 ? 300_000 : n));
  await spool.keep(written);
  const names = await spool.left();
  for (const [i, name] of names.entries()) {
    const read = await spool.read((await spool.take(name))!);
    assert.deepEqual(read, { scheduler: 'the Scheduler', ...written[i]! });
  }
  assert.equal(names.length, 3);
});

test('beyond the limit the oldest are dropped, what is there already counted', async (t) => {
  const directory = temporaryDirectory(t);
  const { spool, news } = openSpool(directory, 350_000);
  await spool.keep([record(1, 100_000)]);
  await spool.keep(upTo(4).map((n) => record(n + 1, 100_000)));
  assert.deepEqual(await slicesIn(spool), [1, 4, 5]);
  const dropped = news.filter((one) => one.type === 'dropped');
  assert.equal(dropped.length, 2);
  assert.match(dropped[0]!.reason, /has no room for it within its limit of 350000 bytes/);
  const bytes = readdirSync(directory).reduce(
    (sum, name) => sum + statSync(path.join(directory, name)).size,
    0,
  );
  assert.ok(bytes <= 350_000, `${bytes} bytes`);
});

test('one that has no room by itself takes none from others', async (t) => {
  const directory = temporaryDirectory(t);
  const { spool, news } = openSpool(directory, 350_000);
  await spool.keep([record(1, 100_000), record(2, 100_000), record(3, 400_000), record(4, 10)]);
  assert.deepEqual(await slicesIn(spool), [1, 2, 4]);
  assert.equal(news.filter(({ type }) => type === 'dropped').length, 1);
});

test('damaged files are set aside, and each says why; the others are read', async (t) => {
  const directory = temporaryDirectory(t);
  const { spool, news } = openSpool(directory);
  const damage: ((file: string) => void)[] = [
    (file) => truncateSync(file, 0),
    (file) => truncateSync(file, 20),
    (file) => truncateSync(file, statSync(file).size - 1),
    (file) => writeFileSync(file, 'x', { flag: 'a' }),
    (file) => change(file, 0, 0),
    (file) => change(file, 8, 9),
    (file) => change(file, 17, 200),
    (file) => change(file, 23, 255),
    (file) => change(file, 31, 255),
    (file) => change(file, statSync(file).size - 1, 77),
    (file) => writeFileSync(file, Buffer.concat(encodeRecord({ scheduler: 7 } as never))),
    (file) => writeFileSync(file, Buffer.concat(encodeRecord({ scheduler: 'other', ...record(1, 1) }))),
  ];
  await spool.keep(upTo(damage.length + 1).map((n) => record(n, 10_000)));
  const names = await spool.left();
  damage.forEach((harm, i) => harm(path.join(directory, names[i]!)));
  news.length = 0;
  assert.deepEqual(await slicesIn(spool), [damage.length + 1]);
  const reasons = news.map((one) => (one.type === 'setAside' ? one.reason : one.type));
  const expected = [
    /^0 bytes are no record/,
    /^20 bytes are no record/,
    /^it has \d+ bytes, expected \d+/,
    /^it has \d+ bytes, expected \d+/,
    /^it does not begin like a record/,
    /^it is of version 9, expected 1/,
    /cannot hold the \d+ segments/,
    /cannot hold the \d+ segments/,
    /^it has \d+ bytes, expected \d+/,
    /^its checksum is wrong/,
    /^what it holds is no record/,
    /^it is for the Scheduler "other"/,
  ];
  assert.equal(reasons.length, expected.length, reasons.join('\n'));
  expected.forEach((pattern, i) => assert.match(reasons[i]!, pattern));
  assert.equal(readdirSync(directory).filter((name) => name.endsWith('.bad')).length, damage.length);
  assert.deepEqual(await slicesIn(spool), [damage.length + 1], 'nobody looks at them again');
});

function change(file: string, at: number, to: number): void {
  const bytes = readFileSync(file);
  bytes[at] = to;
  writeFileSync(file, bytes);
}

test('a process that is killed while it writes leaves whole files, and one half-written that is set aside', async (t) => {
  let halves = 0;
  for (let round = 0; round < 8; round++) {
    const directory = temporaryDirectory(t);
    const child = start(t, 'spooler', directory, '4000000');
    await once(child, 'message');
    const { spool, news } = openSpool(directory);
    await sleep(20 + 10 * round);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const complete = readdirSync(directory).filter((name) => name.endsWith('.results'));
    const slices = await slicesIn(spool);
    assert.equal(slices.length, complete.length);
    assert.deepEqual(slices, upTo(slices.length));
    for (const one of news) {
      assert.ok(
        one.type === 'setAside' && one.reason === 'it was not written to its end',
        JSON.stringify(one),
      );
      halves++;
    }
    assert.ok(readdirSync(directory).every((name) => /[.](results|bad)$/.test(name)));
  }
  assert.ok(halves > 0, 'some were killed while they wrote');
});

test('what one process submits is left alone by others, until it is gone', async (t) => {
  const directory = temporaryDirectory(t);
  const { spool } = openSpool(directory);
  await spool.keep(upTo(3).map((n) => record(n, 10)));
  const child = start(t, 'spool-taker', directory);
  await once(child, 'message');
  assert.deepEqual(await spool.left(), []);
  await spool.keep([record(4, 10)]);
  assert.deepEqual(await slicesIn(spool), [4]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual(await slicesIn(spool), [1, 2, 3, 4]);
});

test('of two that want a file one gets it', async (t) => {
  const directory = temporaryDirectory(t);
  const { spool } = openSpool(directory);
  await spool.keep([record(1, 10)]);
  const [name] = await spool.left();
  const { spool: other } = openSpool(directory);
  const taken = await Promise.all([spool.take(name!), other.take(name!)]);
  assert.equal(taken.filter((file) => file !== null).length, 1);
});

test('on a full disk what has no room is dropped, and nothing is left of it', async (t) => {
  const directory = temporaryDirectory(t);
  // Writes beyond the limit fail with EFBIG, as they fail with ENOSPC on a full disk, once the signal is ignored.
  const limited = `trap '' XFSZ; ulimit -f 2000; exec "$0" "$1" "$2"`;
  const { stdout } = await promisify(execFile)('/bin/bash', [
    '-c',
    limited,
    process.execPath,
    fixture('spool-full-disk'),
    directory,
  ]);
  const news = JSON.parse(stdout) as SpoolNews[];
  assert.deepEqual(
    news.map(({ type }) => type),
    ['kept', 'dropped', 'kept'],
  );
  assert.match((news[1] as { reason: string }).reason, /EFBIG/);
  assert.equal(readdirSync(directory).length, 2);
  assert.deepEqual(await slicesIn(openSpool(directory).spool), [1, 3]);
});

test('other files in the directory are nobody’s business', async (t) => {
  const directory = temporaryDirectory(t);
  for (const name of ['notes.txt', 'x.results', '0123456789abcdef.a.taken', '..bad'])
    writeFileSync(path.join(directory, name), 'x');
  const { spool, news } = openSpool(directory);
  assert.deepEqual(await spool.left(), []);
  assert.deepEqual(news, []);
  await assert.rejects(readRecord(path.join(directory, 'notes.txt')), { code: 'ESPOOL' });
});
