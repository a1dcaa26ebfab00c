import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { compute, createCompute } from '#src/compute/index.js';
import { openScheduler, PACKAGE, runScript } from './support.js';

test('localExec leaves no thread, handle or file behind: the process ends by itself', async (t) => {
  const temporary = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  t.after(() => rmSync(temporary, { recursive: true, force: true }));
  const { code, stdout, stderr } = await runScript(
    t,
    `
      import { readdirSync } from 'node:fs';
      process.env.TMPDIR = ${JSON.stringify(temporary)};
      const { compute } = await import('${PACKAGE}');
      const threads = () => readdirSync('/proc/self/task').length;
      const run = async () => [...await compute.for(1, 5, (n) => n * n).localExec(2)];
      const first = await run();
      const before = threads();
      for (let i = 0; i < 5; i++) await run();
      console.log(JSON.stringify({ first, grown: threads() - before, end: process.uptime() }));
      process.on('exit', () => console.log(process.uptime()));
    `,
  );
  assert.equal(code, 0, stderr);
  const [line, exitedAt] = stdout.trim().split('\n') as [string, string];
  const { first, grown, end } = JSON.parse(line) as { first: number[]; grown: number; end: number };
  assert.deepEqual(first, [1, 4, 9, 16, 25]);
  assert.ok(grown <= 0, `${grown} threads more`);
  assert.ok(Number(exitedAt) - end < 1, `ended ${Number(exitedAt) - end} s after its last line`);
  assert.deepEqual(readdirSync(temporary), []);
});

/** A local run that does not end, of a process that does, as `end` says; answers where its files were. */
async function endDuringRun(t: TestContext, temporary: string, end: string): Promise<string> {
  const { stdout } = await runScript(
    t,
    `
      import { readdirSync } from 'node:fs';
      process.env.TMPDIR = ${JSON.stringify(temporary)};
      const { compute } = await import('${PACKAGE}');
      const job = compute.for(1, 1, () => new Promise((resolve) => setTimeout(resolve, 60_000)));
      job.on('accepted', () => process.stdout.write(readdirSync(process.env.TMPDIR).join(), () => ${end}));
      await job.localExec(1);
    `,
  );
  return stdout;
}

test('localExec leaves no file either when its process exits meanwhile', async (t) => {
  const temporary = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  t.after(() => rmSync(temporary, { recursive: true, force: true }));
  assert.match(await endDuringRun(t, temporary, 'process.exit()'), /^dcp-local-/);
  assert.deepEqual(readdirSync(temporary), []);
});

