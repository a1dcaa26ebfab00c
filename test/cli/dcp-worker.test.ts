import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { createCompute } from '#src/compute/index.js';
import { jsonLines, run, start, temporaryDirectory } from './support.js';

test('SIGINT: running Slices end, the rest goes back, exit code 0', async (t) => {
  const directory = temporaryDirectory(t);
  const compute = createCompute({ scheduler: directory });
  const job = compute.for(1, 200, (n: number) => {
    for (const end = Date.now() + 20; Date.now() < end;);
    return n;
  });
  const results = job.exec();
  const first = start(t, 'dcp-worker', ['--scheduler', directory, '--cores', '2', '--json']);
  await new Promise((resolve) => job.once('result', resolve));
  first.child.kill('SIGINT');
  const { code, stdout, stderr } = await first.ended;
  assert.equal(code, 0, stderr);
  const lines = jsonLines(stdout);
  const stopped = lines.find((line) => line['type'] === 'stopped');
  const { leased, done } = await compute.jobStatus(job.id!);
  assert.equal(leased, 0);
  assert.equal(stopped!['slices'], done, 'what ran was submitted');

  const second = start(t, 'dcp-worker', ['--scheduler', directory, '--cores', '2']);
  assert.equal((await results).length, 200);
  second.child.kill('SIGTERM');
  assert.equal((await second.ended).code, 0);
});

test('a second signal ends the Slices, too', async (t) => {
  const directory = temporaryDirectory(t);
  const compute = createCompute({ scheduler: directory });
  const job = compute.for(1, 2, () => {
    console.log('runs');
    return new Promise((resolve) => setTimeout(resolve, 600_000));
  });
  const bothRun = new Promise<void>((resolve) => {
    let running = 0;
    job.on('console', () => {
      if (++running === 2) resolve();
    });
  });
  const cancelled = job.exec().catch((error: { code: string }) => error.code);
  const worker = start(t, 'dcp-worker', ['--scheduler', directory, '--cores', '2', '-v']);
  await bothRun;
  worker.child.kill('SIGINT');
  await worker.printed(/stopping when/);
  await sleep(200);
  assert.equal(worker.child.exitCode, null);
  worker.child.kill('SIGINT');
  const { code, stdout } = await worker.ended;
  assert.equal(code, 0);
  assert.match(
    stdout,
    /stopping now[^]*gave back 1 Slice, ESHUTDOWN[^]*gave back 1 Slice, ESHUTDOWN[^]*stopped after 0 Slices/,
  );
  assert.equal((await compute.jobStatus(job.id!)).leased, 0);
  await job.cancel();
  assert.equal(await cancelled, 'ECANCELLED');
});

test('SIGQUIT ends the Slices at once; a third signal ends the program with its number', async (t) => {
  const directory = temporaryDirectory(t);
  const compute = createCompute({ scheduler: directory });
  const job = compute.for(1, 2, () => new Promise((resolve) => setTimeout(resolve, 600_000)));
  const cancelled = job.exec().catch((error: { code: string }) => error.code);
  const options = ['--scheduler', directory, '--cores', '2', '-v'];
  const worker = start(t, 'dcp-worker', options);
  await worker.printed(/took 2 Slices/);
  worker.child.kill('SIGQUIT');
  const { code, stdout } = await worker.ended;
  assert.equal(code, 0);
  assert.match(stdout, /stopping now[^]*stopped after 0 Slices/);
  assert.doesNotMatch(stdout, /stopping when/);
  assert.equal((await compute.jobStatus(job.id!)).leased, 0);

  const hurried = start(t, 'dcp-worker', options);
  await hurried.printed(/took 2 Slices/);
  hurried.child.kill('SIGINT');
  await hurried.printed(/stopping when/);
  // Of two kinds, because those of one kind that come together are one. The last to arrive gives the number.
  for (const signal of ['SIGTERM', 'SIGQUIT'] as const) hurried.child.kill(signal);
  const ended = await hurried.ended;
  assert.ok([131, 143].includes(ended.code!), `exit code ${ended.code}: ${ended.stdout}`);
  await job.cancel();
  assert.equal(await cancelled, 'ECANCELLED');
});

