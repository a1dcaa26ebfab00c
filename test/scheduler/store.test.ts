import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { SchedulerError } from '#src/model/index.js';
import { Store } from '#src/scheduler/embedded/store.js';
import { open, range, request, results, slices, spec, temporaryDirectory, text, upTo } from './support.js';

test('a store of another version is refused, both versions named', async (t) => {
  const directory = temporaryDirectory(t);
  const store = await Store.open(directory, {});
  await store.write(() => store.meta.put('schema', Buffer.from('77')));
  await store.close();
  await assert.rejects(
    open(t, directory),
    (error) => error instanceof SchedulerError && /"77".*version 2/.test(error.message),
  );
});

test('a store that was cut off, overwritten or emptied is refused with what is wrong, and not touched', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const jobId = await scheduler.createJob(spec(range(3)));
  await scheduler.close();
  const file = join(directory, 'data.mdb');
  const whole = readFileSync(file);
  const damaged: [string, Buffer, RegExp][] = [
    [
      'cut off',
      whole.subarray(0, 12_288),
      /: data\.mdb is damaged: it has 12288 bytes, and what it holds begins at \d+; /,
    ],
    [
      'cut off in its first pages',
      whole.subarray(0, 4200),
      /: data\.mdb is damaged: of its 4200 bytes the first are none/,
    ],
    [
      'overwritten',
      Buffer.concat([Buffer.alloc(65_536, 0xa5), whole.subarray(65_536)]),
      /first are none of LMDB's/,
    ],
  ];
  for (const [what, bytes, expected] of damaged) {
    writeFileSync(file, bytes);
    await assert.rejects(open(t, directory), { code: 'ESCHEDULER', message: expected }, what);
    assert.ok(readFileSync(file).equals(bytes), what);
  }
  writeFileSync(file, '');
  writeFileSync(join(directory, 'packs/1'), 'a payload');
  await assert.rejects(open(t, directory), { message: /: data\.mdb is empty, and packs[/] is not; / });
  writeFileSync(file, whole);
  assert.equal((await (await open(t, directory)).jobStatus(jobId)).known, 3);
});

test('the same directory opened twice is one environment, until both are closed', async (t) => {
  const directory = temporaryDirectory(t);
  const [a, b] = await Promise.all([open(t, directory), open(t, join(directory, '.'))]);
  const jobId = await a.createJob(spec(range(3)));
  await a.close();
  assert.equal((await b.jobStatus(jobId)).known, 3);
});

test('a store has one identity for good, and another store another', async (t) => {
  const directory = temporaryDirectory(t);
  const [first, second] = await Promise.all([open(t, directory), open(t, directory)]);
  const { identity } = first;
  assert.match(identity, /^embedded:[0-9A-Za-z]{22}$/);
  assert.equal(second.identity, identity);
  await first.close();
  await second.close();
  assert.equal((await open(t, directory)).identity, identity);
  assert.notEqual((await open(t, temporaryDirectory(t))).identity, identity);
});

