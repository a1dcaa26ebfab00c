import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { defaultStatusSocket, statusSocketsToTry } from '#src/cli/status-socket.js';
import { encode } from '#src/codec/index.js';
import { DEFAULT_JOB_LIMITS, type JobRequirements } from '#src/model/index.js';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { openStatusServer } from '#src/status/index.js';
import { HOSTILE_NAME, serve, statusOf, temporaryDirectory } from './support.js';

const PROGRAM = fileURLToPath(new URL('./worker-program.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; nothing of this process's environment names a Worker. */
async function run(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const home = temporaryDirectory(t);
  const { PATH } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { PATH, HOME: home, ...env }, cwd: home });
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => (stdout += String(data)));
  child.stderr.on('data', (data) => (stderr += String(data)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

test('the socket is where the environment says, the most particular first', () => {
  const all = {
    DCP_WORKER_SOCKET: '/s',
    RUNTIME_DIRECTORY: '/run/a:/run/b',
    XDG_RUNTIME_DIR: '/run/user/1',
    HOME: '/home/me',
  };
  assert.equal(defaultStatusSocket(all), '/s');
  const { DCP_WORKER_SOCKET: _s, ...unnamed } = all;
  assert.equal(defaultStatusSocket(unnamed), '/run/a/dcp-worker.sock');
  const { RUNTIME_DIRECTORY: _r, ...session } = unnamed;
  assert.equal(defaultStatusSocket(session), '/run/user/1/dcp-worker.sock');
  assert.equal(defaultStatusSocket({ HOME: '/home/me' }), '/home/me/.dcp/dcp-worker/dcp-worker.sock');
  assert.deepEqual(statusSocketsToTry(undefined, session), [
    '/run/user/1/dcp-worker.sock',
    '/home/me/.dcp/dcp-worker/dcp-worker.sock',
    '/run/dcp-worker/dcp-worker.sock',
  ]);
  // Another home is another Worker's, be it in the same session.
  const elsewhere = { ...session, DCP_HOMEDIR: '/srv' };
  assert.equal(defaultStatusSocket(elsewhere), '/srv/.dcp/dcp-worker/dcp-worker.sock');
  assert.deepEqual(statusSocketsToTry(undefined, elsewhere), ['/srv/.dcp/dcp-worker/dcp-worker.sock']);
  assert.deepEqual(statusSocketsToTry(undefined, all), ['/s']);
  assert.deepEqual(statusSocketsToTry('/named', all), ['/named']);
});

test('status and report say what the Worker does, for people and as JSON', async (t) => {
  const { socket, source } = await serve(t);
  const [text, json, report] = await Promise.all([
    run(t, ['status', '--status-socket', socket]),
    run(t, ['status', '--json'], { DCP_WORKER_SOCKET: socket }),
    run(t, ['report', '--status-socket', socket]),
  ]);
  assert.deepEqual([text.code, text.stderr], [0, '']);
  assert.match(text.stdout, /^running, up 2 h 5 min/);
  assert.doesNotMatch(text.stdout, /Mandelbrot/);
  assert.deepEqual(JSON.parse(json.stdout), JSON.parse(JSON.stringify(source.status())));
  assert.match(report.stdout, /Mandelbrot, deep zoom/);
  assert.doesNotMatch(report.stdout, /\u001b/);
});

test('commands reach the Worker and say what comes of it', async (t) => {
  const { socket, control } = await serve(t);
  const env = { DCP_WORKER_SOCKET: socket };
  const said: string[] = [];
  for (const args of [
    ['pause'],
    ['resume'],
    ['drain'],
    ['stop'],
    ['stop', '--now'],
    ['reload'],
    ['pause', '--json'],
    ['profile', 'inUse'],
  ]) {
    const { code, stdout } = await run(t, args, env);
    assert.equal(code, 0);
    said.push(stdout.trim());
  }
  assert.deepEqual(control.calls, [
    'pause',
    'resume',
    'drain',
    'stop',
    'stop now',
    'reload',
    'pause',
    'profile inUse',
  ]);
  assert.equal(said[0], 'the Worker is paused: what runs may end');
  assert.equal(said[5], 'cores: 4 instead of 8');
  assert.equal(said[7], 'profile inUse: 8 places → 2 places');
  assert.deepEqual(JSON.parse(said[6]!), { type: 'pause', state: 'running' });
});

test('where no Worker is, the places that were looked at are named', async (t) => {
  const none = await run(t, ['status']);
  assert.equal(none.code, 1);
  assert.match(
    none.stderr,
    /^dcp-worker: no Worker listens at \S+\/\.dcp\/dcp-worker\/dcp-worker\.sock, \/run\/dcp-worker\/dcp-worker\.sock; is it running\?/,
  );
  const named = await run(t, ['pause', '--status-socket', '/nowhere/x.sock']);
  assert.deepEqual(
    [named.code, named.stderr],
    [
      1,
      'dcp-worker: no Worker listens at /nowhere/x.sock; is it running? --status-socket names another place\n',
    ],
  );
  const usage = await run(t, ['status', '--wrong']);
  assert.equal(usage.code, 2);
});

test('a Worker is found in the home directory when the session names another place', async (t) => {
  const home = temporaryDirectory(t);
  mkdirSync(path.join(home, 'empty'));
  const { source, control } = await serve(t);
  const server = await openStatusServer({
    source,
    control,
    socket: path.join(home, '.dcp/dcp-worker/dcp-worker.sock'),
    http: null,
    onError: assert.fail,
  });
  t.after(() => server.close());
  const { code } = await run(t, ['status'], { HOME: home, XDG_RUNTIME_DIR: path.join(home, 'empty') });
  assert.equal(code, 0);
});

test('a Worker that ends while it is asked is told apart from none', async (t) => {
  const socket = path.join(temporaryDirectory(t), 'worker.sock');
  const dying = createServer((connection) => connection.once('data', () => connection.destroy())).listen(
    socket,
  );
  t.after(() => dying.close());
  await once(dying, 'listening');
  const { code, stderr } = await run(t, ['status', '--status-socket', socket]);
  assert.deepEqual(
    [code, stderr],
    [1, `dcp-worker: the Worker at ${socket}: it ended before it had answered\n`],
  );
});

test('watching ends with the Worker', async (t) => {
  const { socket, server, source } = await serve(t);
  let asked = 0;
  source.status = () => {
    if (++asked === 3) void server.close();
    return statusOf();
  };
  const { code, stdout, stderr } = await run(t, ['status', '--watch', '--json', '--status-socket', socket]);
  assert.equal(code, 1);
  assert.match(stderr, /no Worker listens at/);
  assert.equal(stdout.trim().split('\n').length, 3);
});

interface Diagnosis {
  readonly works: boolean;
  readonly sections: readonly {
    readonly name: string;
    readonly findings: readonly { kind: string; code: string | null; text: string; fix: string | null }[];
  }[];
}

/** What the doctor says, and how it ends. */
async function diagnose(
  t: TestContext,
  args: readonly string[],
): Promise<{
  code: number | null;
  works: boolean;
  of(section: string): Diagnosis['sections'][number]['findings'];
}> {
  const { code, stdout, stderr } = await run(t, ['doctor', '--json', ...args]);
  assert.equal(stderr, '');
  const { works, sections } = JSON.parse(stdout) as Diagnosis;
  return { code, works, of: (section) => sections.find(({ name }) => name === section)!.findings };
}

test('the doctor names what is missing: no Worker, no Scheduler; the evaluator is tried for real', async (t) => {
  const scheduler = path.join(temporaryDirectory(t), 'scheduler');
  const { code, works, of } = await diagnose(t, ['--scheduler', scheduler]);
  assert.deepEqual([code, works], [1, false]);
  assert.deepEqual(of('evaluator')[0]!.kind, 'ok');
  assert.match(of('evaluator')[0]!.text, /^an evaluator process ran a Slice, after \d+ ms$/);
  assert.deepEqual(
    of('worker').map(({ kind, code, fix }) => [kind, code, fix]),
    [['problem', 'NO_WORKER', 'dcp-worker']],
  );
  assert.deepEqual(
    of('work').map(({ kind, code, fix }) => [kind, code, fix]),
    [['problem', 'SCHEDULER_MISSING', `dcp-job run FILE --scheduler ${scheduler}`]],
  );
  assert.ok(of('machine').every(({ kind }) => kind !== 'problem'));
});

test('the doctor says of each Job why it is not for this Worker, beside a Scheduler that is in use', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await openEmbeddedScheduler(directory);
  t.after(() => scheduler.close());
  const deploy = (
    name: string,
    environment: JobRequirements['environment'] & object,
    computeGroups: string[] = [],
  ): Promise<string> =>
    scheduler.createJob({
      public: { name, description: '', link: '' },
      workFunction: '(n) => n',
      modules: null,
      arguments: encode([]),
      codec: 'native',
      inputSet: { kind: 'range', start: 1, step: 1, count: 3 },
      requirements: { environment },
      computeGroups,
      limits: DEFAULT_JOB_LIMITS,
    });
  await deploy('needs a GPU', { webgpu: true });
  await deploy('fetches', { fetch: ['https://data.example.org'] });
  await deploy('draws', { offscreenCanvas: true });
  await deploy(HOSTILE_NAME, {}, ['club']);
  const { socket, source } = await serve(t);
  source.current = statusOf({ scheduler: directory });
  const args = ['--scheduler', directory, '--status-socket', socket];

  const none = await diagnose(t, args);
  assert.equal(none.code, 1);
  const codes = none.of('work').map(({ kind, code }) => [kind, code]);
  assert.deepEqual(codes.slice(1).sort(), [
    ['note', 'JOB_NEEDS_ORIGINS'],
    ['note', 'JOB_NEEDS_OTHER_WORKER'],
    ['note', 'JOB_NEEDS_WEBGPU'],
    ['note', 'JOB_OF_OTHER_GROUP'],
    ['problem', 'NO_WORK_FOR_THIS_WORKER'],
  ]);
  const fetches = none.of('work').find(({ code }) => code === 'JOB_NEEDS_ORIGINS')!;
  assert.equal(fetches.fix, "dcp-worker --allowedOrigins 'https://data.example.org'");
  assert.equal(none.of('worker')[0]!.kind, 'ok');

  const joined = await diagnose(t, [
    ...args,
    '--join',
    'club',
    '--allowed-origins',
    'https://data.example.org',
  ]);
  assert.deepEqual([joined.code, joined.works], [0, true]);
  assert.equal(joined.of('work').filter(({ kind }) => kind === 'ok').length, 2);

  const chosen = await diagnose(t, [...args, '--join', 'club', '--job-id', 'another']);
  assert.equal(chosen.of('work').filter(({ code }) => code === 'JOB_NOT_CHOSEN').length, 4);

  const text = await run(t, ['doctor', ...args]);
  assert.equal(text.code, 1);
  assert.match(text.stdout, /^1\. The evaluator can be started\n {2}✓ an evaluator process ran a Slice/);
  assert.match(text.stdout, /\n {2}✗ no open Job is for this Worker \(NO_WORK_FOR_THIS_WORKER\)\n/);
  assert.doesNotMatch(text.stdout, /[\u001b\u202e]/);
});

test('the doctor says that the Worker that runs uses another Scheduler, and asks for nothing where nobody looks', async (t) => {
  const used = path.join(temporaryDirectory(t), "somebody's");
  const { socket, source } = await serve(t);
  source.current = statusOf({ scheduler: used });
  const elsewhere = [
    'problem',
    'OTHER_SCHEDULER',
    `dcp-worker --scheduler '${used.replace("'", "'\\''")}' doctor`,
  ];
  const missing = path.join(temporaryDirectory(t), 'default');
  const { of, code } = await diagnose(t, ['--scheduler', missing, '--status-socket', socket]);
  assert.equal(code, 1);
  assert.deepEqual(
    of('work').map(({ kind, code, fix }) => [kind, code, fix]),
    [elsewhere],
  );
  assert.equal(of('work')[0]!.text, `${missing} is asked about, and the Worker that runs uses ${used}`);

  const directory = temporaryDirectory(t);
  const scheduler = await openEmbeddedScheduler(directory);
  t.after(() => scheduler.close());
  const there = await diagnose(t, ['--scheduler', directory, '--status-socket', socket]);
  assert.deepEqual(
    there.of('work').map(({ code }) => code),
    ['OTHER_SCHEDULER', 'NO_WORK'],
  );
  // One that was here before is another.
  source.current = statusOf({ scheduler: directory, schedulerIdentity: 'embedded:before' });
  const replaced = await diagnose(t, ['--scheduler', directory, '--status-socket', socket]);
  assert.deepEqual(
    replaced.of('work').map(({ code }) => code),
    ['OTHER_SCHEDULER', 'NO_WORK'],
  );
  assert.match(replaced.of('work')[0]!.text, /another has taken its place$/);
  source.current = statusOf({ scheduler: missing, schedulerIdentity: 'embedded:before' });
  const removed = await diagnose(t, ['--scheduler', missing, '--status-socket', socket]);
  assert.deepEqual(
    removed.of('work').map(({ code, fix }) => [code, fix]),
    [['SCHEDULER_MISSING', 'put it back, or dcp-worker stop, then dcp-worker']],
  );
  // Another name of the same directory is none.
  const link = path.join(temporaryDirectory(t), 'link');
  symlinkSync(directory, link);
  source.current = statusOf({ scheduler: link, schedulerIdentity: scheduler.identity });
  const same = await diagnose(t, ['--scheduler', directory, '--status-socket', socket]);
  assert.deepEqual(
    same.of('work').map(({ code }) => code),
    ['NO_WORK'],
  );
});

test('a paused Worker is a problem that one command mends', async (t) => {
  const { socket, source } = await serve(t);
  source.current = statusOf({ state: 'paused' });
  const { of, code } = await diagnose(t, ['--scheduler', temporaryDirectory(t), '--status-socket', socket]);
  assert.equal(code, 1);
  assert.deepEqual(
    of('worker').map(({ kind, fix }) => [kind, fix]),
    [['problem', 'dcp-worker resume']],
  );
});