test('cores, utilization and maxSandboxes decide how many Slices run at a time', async (t) => {
  const directory = temporaryDirectory(t);
  const cases: [string[], number][] = [
    [['-c', '7,1'], 7],
    [['-c', '8', '-u', '0.5'], 4],
    [['-c', '100', '-u', '0.29,0.5'], 29],
    [['-c', '3', '-u', '0.1'], 1],
    [['-c', '8', '-m', '3'], 3],
    [['--cores=2,0', '--max-sandboxes=3'], 2],
  ];
  for (const [options, expected] of cases) {
    const args = [
      '--scheduler',
      directory,
      '--json',
      '--no-gpu',
      '--evaluator',
      'in-process',
      '--exit-when-idle',
    ];
    const { code, stdout, stderr } = await run(t, 'dcp-worker', [...args, ...options]);
    assert.equal(code, 0, stderr);
    assert.equal(jsonLines(stdout).find(({ type }) => type === 'started')!['cores'], expected);
  }
});

test('a Worker that ends when idle does so also where its evaluator is not there', async (t) => {
  const args = ['--scheduler', temporaryDirectory(t), '--exit-when-idle', '--evaluator'];
  for (const evaluator of ['/no/such.sock', 'localhost:1']) {
    const { code, stderr } = await run(t, 'dcp-worker', [...args, evaluator]);
    assert.equal(code, 0, stderr);
  }
});

test('the pid file names the Worker while it runs, and keeps a second one away', async (t) => {
  const directory = temporaryDirectory(t);
  const file = path.join(directory, 'worker.pid');
  const args = ['--scheduler', path.join(directory, 'scheduler'), '--no-gpu', '-f', file];
  const worker = start(t, 'dcp-worker', args);
  await worker.printed(/worker .*Sandbox/);
  assert.equal(readFileSync(file, 'utf8'), `${worker.child.pid}\n`);
  const second = await run(t, 'dcp-worker', args);
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    /^dcp-worker: --pidFile: process \d+, which .*worker\.pid names, is still running/,
  );
  worker.child.kill('SIGINT');
  assert.equal((await worker.ended).code, 0);
  assert.ok(!existsSync(file));
});

test('a Worker takes the Jobs and groups it is told to', async (t) => {
  const directory = temporaryDirectory(t);
  const compute = createCompute({ scheduler: directory });
  const open = compute.for(1, 2, (n: number) => n);
  const closed = compute.for(1, 2, (n: number) => n);
  closed.computeGroups = [{ joinKey: 'club' }];
  const other = compute.for(1, 2, (n: number) => n);
  const ends = [open, closed, other].map((job) => job.exec().catch((error: { code: string }) => error.code));
  while ([open, closed, other].some((job) => job.readyState !== 'deployed')) await sleep(10);
  const states = async (): Promise<string[]> =>
    Promise.all([open, closed, other].map(async (job) => (await compute.jobStatus(job.id!)).state));

  const idle = ['--scheduler', directory, '--exit-when-idle', '--cores', '1'];
  assert.equal((await run(t, 'dcp-worker', [...idle, '--job-id', open.id!])).code, 0);
  assert.deepEqual(await states(), ['finished', 'open', 'open']);
  assert.equal((await run(t, 'dcp-worker', [...idle, '--job-id', closed.id!])).code, 0);
  assert.deepEqual(await states(), ['finished', 'open', 'open'], 'not of the group');
  assert.equal(
    (await run(t, 'dcp-worker', [...idle, '--join', 'club,secret', 'pub', '--job-id', closed.id!])).code,
    0,
  );
  assert.deepEqual(await states(), ['finished', 'finished', 'open']);
  await other.cancel();
  await Promise.all(ends);
});