test('a directory that is moved, replaced or removed is an error of every call and wait, until it is back', async (t) => {
  const directory = join(temporaryDirectory(t), 'store');
  const scheduler = await open(t, directory);
  const jobId = await scheduler.createJob(spec(range(3)));
  const task = (await scheduler.requestTask(upTo(3)))!;
  assert.equal(await scheduler.requestTask(request()), null);
  const large = text('large', [new Uint8Array(100_000)]);
  const calls: [string, () => Promise<unknown>][] = [
    ['jobStatus', () => scheduler.jobStatus(jobId)],
    ['requestTask', () => scheduler.requestTask(request())],
    ['renewLeases', () => scheduler.renewLeases([task.id])],
    ['createJob', () => scheduler.createJob(spec({ ...range(3), arguments: large }))],
    [
      'submitResults',
      () =>
        scheduler.submitResults(
          task.id,
          jobId,
          results([1], () => large),
        ),
    ],
    ['removeJob', () => scheduler.removeJob(jobId)],
    ['waitForWork', () => scheduler.waitForWork(new AbortController().signal)],
  ];
  const refused = async (what: string, why: string): Promise<void> => {
    const expected = new RegExp(`^${directory}: this is no longer .* opened: ${why}`);
    for (const [name, call] of calls)
      await assert.rejects(call(), { code: 'ESCHEDULER', message: expected }, `${what}: ${name}`);
  };
  // These begin to wait while all is well: no ring tells them.
  const waits = [
    scheduler.waitForWork(new AbortController().signal),
    scheduler.waitForEvents(jobId, 1_000, new AbortController().signal),
  ];
  const away = `${directory}.bak`;
  renameSync(directory, away);
  for (const wait of waits) await assert.rejects(wait, { code: 'ESCHEDULER', message: /data[.]mdb is gone/ });
  await refused('moved', 'its data.mdb is gone');

  const other = await open(t, directory);
  assert.notEqual(other.identity, scheduler.identity);
  const otherId = await other.createJob(spec({ ...range(3), arguments: large }));
  await refused('replaced', 'another data.mdb is there now');
  assert.equal((await other.fetchJob(otherId)).arguments.segments[0]!.byteLength, 100_000);
  assert.equal((await other.listJobs()).length, 1);
  await other.close();

  rmSync(directory, { recursive: true });
  renameSync(away, directory);
  assert.deepEqual(await scheduler.renewLeases([task.id]), []);
  assert.deepEqual(
    await scheduler.submitResults(
      task.id,
      jobId,
      results([1], () => large),
    ),
    {
      recorded: 1,
      duplicates: 0,
    },
  );
  rmSync(directory, { recursive: true });
  await refused('removed', 'its data.mdb is gone');
});

test('a name that leads to another directory now is no longer the one that was opened', async (t) => {
  const parent = temporaryDirectory(t);
  const name = join(parent, 'name');
  symlinkSync(join(parent, 'first'), name);
  mkdirSync(join(parent, 'first'));
  const scheduler = await open(t, name);
  const other = await open(t, join(parent, 'second'));
  unlinkSync(name);
  symlinkSync(join(parent, 'second'), name);
  await assert.rejects(scheduler.listJobs(), { code: 'ESCHEDULER', message: /another data[.]mdb/ });
  assert.deepEqual(await other.listJobs(), []);
});

test('a directory that cannot be made is an error at once, and names it', async (t) => {
  const base = temporaryDirectory(t);
  writeFileSync(join(base, 'file'), '');
  const closed = join(base, 'closed');
  mkdirSync(closed);
  chmodSync(closed, 0o500);
  // In a process of its own: where this broke, Node's mkdir never came back.
  const url = import.meta.resolve('#src/scheduler/index.js');
  const places = ['/proc/nowhere', '/proc/nowhere/deeper', join(base, 'file'), join(base, 'file', 'below')];
  places.push(join(closed, 'below'), `${base}/nul\0byte`);
  const code = `import { openEmbeddedScheduler } from '${url}';
    if (process.getuid() === 0) process.seteuid(65534);
    const said = [];
    for (const place of ${JSON.stringify(places)})
      said.push(await openEmbeddedScheduler(place).then(() => 'opened', ({ code, message }) => [code, message]));
    console.log(JSON.stringify(said));`;
  chmodSync(base, 0o755);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    timeout: 10_000,
  });
  const said = JSON.parse(stdout) as [string, string][];
  for (const [i, place] of places.entries()) {
    assert.equal(said[i]![0], 'ESCHEDULER', place);
    assert.ok(said[i]![1].startsWith(`${place}: cannot make the store's directory: `), said[i]![1]);
  }
  const file = join(base, 'file');
  for (const [, message] of said.slice(2, 4))
    assert.ok(message.endsWith(`: ${file} is there, and is no directory`), message);
});

