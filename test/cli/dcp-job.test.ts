import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createCompute } from '#src/compute/index.js';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { jobFile, jsonLines, run, SQUARES, start, temporaryDirectory } from './support.js';

test('run --local prints results in order, everything else on standard error', async (t) => {
  const { code, stdout, stderr } = await run(t, 'dcp-job', [
    'run',
    jobFile(t, SQUARES),
    '--local',
    '2',
    '--',
    '5',
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '1\n4\n9\n16\n25\n');
  assert.match(stderr, /^Job \w{22} "Squares" \(on this machine alone\)\nJob \w{22}: 5 Slices done, .*s\n$/);
});

test('run --local --json prints JSON lines', async (t) => {
  const file = jobFile(
    t,
    `export default (compute) => compute.for(1, 3, (n) => {
      console.log('at', n);
      work.emit('half', n / 2);
      if (n === 2) throw new Error('two');
      return n === 3 ? new Map([[n, 1n]]) : { n };
    })`,
  );
  const { code, stdout } = await run(t, 'dcp-job', ['run', file, '--local', '--json']);
  assert.equal(code, 1);
  const lines = jsonLines(stdout);
  const ofType = (type: string): Record<string, unknown>[] => lines.filter((line) => line['type'] === type);
  assert.equal(ofType('accepted').length, 1);
  assert.equal(ofType('console').length, 3);
  assert.deepEqual(
    ofType('custom').find((line) => line['slice'] === 3),
    { type: 'custom', slice: 3, name: 'half', value: 1.5 },
  );
  assert.ok(ofType('status').length >= 1);
  const [first, second, third] = ofType('result');
  assert.deepEqual(first, { type: 'result', slice: 1, value: { n: 1 } });
  assert.equal((second!['error'] as { code: string }).code, 'EUNCAUGHT');
  assert.deepEqual(third, { type: 'result', slice: 3, inspect: 'Map(1) { 3 => 1n }' });
  const [complete] = ofType('complete');
  assert.deepEqual([complete!['slices'], complete!['failed']], [3, 1]);
});

/** Job files beside `node_modules` with the package, for each face of it and for another copy of its classes. */
function ownComputes(t: TestContext): Record<string, string> {
  const directory = temporaryDirectory(t);
  const checkout = path.resolve(import.meta.dirname, '../..');
  mkdirSync(path.join(directory, 'node_modules'));
  symlinkSync(checkout, path.join(directory, 'node_modules/dcp-worker-native'));
  const work = '(n) => { if (n === 2) throw Error(`no ${n}`); return n * n; }';
  const modules = {
    package: 'dcp-worker-native',
    checkout: pathToFileURL(path.join(checkout, 'dist/index.js')).href,
  };
  return Object.fromEntries(
    Object.entries(modules).map(([name, module]) => {
      const file = path.join(directory, `${name}.mjs`);
      writeFileSync(
        file,
        `import { compute } from '${module}';
         export default () => compute.for(1, 3, ${work});`,
      );
      return [name, file];
    }),
  );
}

test('a Job file may import its compute, of whichever copy of the package', async (t) => {
  for (const [name, file] of Object.entries(ownComputes(t))) {
    const plain = await run(t, 'dcp-job', ['run', file, '--local', '1']);
    assert.equal(plain.stdout, '1\n\n9\n', `${name}: ${plain.stderr}`);
    assert.equal(plain.code, 1);
    assert.match(plain.stderr, /^slice 2 failed, EUNCAUGHT: /m);
    const { stdout } = await run(t, 'dcp-job', ['run', file, '--local', '1', '--json']);
    const second = jsonLines(stdout).find((line) => line['type'] === 'result' && line['slice'] === 2);
    assert.equal((second!['error'] as { code: string }).code, 'EUNCAUGHT', name);
  }
});

test('a Job of a compute of its own goes to the Scheduler of that, and to no other that the command line names', async (t) => {
  const directory = temporaryDirectory(t);
  const [named, usual] = [path.join(directory, 'named'), path.join(directory, 'usual')];
  const env = { DCP_SCHEDULER_DIR: usual };
  for (const file of Object.values(ownComputes(t))) {
    const refused = await run(t, 'dcp-job', ['run', file, '--scheduler', named], env);
    assert.equal(refused.code, 2);
    assert.equal(refused.stdout, '');
    assert.ok(
      refused.stderr.includes(
        `its Job is for the Scheduler in ${usual}, not for the one in ${named}: make it with the "compute" that the default export is given`,
      ),
      refused.stderr,
    );
    assert.deepEqual(readdirSync(directory), []);
  }
  const worker = start(t, 'dcp-worker', ['--scheduler', usual, '--cores', '1']);
  await worker.printed(/Sandbox/);
  for (const file of Object.values(ownComputes(t))) {
    const { stdout, stderr } = await run(t, 'dcp-job', ['run', file], env);
    assert.equal(stdout, '1\n\n9\n', stderr);
  }
  worker.child.kill('SIGTERM');
  await worker.ended;
});

test('done of the Job file is given results, output directory and arguments', async (t) => {
  const output = path.join(temporaryDirectory(t), 'out');
  const file = jobFile(
    t,
    `import { mkdirSync, writeFileSync } from 'node:fs';
    export default async (compute, { args }) => compute.for(args, (text) => text.length);
    export async function done(results, { job, outputDirectory, args }) {
      writeFileSync(outputDirectory + '/out.json', JSON.stringify({ results, args, id: job.id }));
      console.log('written');
    }`,
  );
  const { code, stdout, stderr } = await run(t, 'dcp-job', [
    'run',
    file,
    '--local',
    '1',
    '--output',
    output,
    '--',
    'a',
    '--bb',
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'written\n');
  const written = JSON.parse(readFileSync(path.join(output, 'out.json'), 'utf8')) as Record<string, unknown>;
  assert.deepEqual(written['results'], [1, 4]);
  assert.deepEqual(written['args'], ['a', '--bb']);
  assert.match(String(written['id']), /^\w{22}$/);
});

test('done that throws: exit code 1, one line that says where, and the results are printed', async (t) => {
  const file = jobFile(
    t,
    `export default (compute) => compute.for(1, 2, (n) => n * 7);
    export async function done() { null.property; }`,
  );
  const { code, stdout, stderr } = await run(t, 'dcp-job', ['run', file, '--local', '1']);
  assert.equal(code, 1);
  assert.equal(stdout, '7\n14\n');
  assert.match(stderr, /^dcp-job: .*job\.mjs: done threw TypeError: Cannot read .* \(.*job\.mjs, line 2\)$/m);
});

test('a failed Slice: exit code 1, its error on standard error, done is not called, what succeeded is printed', async (t) => {
  const file = jobFile(
    t,
    `export default (compute) => compute.for(1, 3, (n) => { if (n === 2) null.property; return n; });
    export function done() { console.log('never'); }`,
  );
  const { code, stdout, stderr } = await run(t, 'dcp-job', ['run', file, '--local']);
  assert.equal(code, 1);
  assert.equal(stdout, '1\n\n3\n');
  assert.match(stderr, /slice 2 failed, EUNCAUGHT: TypeError: Cannot read properties of null/);
  assert.match(stderr, /3 Slices done, 1 of them failed/);
});

test('line n of the results is of Slice n: empty where it failed', async (t) => {
  const on = ['--scheduler', temporaryDirectory(t)];
  const worker = start(t, 'dcp-worker', [...on, '--cores', '1']);
  const file = jobFile(
    t,
    `export default (compute) => compute.for(1, 4, (n) => { if (n % 3 === 1) throw Error('no ' + n); return n; });`,
  );
  const ran = await run(t, 'dcp-job', ['run', file, ...on]);
  assert.equal(ran.code, 1);
  assert.equal(ran.stdout, '\n2\n3\n\n');
  assert.match(ran.stderr, /slice 4 failed, EUNCAUGHT: Error: no 4/);
  const [job] = jsonLines((await run(t, 'dcp-job', ['ls', '--json', ...on])).stdout);
  const results = await run(t, 'dcp-job', ['results', job!['id'] as string, ...on]);
  assert.equal(results.stdout, ran.stdout);
  assert.match(results.stderr, /slice 1 failed[^]*slice 4 failed/);
  worker.child.kill('SIGTERM');
  await worker.ended;
});

test('mistakes of usage: exit code 2 and one line that says what is wrong', async (t) => {
  const cases: [string[], RegExp][] = [
    [['rn'], /^dcp-job: unknown command 'rn'\n\(Did you mean/],
    [['ls', '--jsn'], /^dcp-job: unknown option '--jsn'\n\(Did you mean --json\?\)/],
    [['run', 'job.mjs', '--output', '--json'], /^dcp-job: option '--output <dir>' argument missing\n/],
    [['run', 'no-such-file.mjs'], /^dcp-job: no-such-file\.mjs: no such file\n$/],
    [
      ['run', jobFile(t, 'export const x = 1'), '--local'],
      /expected "export default function .* that returns a Job; if it is a program, run it with node\n$/,
    ],
    [['run', jobFile(t, 'export default () => 5'), '--local'], /its default export returned no Job/],
    [
      ['run', jobFile(t, 'export default (compute) => compute.for(1, 2, Math.sqrt)'), '--local'],
      /^dcp-job: workFunction: .*native or bound/,
    ],
    [
      ['run', jobFile(t, 'export default (compute) => compute.for([Symbol()], (x) => x)'), '--local'],
      /^dcp-job: input set, Slice 1, /,
    ],
    [['run', jobFile(t, SQUARES), '--local', '0'], /expected a whole number from 1 to 1024/],
    [['run', '--local', '1.5', jobFile(t, SQUARES)], /expected a whole number from 1 to 1024/],
    [['run', '--local', 'no-such-file.mjs'], /^dcp-job: no-such-file\.mjs: no such file\n$/],
    [['run', temporaryDirectory(t)], /: expected a Job file, got a directory\n$/],
    [
      ['run', jobFile(t, '\n\nexport default (compute { })'), '--local'],
      /job\.mjs: cannot be loaded: SyntaxError: .*job\.mjs, line 3\)\n$/,
    ],
    [['run', jobFile(t, "import 'nothing-here-at-all'")], /cannot be loaded: .*'nothing-here-at-all'/],
    [
      ['run', jobFile(t, 'export default () =>\n null.x;')],
      /its default export threw TypeError: Cannot read.*job\.mjs, line 2\)\n$/,
    ],
    [['status'], /missing required argument/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await run(t, 'dcp-job', args);
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
    assert.equal(stdout, '');
  }
});

test('what cannot be written to is refused before anything is computed', async (t) => {
  const source = `
    export default (compute) => compute.for([0], () => { console.log('computed'); });
    export async function done() {}
  `;
  const file = jobFile(t, source);
  for (const output of [file, path.join(file, 'below'), '/proc/nowhere']) {
    const { code, stderr } = await run(t, 'dcp-job', ['run', '--local', file, '--output', output]);
    assert.equal(code, 2);
    assert.ok(stderr.startsWith(`dcp-job: --output: nothing can be written to ${output}: `), stderr);
    assert.doesNotMatch(stderr, /computed/);
  }
  const made = path.join(temporaryDirectory(t), 'not', 'there');
  assert.equal((await run(t, 'dcp-job', ['run', '--local', file, '--output', made])).code, 0);
  assert.ok(existsSync(made));
});

test('--local takes a number, not the file', async (t) => {
  const file = jobFile(t, SQUARES);
  const orders = [
    ['--local', file],
    ['--local', '1', file],
    ['--local', 'all', file],
    [file, '--local', '1'],
    [file, '--local'],
  ];
  for (const order of orders) {
    const { code, stdout, stderr } = await run(t, 'dcp-job', ['run', ...order, '--', '2']);
    assert.equal(code, 0, `${order.join(' ')}: ${stderr}`);
    assert.equal(stdout, '1\n4\n');
  }
  const words = jobFile(t, 'export default (compute, { args }) => compute.for(args, (word) => word)');
  const { stdout } = await run(t, 'dcp-job', ['run', words, '--local', '--', '--local', 'x']);
  assert.equal(stdout, '"--local"\n"x"\n', 'what follows "--" is left alone');
  const mistaken = await run(t, 'dcp-job', ['run', words, '--local', 'x2']);
  assert.equal(mistaken.code, 2);
  assert.match(
    mistaken.stderr,
    /--local: expected a whole number from 1 to 1024, or all, got "x2"; arguments .* "--"/,
  );
});

test('commands that look at Jobs make no Scheduler where there is none', async (t) => {
  const directory = path.join(temporaryDirectory(t), 'mistyped');
  for (const command of [['ls'], ['status', 'x'], ['results', 'x'], ['cancel', 'x'], ['rm', 'x']]) {
    await assertRefused(t, [...command, '--scheduler', directory], /mistyped: there is no Scheduler here/);
  }
  assert.ok(!existsSync(directory));
  const nothing = await run(t, 'dcp-job', ['ls', '--scheduler', '']);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /--scheduler: expected the path of a directory, got nothing/);
});

test('--help names options, defaults and exit codes', async (t) => {
  const { code, stdout } = await run(t, 'dcp-job', ['run', '--help']);
  assert.equal(code, 0);
  for (const word of [
    '--local',
    '1 to 1024',
    '--output',
    '--json',
    'DCP_SCHEDULER_DIR',
    'Exit codes',
    '130',
  ]) {
    assert.ok(stdout.includes(word), word);
  }
});

test('a Job from run to rm, on a Scheduler directory with a Worker', async (t) => {
  const directory = temporaryDirectory(t);
  const on = ['--scheduler', directory];
  const worker = start(t, 'dcp-worker', [...on, '--cores', '1']);
  await worker.printed(/Sandbox/);
  const ran = await run(t, 'dcp-job', ['run', jobFile(t, SQUARES), ...on, '--', '4']);
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(ran.stdout, '1\n4\n9\n16\n');

  const list = await run(t, 'dcp-job', ['ls', ...on]);
  assert.match(list.stdout, /^JOB +STATE +DONE +FAILED +AGE +NAME\n\w{22} +finished +4\/4 +0 +.*Squares\n$/);
  const [job] = jsonLines((await run(t, 'dcp-job', ['ls', '--json', ...on])).stdout);
  const id = String(job!['id']);
  const status = await run(t, 'dcp-job', ['status', id, ...on]);
  assert.match(status.stdout, /state +finished/);
  const results = await run(t, 'dcp-job', ['results', id, '--json', ...on]);
  assert.deepEqual(
    jsonLines(results.stdout).map((line) => line['value']),
    [1, 4, 9, 16],
  );
  assert.equal((await run(t, 'dcp-job', ['rm', id, ...on])).code, 0);
  assert.equal((await run(t, 'dcp-job', ['ls', ...on])).stdout, '');
  const gone = await run(t, 'dcp-job', ['status', id, ...on]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /^dcp-job: job "\w{22}": the Scheduler has no such Job\n$/);
});

test('what a Job is called, and what its Slices say, moves nothing in a terminal', async (t) => {
  const directory = temporaryDirectory(t);
  const on = ['--scheduler', directory];
  const evil = 'evil\x1b]0;owned\x07\x1b[2J\nJOB2  finished\x9b\u202e';
  const job = createCompute({ scheduler: directory }).for(1, 1, () => 1);
  job.public.name = job.public.description = evil;
  void job.exec().catch(() => undefined);
  await new Promise((resolve) => job.once('accepted', resolve));
  const source = `export default (compute) => {
    const job = compute.for(1, 2, (n, text) => {
      console.log(text);
      if (n === 2) throw new Error(text);
      return new Map([[text, text]]);
    }, [${JSON.stringify(evil)}]);
    job.public.name = ${JSON.stringify(evil)};
    return job;
  };`;
  for (const command of [
    ['ls', ...on],
    ['ls', '--json', ...on],
    ['status', job.id!, ...on],
    ['run', jobFile(t, source), '--local', '1'],
  ]) {
    const { stdout, stderr } = await run(t, 'dcp-job', command);
    assert.match(stdout, /evil/);
    assert.doesNotMatch(stdout, /^JOB2/m, command[0]);
    assert.doesNotMatch(stdout + stderr, /(?!\n)[\p{Cc}\p{Bidi_Control}]/u, command[0]);
  }
  await job.cancel();
});

/** A run of a Job of which somebody has taken a Slice. */
async function startWithLease(t: TestContext): Promise<ReturnType<typeof start>> {
  const directory = temporaryDirectory(t);
  const client = start(t, 'dcp-job', ['run', jobFile(t, SQUARES), '--scheduler', directory, '--', '6']);
  const [, id] = await client.printed(/Job (\w{22}) "Squares"/);
  const scheduler = await openEmbeddedScheduler(directory);
  t.after(() => scheduler.close());
  await scheduler.requestTask({
    workerId: 'busy',
    sandboxes: 1,
    targetMs: 1_000,
    sliceMs: {},
    computeGroups: [],
    publicGroup: 'take',
    jobIds: [id!],
    exceptJobs: [],
    maxSlices: 1,
    maxBytes: 1_000,
    capabilities: { webgpu: [], fetch: [] },
  });
  return client;
}

test('Ctrl-C leaves the Job with the Scheduler and says how to follow it', async (t) => {
  const directory = temporaryDirectory(t);
  const on = ['--scheduler', directory];
  const busy = await startWithLease(t);
  const client = start(t, 'dcp-job', ['run', jobFile(t, SQUARES), ...on, '--', '6']);
  const [, id] = await client.printed(/Job (\w{22}) "Squares"/);
  await client.printed(
    /no Worker has taken a Slice so far; start one with: dcp-worker --scheduler .*; if one runs, this says why: .* doctor\n/,
  );
  busy.child.kill('SIGINT');
  assert.doesNotMatch((await busy.ended).stderr, /no Worker/, 'it has a Slice, and no result yet');
  client.child.kill('SIGINT');
  const { code, stderr } = await client.ended;
  assert.equal(code, 130);
  assert.match(stderr, new RegExp(`dcp-job results ${id} --wait --scheduler`));
  await assertRefused(t, ['rm', id!, ...on], /is open; cancel it first, or use --force/);

  const waiting = start(t, 'dcp-job', ['results', id!, '--wait', ...on]);
  const worker = await run(t, 'dcp-worker', [...on, '--exit-when-idle', '--cores', '2']);
  assert.equal(worker.code, 0, worker.stderr);
  const { code: waitCode, stdout } = await waiting.ended;
  assert.equal(waitCode, 0);
  assert.equal(stdout, '1\n4\n9\n16\n25\n36\n');
});

test('a local run that is interrupted before there is a Job, or terminated, leaves no file', async (t) => {
  const temporary = temporaryDirectory(t);
  const file = jobFile(
    t,
    `export default (compute) => {
      const job = compute.for(1, 1, () => new Promise((resolve) => setTimeout(resolve, 60_000)));
      if (process.env.EARLY)
        job.on('readystatechange', (state) => state === 'init' && process.kill(process.pid, 'SIGINT'));
      return job;
    }`,
  );
  const early = start(t, 'dcp-job', ['run', file, '--local', '1'], { TMPDIR: temporary, EARLY: '1' });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    const late = start(t, 'dcp-job', ['run', file, '--local', '1'], { TMPDIR: temporary });
    await late.printed(/Job \w{22} /);
    late.child.kill(signal);
    // As a terminal that closes does, by its shell.
    if (signal === 'SIGHUP') late.child.kill(signal);
    const ended = await late.ended;
    assert.deepEqual([ended.code, ended.signal], [null, signal], ended.stderr);
  }
  assert.equal((await early.ended).code, 130);
  assert.deepEqual(readdirSync(temporary), []);
});