test('what evaluator processes print is in the log, and nowhere else', async (t) => {
  const options = ['--scheduler', temporaryDirectory(t), '--no-gpu', '--cores', '1', '--confinement', 'off'];
  const worker = start(t, 'dcp-worker', [...options, '--json']);
  await worker.printed(/"type":"started"/);
  const { pid } = worker.child;
  const threads = readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}/children`);
  const processes = threads.flatMap((file) => readFileSync(file, 'latin1').match(/\d+/g) ?? []);
  // Node tells of its debugger, or of why there is none.
  for (const id of processes) process.kill(Number(id), 'SIGUSR1');
  const [, said] = await worker.printed(/"type":"evaluatorSaid".*"pid":(\d+),"line":"\w/);
  assert.ok(processes.includes(said!));
  worker.child.kill('SIGTERM');
  assert.equal((await worker.ended).stderr, '');
});

test('an adapter that is named and not there is a warning', async (t) => {
  const options = ['--scheduler', temporaryDirectory(t), '--exit-when-idle', '--cores', '1', '--json'];
  const env = { DCP_DAWN_LIBRARY: '/nowhere' };
  for (const [named, level] of [
    [[], 'debug'],
    [['--gpu-adapter', 'gtx', '--gpu-adapter', 'rtx'], 'warning'],
  ] as const) {
    const { stdout } = await start(t, 'dcp-worker', [...options, ...named], env).ended;
    const [said, ...more] = jsonLines(stdout).filter(({ type }) => type === 'noWebgpu');
    assert.deepEqual([said?.['level'], more], [level, []]);
    assert.match(said!['problem'] as string, /\/nowhere/);
  }
});

test('doctor looks at every folder that the Worker writes to', async (t) => {
  const directory = temporaryDirectory(t);
  const folders = ['scheduler', 'spool', 'logs', 'run'].map((name) => path.join(directory, name));
  const [scheduler, spool, logs, sockets] = folders as [string, string, string, string];
  const { stdout } = await run(t, 'dcp-worker', [
    ...['--scheduler', scheduler, '--spool', spool, '--no-gpu', '--status-socket', `${sockets}/socket`],
    ...['-o', 'logfile', '--logfile', `${logs}/log`, 'doctor'],
  ]);
  for (const folder of folders) assert.ok(stdout.includes(` ${folder}`), `${folder} in ${stdout}`);
});

test('every program says its version', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const programs = ['dcp-evaluator', 'dcp-evaluator-manager', 'dcp-evaluator-start', 'dcp-job', 'dcp-worker'];
  const told = await Promise.all(programs.map((program) => run(t, program as 'dcp-job', ['--version'])));
  assert.deepEqual(
    told.map(({ code, stdout, stderr }) => [code, stdout, stderr]),
    programs.map(() => [0, `${version}\n`, '']),
  );
});

test('what cannot be used: one line and an exit code', async (t) => {
  const cases: [string[], number, RegExp][] = [
    [
      ['--cores', 'many'],
      2,
      /^dcp-worker: --cores: worker\.cores\.cpu: expected a whole number from 1 to 1024, got "many"$/m,
    ],
    [['--cores', '0'], 2, /worker\.cores\.cpu: expected a whole number from 1 to 1024, got 0/],
    [['--cores', '1,1025'], 2, /worker\.cores\.gpu: expected a whole number from 0 to 1024, got 1025/],
    [['--cores', ','], 2, /expected numbers as cpu, as cpu,gpu or as ,gpu/],
    [['--cores', '1,2,3'], 2, /expected numbers as cpu, as cpu,gpu or as ,gpu/],
    [['--utilization', '1.5'], 2, /worker\.utilization\.cpu: expected a number above 0 up to 1, got 1\.5/],
    [['-u', '0'], 2, /worker\.utilization\.cpu: expected a number above 0 up to 1, got 0/],
    [['-u', '1,1.01'], 2, /worker\.utilization\.gpu: expected a number from 0 to 1, got 1\.01/],
    [['--max-sandboxes', '0'], 2, /--maxSandboxes: .*expected a whole number from 1 to 1024, got 0/],
    [['--lease', '0.5'], 2, /worker\.lease: expected a number from 1 to 86400, got 0\.5/],
    [
      ['-m', '0', '--lease', 'x'],
      2,
      /^dcp-worker: --maxSandboxes: .*\ndcp-worker: --lease: worker\.lease: .*got "x"$/m,
    ],
    [['-j', '--exit-when-idle'], 2, /^dcp-worker: option '-j, --job-id <id\.\.\.>' argument missing$/m],
    [['-vj', '--json=yes'], 2, /option '-j, --job-id <id\.\.\.>' argument missing/],
    [['--spool', '--json'], 2, /option '--spool <dir>' argument missing/],
    [['--scheduler', '--', '--json'], 2, /option '--scheduler <dir>' argument missing/],
    [['-g', '-h'], 2, /option '-g, --join <key\.\.\.>' argument missing/],
    [
      ['-j', '--exit-when-idel'],
      2,
      /^dcp-worker: --job-id: worker\.jobAddresses\[0\]: expected the id of a Job,/,
    ],
    [['--schedular', '/tmp'], 2, /Did you mean --scheduler\?/],
    [['stop', 'now'], 2, /too many arguments for 'stop'/],
    [['profile', 'idle', 'auto'], 2, /too many arguments for 'profile'/],
    [
      ['status', '--status-socket', ''],
      2,
      /^dcp-worker: --status-socket: expected the path of a socket, got none$/m,
    ],
    [['extra'], 2, /unknown command 'extra'/],
    [['stauts'], 2, /unknown command 'stauts' \(did you mean status\?\)/],
    [['--scheduler', '/dev/null/store'], 1, /^dcp-worker: .*\/dev\/null/],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stderr } = await run(t, 'dcp-worker', args);
    assert.equal(code, expected, stderr);
    assert.match(stderr, message);
  }
});