test('what a killed process left the next run removes, and nothing else', async (t) => {
  const temporary = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  t.after(() => rmSync(temporary, { recursive: true, force: true }));
  const left = await endDuringRun(t, temporary, `process.kill(process.pid, 'SIGKILL')`);
  assert.deepEqual(readdirSync(temporary), [left]);
  const [, space, boot, pid, started, end] = /^dcp-local-([0-9]+)-([0-9a-z]+)-([0-9]+)-([0-9]+)-(\w+)$/.exec(
    left,
  )!;
  const kept = [
    // Another container's, another machine's, and who knows whose.
    `dcp-local-1${space}-${boot}-${pid}-${started}-${end}`,
    `dcp-local-${space}-0${boot}-${pid}-${started}-${end}`,
    `dcp-local-${end}`,
    `${left}.old`,
  ];
  for (const name of kept) mkdirSync(path.join(temporary, name));
  writeFileSync(path.join(temporary, `${left}0`), 'a file');
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = temporary;
  try {
    // The first one lives while the second one starts and ends.
    const job = compute.for(1, 1, () => new Promise(() => setTimeout(() => undefined, 60_000)));
    const accepted = new Promise((resolve) => job.once('accepted', resolve));
    const running = assert.rejects(job.localExec(1), { code: 'ECANCELLED' });
    await accepted;
    await endDuringRun(t, temporary, 'process.exit()');
    const living = readdirSync(temporary).filter((name) => name.includes(`-${process.pid}-`));
    assert.equal(living.length, 1);
    assert.deepEqual(readdirSync(path.join(temporary, living[0]!)).length > 0, true);
    await job.cancel();
    await running;
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
  assert.deepEqual(readdirSync(temporary).sort(), [...kept, `${left}0`].sort());
});

test('localExec rejects like exec and cleans up', async () => {
  const job = compute.for([1, () => 1], (n: unknown) => n);
  await assert.rejects(job.localExec(1), { code: 'EENCODING' });
  await assert.rejects(compute.for(1, 2, (n: number) => n).localExec(0), { code: 'EINVAL', field: 'cores' });
});

test('localExec can be cancelled', async () => {
  const job = compute.for(1, 2, () => new Promise(() => setTimeout(() => undefined, 60_000)));
  job.once('accepted', () => setTimeout(() => void job.cancel(), 100));
  await assert.rejects(job.localExec(2), { code: 'ECANCELLED' });
});

test('a Job that has run here can still be cancelled and asked for its results, which asks no Scheduler', async () => {
  const local = createCompute({ scheduler: path.join(tmpdir(), 'there', 'is', 'none') });
  const job = local.for(1, 3, (n: number) => n * 3);
  const results = await job.localExec(1);
  await job.cancel();
  assert.equal(await job.fetchResults(), results);
  assert.deepEqual([...results], [3, 6, 9]);
});

test('localExec runs a Job of Compute Groups, too', { timeout: 30_000 }, async () => {
  const job = compute.for(1, 2, (n: number) => n * 3);
  job.computeGroups = ['one', { joinKey: 'two' }];
  assert.deepEqual([...(await job.localExec(1))], [3, 6]);
});

test('localExec refuses options that are none, with name and value', async () => {
  for (const [args, message] of [
    [['4'], 'cores: expected a whole number from 1 to 1024, got "4"'],
    [[1, 5], 'options: expected an object, got 5'],
    [
      [1, { bogus: 1 }],
      'options.bogus: is not an option of localExec; these are: fixedDate, randomSeed, allowedOrigins, gpu, inspect',
    ],
    [
      [1, { gpu: { adapter: 'nvidia' } }],
      'gpu.adapter: is not an option for GPUs (did you mean adapters?); these are: adapters, bannedAdapters, allowSoftware',
    ],
    [
      [1, { inspect: { prot: 1 } }],
      'inspect.prot: is not an option for debuggers (did you mean port?); these are: host, port, onTarget',
    ],
    [[1, { fixedDate: 'x' }], 'fixedDate: expected a valid Date or its milliseconds, got "x"'],
    [
      [1, { fixedDate: new Date('x') }],
      'fixedDate: expected a valid Date or its milliseconds, got an invalid Date',
    ],
    [[1, { allowedOrigins: 'https://a' }], 'allowedOrigins: expected an array, got "https://a"'],
  ] as const) {
    const job = compute.for(1, 1, (n: number) => n);
    await assert.rejects(job.localExec(...(args as unknown as [number])), { code: 'EINVAL', message });
  }
});

test('localExec refuses what is not to be had here, and settings that are none, as exec does', async (t) => {
  const drawing = compute.for(1, 1, (n: number) => n);
  drawing.requirements = { environment: { offscreenCanvas: true } };
  await assert.rejects(drawing.localExec(1), {
    code: 'EREQUIREMENT',
    message: 'the Job requires environment.offscreenCanvas, which no Worker here has',
  });
  const { compute: nowhere } = await openScheduler(t);
  for (const [requirements, message] of [
    [null, 'job.requirements: expected an object, got null'],
    ['webgpu', 'job.requirements: expected an object, got "webgpu"'],
    [{ environment: 5 }, 'job.requirements.environment: expected an object, got 5'],
    [{ environment: [] }, 'job.requirements.environment: expected an object, got []'],
    [
      { environment: { webGPU: true } },
      'job.requirements.environment.webGPU: there is no such requirement (did you mean webgpu?)',
    ],
    [
      { webgpu: true },
      'job.requirements.webgpu: there is no such requirement (did you mean environment.webgpu?)',
    ],
    [
      { environment: { fetch: 'https://a.b' } },
      'job.requirements.environment.fetch: expected true, false or a list of origins, got "https://a.b"',
    ],
    [
      { environment: { webgpu: 'yes' } },
      'job.requirements.environment.webgpu: expected true, false or { features, limits }, got "yes"',
    ],
    [{ discrete: 1 }, 'job.requirements.discrete: expected true, false or an object, got 1'],
  ] as const) {
    for (const run of ['localExec', 'exec'] as const) {
      const job = nowhere.for(1, 1, (n: number) => n);
      job.requirements = requirements as never;
      await assert.rejects(async () => job[run](), { code: 'EINVAL', message });
    }
  }
  const grouped = compute.for(1, 1, (n: number) => n);
  grouped.computeGroups = 'abc' as never;
  await assert.rejects(grouped.localExec(1), { code: 'EINVAL', field: 'job.computeGroups' });
});