test('a local run that nobody reads any more is cancelled, exit code 1, and leaves no file', async (t) => {
  const temporary = temporaryDirectory(t);
  const args = ['run', jobFile(t, SQUARES), '--local', '1', '--json', '--', '100000', '5'];
  const running = start(t, 'dcp-job', args, { TMPDIR: temporary });
  await running.printed(/"accepted"/);
  running.child.stdout!.destroy();
  const { code, stderr } = await running.ended;
  assert.deepEqual([code, stderr], [1, '']);
  assert.deepEqual(readdirSync(temporary), []);
});

test('cancel ends a run with exit code 1; its results so far can be read', async (t) => {
  const on = ['--scheduler', temporaryDirectory(t)];
  start(t, 'dcp-worker', [...on, '--cores', '1']);
  const client = start(t, 'dcp-job', ['run', jobFile(t, SQUARES), ...on, '--', '100000', '5']);
  const [, id] = await client.printed(/Job (\w{22}) "Squares"/);
  for (let done = 0; done < 3;) {
    const { stdout } = await run(t, 'dcp-job', ['status', id!, ...on]);
    done = Number(/\bslices\s+(\d+)\/100000/.exec(stdout)![1]);
  }
  assert.equal((await run(t, 'dcp-job', ['cancel', id!, ...on])).code, 0);
  const { code, stderr } = await client.ended;
  assert.equal(code, 1);
  assert.match(stderr, /: cancelled\n$/);
  const results = await run(t, 'dcp-job', ['results', id!, ...on]);
  assert.equal(results.code, 1);
  assert.match(results.stdout, /^1\n4\n9\n/);
  assert.match(results.stderr, /is cancelled: \d+\/100000 Slices done/);
});

async function assertRefused(t: Parameters<typeof run>[0], args: string[], message: RegExp): Promise<void> {
  const { code, stderr } = await run(t, 'dcp-job', args);
  assert.equal(code, 1);
  assert.match(stderr, message);
}