test('a worker thread is refused', async (t) => {
  const url = import.meta.resolve('#src/scheduler/index.js');
  const worker = new Worker(
    `import('${url}').then((m) => m.openEmbeddedScheduler('${temporaryDirectory(t)}')).catch((e) => require('node:worker_threads').parentPort.postMessage(e.code + ' ' + e.message))`,
    { eval: true },
  );
  const [said] = (await once(worker, 'message')) as [string];
  assert.match(said, /^ESCHEDULER .*main thread/);
  await worker.terminate();
});

test('a call is acknowledged after its data, and then the page that makes them visible, are on the disk', (t) => {
  const directory = temporaryDirectory(t);
  const fixture = join(import.meta.dirname, 'fixtures', 'durable.js');
  const calls = 'trace=openat,pwrite64,pwritev,writev,fdatasync,fsync,write';
  const tracer = 'strace'; // where there is one
  const trace = spawnSync(tracer, ['-f', '-y', '-e', calls, process.execPath, fixture, directory], {
    encoding: 'utf8',
  });
  if (trace.error || !trace.stdout.includes('MARK submitted')) {
    t.skip('no strace here');
    return;
  }
  const lines = trace.stderr.split('\n').filter((line) => line.includes(directory) || line.includes('MARK '));
  let from = lines.findIndex((line) => line.includes('MARK opened'));
  for (const call of ['created', 'added', 'submitted']) {
    const to = lines.findIndex((line) => line.includes(`MARK ${call}`));
    assert.ok(from >= 0 && to > from, call);
    // What matters of each line: P pages, S their sync, M the meta page, F a pack file's or its folder's sync.
    const steps = lines.slice(from + 1, to).flatMap((line) => {
      if (/fdatasync\(\d+<[^>]*data\.mdb>/.test(line)) return ['S'];
      if (/fsync\(\d+<[^>]*packs\/\d+/.test(line)) return ['F'];
      if (/pwrite64\(\d+<[^>]*data\.mdb>.*, 128, \d+\)/.test(line)) return ['M'];
      return /(pwrite64|pwritev|writev)\(\d+<[^>]*data\.mdb>/.test(line) ? ['P'] : [];
    });
    assert.match(steps.join(''), call === 'added' ? /^FFP+SM$/ : /^P+SM$/, call);
    from = to;
  }
  // The meta page's descriptor makes every write synchronous.
  assert.match(trace.stderr, /openat\([^)]*data\.mdb", O_WRONLY\|O_DSYNC/);
});

test('a write that fails after it wrote is undone alone', async (t) => {
  const store = await Store.open(temporaryDirectory(t), {});
  t.after(() => store.close());
  const outcomes = await Promise.allSettled([
    store.write(() => store.meta.put('a', Buffer.from('1'))),
    store.write(() => {
      store.meta.put('b', Buffer.from('2'));
      throw new Error('no');
    }),
    store.write(() => store.meta.put('c', Buffer.from('3'))),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => store.read(() => store.meta.get(key)?.toString())),
    ['1', undefined, '3'],
  );
});

test('calls that many callers make at once share a transaction and its syncs', async (t) => {
  const directory = temporaryDirectory(t);
  const handles = await Promise.all([open(t, directory), open(t, directory)]);
  const [one, other] = handles;
  const jobId = await one.createJob(spec());
  const ranges = await one.createJob(spec(range(100)));
  const tasks = await Promise.all(
    Array.from({ length: 20 }, () => other.requestTask(upTo(1, { jobIds: [ranges] }))),
  );
  const transactions = (): number => Number(readFileSync(join(directory, 'lock.mdb')).readBigUInt64LE(8));
  const cost = async (calls: Promise<unknown>[]): Promise<number> => {
    const before = transactions();
    await Promise.all(calls);
    return transactions() - before;
  };
  const each = Array.from({ length: 20 }, (_, i) => i);
  const handle = (i: number): (typeof handles)[number] => handles[i % 2]!;
  const line = (slice: number) => ({ type: 'console', slice, level: 'log', message: 'x' }) as const;
  // More than one only when the calls take longer than a transaction may.
  const most = 4;
  const submitted = each.map((i) =>
    handle(i).submitResults(tasks[i]!.id, ranges, results(tasks[i]!.slices.numbers)),
  );
  const said = each.map((i) => handle(i).appendMessages(ranges, [line(i)]));
  assert.ok((await cost([...submitted, ...said])) <= most);
  const added = await cost(each.map((i) => one.addSlices(jobId, slices(i * 3 + 1, i * 3 + 3))));
  assert.ok(added <= most, `${added} transactions for 20 uploads`);
  const task = (await one.requestTask(upTo(60, { jobIds: [jobId] })))!;
  assert.equal(new TextDecoder().decode(task.slices.heads.subarray(-8)), 'datum 60');
  assert.equal((await one.jobStatus(jobId)).known, 60);
  assert.equal((await one.jobStatus(ranges)).done, 20);
});

test('a full disk is an error, and nothing acknowledged is lost', async (t) => {
  const directory = temporaryDirectory(t);
  const fixture = join(import.meta.dirname, 'fixtures', 'full-disk.js');
  // Writes beyond the limit fail with EFBIG, as they fail with ENOSPC on a full disk, once the signal is ignored.
  const { stdout } = await promisify(execFile)('/bin/bash', [
    '-c',
    `trap '' XFSZ; ulimit -f 2000; exec "$0" "$1" "$2"`,
    process.execPath,
    fixture,
    directory,
  ]);
  const said = JSON.parse(stdout) as {
    jobId: string;
    known: number;
    code: string;
    message: string;
    stored: number;
  };
  assert.equal(said.code, 'ESCHEDULER', said.message);
  assert.ok(said.known > 0 && said.stored === said.known, stdout);
  const scheduler = await open(t, directory);
  assert.equal((await scheduler.jobStatus(said.jobId)).known, said.known);
  await scheduler.addSlices(said.jobId, slices(said.known + 1, said.known + 1));
});

const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
const withoutDisk =
  spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
    ? false
    : 'no mount namespace may be made here';

test(
  'a disk with less than 8 MiB free: nothing is added, a Job can be removed',
  { skip: withoutDisk },
  async (t) => {
    const directory = temporaryDirectory(t);
    const fixture = join(import.meta.dirname, 'fixtures', 'no-room.js');
    const mount = 'mount -t tmpfs -o size=32m none "$2" && exec "$0" "$1" "$2"';
    const args = [...UNSHARE, '/bin/bash', '-c', mount, process.execPath, fixture, directory];
    const { stdout } = await promisify(execFile)('unshare', args);
    const { refusal, jobs } = JSON.parse(stdout) as { refusal: string; jobs: number };
    assert.match(refusal, /SchedulerError: .*no room: \d+ bytes are left/);
    assert.equal(jobs, 1);
  },
);

test('the map grows as needed', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory, { mapSize: 256 * 1024 });
  const jobId = await scheduler.createJob(spec());
  for (let i = 0; i < 10; i++)
    await scheduler.addSlices(
      jobId,
      slices(i * 100 + 1, i * 100 + 100, (n) => text(String(n).repeat(5000))),
    );
  assert.equal((await scheduler.jobStatus(jobId)).known, 1000);
});

test('nobody waits: the process may end', async (t) => {
  const url = import.meta.resolve('#src/scheduler/index.js');
  const code = `import { openEmbeddedScheduler } from '${url}';
    const s = await openEmbeddedScheduler('${temporaryDirectory(t)}');
    const stop = new AbortController();
    await s.waitForWork(stop.signal);
    await s.requestTask({ workerId: '', computeGroups: [], publicGroup: 'take', jobIds: null, exceptJobs: [], capabilities: { webgpu: [], fetch: [] }, sandboxes: 1, targetMs: 1, sliceMs: {}, maxSlices: 1, maxBytes: 1 });
    const waiting = s.waitForWork(stop.signal);
    setTimeout(() => stop.abort(), 50);
    console.log(await waiting);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    timeout: 10_000,
  });
  assert.equal(stdout.trim(), 'false');
});
