/** Pid files: of one process at a time, left behind by none that ends by itself. */
import assert from 'node:assert/strict';
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writePidFile } from '#src/cli/pid-file.js';
import { fakeEvaluator, tinyClient } from './evaluator-start-support.js';
import { run, start, temporaryDirectory } from './support.js';

const RACER = fileURLToPath(new URL('fixtures/pid-file-racer.js', import.meta.url));
const PROGRAM = 'dcp-evaluator-start';

/** The id of a process that is gone. */
function goneId(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

function livingId(t: TestContext, ...args: readonly string[]): number {
  const words = ['-e', 'setInterval(() => {}, 1000)', ...args];
  const child = spawn(process.execPath, words, { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return child.pid!;
}

test('a file that is not there is written, and nothing else', (t) => {
  const folder = temporaryDirectory(t);
  const file = path.join(folder, 'a.pid');
  assert.deepEqual(writePidFile(file), { kind: 'written', stale: null });
  assert.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
  assert.deepEqual(readdirSync(folder), ['a.pid']);
});

test('one that names no living process, or this one, is replaced', (t) => {
  const file = path.join(temporaryDirectory(t), 'a.pid');
  for (const stale of [
    String(goneId()),
    String(process.pid),
    '',
    '\0\0\0\0',
    '-1',
    '0',
    '99999999999999999999',
  ]) {
    writeFileSync(file, `${stale}\n`);
    assert.deepEqual(writePidFile(file), { kind: 'written', stale }, stale);
    assert.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
  }
});

test('one of a process whose id another program has by now is replaced', (t) => {
  const file = path.join(temporaryDirectory(t), 'a.pid');
  const id = livingId(t);
  writeFileSync(file, `${id}\n`);
  assert.deepEqual(writePidFile(file), { kind: 'taken', pid: id });
  // It has survived a reboot.
  utimesSync(file, new Date(), new Date(Date.now() - 60_000));
  assert.deepEqual(writePidFile(file), { kind: 'written', stale: String(id) });
  // Of the same program any may be the one.
  const same = livingId(t, process.argv[1]!);
  writeFileSync(file, `${same}\n`);
  utimesSync(file, new Date(), new Date(Date.now() - 60_000));
  assert.deepEqual(writePidFile(file), { kind: 'taken', pid: same });
});

test('a file that is no pid file is not replaced', (t) => {
  const folder = temporaryDirectory(t);
  const file = path.join(folder, 'notes.txt');
  writeFileSync(file, 'no number\n');
  assert.deepEqual(writePidFile(file), {
    kind: 'failed',
    reason: 'it holds something else than a process id',
  });
  assert.equal(readFileSync(file, 'utf8'), 'no number\n');
  assert.deepEqual(readdirSync(folder), ['notes.txt']);
});

test('one of a living process stays as it is', (t) => {
  const folder = temporaryDirectory(t);
  const file = path.join(folder, 'a.pid');
  const pid = livingId(t);
  writeFileSync(file, `${pid}`);
  assert.deepEqual(writePidFile(file), { kind: 'taken', pid });
  assert.equal(readFileSync(file, 'utf8'), `${pid}`);
  assert.deepEqual(readdirSync(folder), ['a.pid']);
});

test('of processes that find a stale file at the same moment one takes it over', async (t) => {
  const folder = temporaryDirectory(t);
  const files = Array.from({ length: 200 }, (_, i) => path.join(folder, `${i}.pid`));
  const stale = `${goneId()}\n`;
  for (const file of files) writeFileSync(file, stale);
  const racers = Array.from({ length: 4 }, () => fork(RACER));
  t.after(() => racers.forEach((racer) => racer.kill('SIGKILL')));
  await Promise.all(racers.map((racer) => once(racer, 'message')));
  // All of them go through the files in the same order, and live until all are through.
  for (const racer of racers) racer.send(files);
  const answers = await Promise.all(racers.map((racer) => once(racer, 'message')));
  const outcomes = answers.map(([kinds]) => kinds as string[]);
  for (const [i, file] of files.entries()) {
    const kinds = outcomes.map((kinds) => kinds[i]).sort();
    assert.deepEqual(kinds, ['taken', 'taken', 'taken', 'written'], file);
    const owner = outcomes.findIndex((kinds) => kinds[i] === 'written');
    assert.equal(readFileSync(file, 'utf8'), `${racers[owner]!.pid}\n`);
  }
  assert.equal(readdirSync(folder).length, files.length, 'nothing is left beside them');
});

test('what a start that was killed left beside a stale file is in nobody\u2019s way', (t) => {
  const folder = temporaryDirectory(t);
  const file = path.join(folder, 'a.pid');
  const stale = String(goneId());
  for (const name of ['a.pid', 'a.pid.lock']) writeFileSync(path.join(folder, name), `${stale}\n`);
  assert.deepEqual(writePidFile(file), { kind: 'written', stale });
  assert.deepEqual(readdirSync(folder), ['a.pid']);
});

test('where nothing can be written the reason is told', (t) => {
  const folder = temporaryDirectory(t);
  writeFileSync(path.join(folder, 'file'), '');
  mkdirSync(path.join(folder, 'folder'));
  assert.deepEqual(writePidFile(path.join(folder, 'nowhere/a.pid')), { kind: 'failed', reason: 'ENOENT' });
  assert.deepEqual(writePidFile(path.join(folder, 'file/a.pid')), { kind: 'failed', reason: 'ENOTDIR' });
  assert.deepEqual(writePidFile(path.join(folder, 'folder')), { kind: 'failed', reason: 'EISDIR' });
  assert.deepEqual(readdirSync(folder).sort(), ['file', 'folder']);
});

test('the file is there while the evaluator runs, and gone after it, however it ends', async (t) => {
  const client = tinyClient(t);
  const file = path.join(temporaryDirectory(t), 'a.pid');
  const evaluator = fakeEvaluator(t, `setInterval(() => {}, 1000); console.log('ready');`);
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    const { child, printed, ended } = start(t, PROGRAM, [
      '--dcp-client',
      client,
      '-e',
      evaluator,
      '-f',
      file,
    ]);
    await printed(/^ready/m);
    assert.equal(readFileSync(file, 'utf8'), `${child.pid}\n`);
    child.kill(signal);
    assert.equal((await ended).code, code);
    assert.equal(existsSync(file), false);
  }
  const failing = fakeEvaluator(t, 'process.exit(3)');
  const ended = await run(t, PROGRAM, ['-s', '--dcp-client', client, '-e', failing, '--pid-file', file]);
  assert.deepEqual([ended.code, ended.stderr, existsSync(file)], [3, '', false]);
});

test('a second evaluator with the same file does not start; a file left behind is replaced', async (t) => {
  const args = ['-s', '--dcp-client', tinyClient(t), '-e', fakeEvaluator(t, '')];
  const file = path.join(temporaryDirectory(t), 'a.pid');
  const pid = livingId(t);
  writeFileSync(file, `${pid}\n`);
  const refused = await run(t, PROGRAM, [...args, '-f', file]);
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.equal(
    refused.stderr,
    `dcp-evaluator-start: --pidFile: process ${pid}, which ${file} names, is still running\n`,
  );
  assert.equal(readFileSync(file, 'utf8'), `${pid}\n`);

  writeFileSync(file, `${goneId()}\n`);
  const replaced = await run(t, PROGRAM, [...args, '-f', file]);
  assert.equal(replaced.code, 0);
  assert.equal(
    replaced.stderr,
    `dcp-evaluator-start: --pidFile: ${file} was left by a process that is gone; replaced\n`,
  );
  assert.equal(existsSync(file), false);
});

test('without a pid file that can be written it runs all the same, and says so', async (t) => {
  const client = tinyClient(t);
  const file = path.join(client, 'nowhere/a.pid');
  const { code, stderr } = await run(t, PROGRAM, [
    '-s',
    '--dcp-client',
    client,
    '-e',
    fakeEvaluator(t, ''),
    '-f',
    file,
  ]);
  assert.equal(code, 0);
  assert.equal(stderr, `dcp-evaluator-start: --pidFile: ${file} cannot be written (ENOENT)\n`);
});

test('dumps write no pid file', async (t) => {
  const client = tinyClient(t);
  const file = path.join(client, 'a.pid');
  assert.equal((await run(t, PROGRAM, ['-F', '--dcp-client', client, '-f', file])).code, 0);
  assert.equal(existsSync(file), false);
});
