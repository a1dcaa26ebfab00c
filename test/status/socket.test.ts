import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DcpError } from '#src/model/index.js';
import { openStatusServer, type StatusServerOptions } from '#src/status/index.js';
import { MAX_SOCKET_PATH_BYTES } from '#src/system/index.js';
import { ask, LiteralSource, RecordingControl, serve, temporaryDirectory } from './support.js';

/** A server on this socket alone. */
function optionsFor(socket: string): StatusServerOptions {
  return {
    source: new LiteralSource(),
    control: new RecordingControl(),
    socket,
    http: null,
    onError: assert.fail,
  };
}

test('the socket is for its owner alone, whatever the umask, in a folder that is, too', async (t) => {
  const before = process.umask(0o000);
  t.after(() => process.umask(before));
  const socket = path.join(temporaryDirectory(t), 'new/folder/worker.sock');
  const server = await openStatusServer(optionsFor(socket));
  t.after(() => server.close());
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  assert.equal(statSync(path.dirname(socket)).mode & 0o777, 0o700);
  assert.equal(process.umask(), 0o000);
  await server.close();
  assert.equal(existsSync(socket), false);
});

test(
  'another user is refused by the kernel',
  { skip: process.getuid?.() !== 0 && 'needs root to become somebody else' },
  async (t) => {
    const { socket } = await serve(t);
    // The folder lets everybody through: the socket's own permissions decide.
    chmodSync(path.dirname(socket), 0o755);
    const script = `require('net').connect(process.argv[1]).on('error', (e) => process.stdout.write(e.code)).on('connect', () => process.stdout.write('in').end?.() ?? process.exit())`;
    const child = spawn(process.execPath, ['-e', script, socket], {
      uid: 65534,
      gid: 65534,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (data) => (said += String(data)));
    await once(child, 'close');
    assert.equal(said, 'EACCES');
  },
);

test('a socket that a dead process left is replaced', async (t) => {
  const socket = path.join(temporaryDirectory(t), 'worker.sock');
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`,
    socket,
  ]);
  await once(child, 'close');
  assert.equal(statSync(socket).isSocket(), true);
  const server = await openStatusServer(optionsFor(socket));
  t.after(() => server.close());
  assert.equal((await ask(socket, '/status')).status, 200);
});

test('a socket whose folder was removed is there again before long', async (t) => {
  const socket = path.join(temporaryDirectory(t), 'run/worker.sock');
  const server = await openStatusServer({ ...optionsFor(socket), lookEveryMs: 20 });
  t.after(() => server.close());
  for (let round = 0; round < 2; round++) {
    rmSync(path.dirname(socket), { recursive: true });
    // As long as nobody may make it, it is tried again.
    writeFileSync(path.dirname(socket), '');
    await sleep(100);
    rmSync(path.dirname(socket));
    while (!existsSync(socket)) await sleep(10);
    assert.equal((await ask(socket, '/status')).status, 200);
    assert.equal(statSync(socket).mode & 0o777, 0o600);
  }
  await server.close();
  assert.equal(existsSync(socket), false);
});

test('a socket that was removed is there again as soon as it is looked for, and that is said', async (t) => {
  const socket = path.join(temporaryDirectory(t), 'run/worker.sock');
  mkdirSync(path.dirname(socket), { mode: 0o750 });
  const said: unknown[] = [];
  const server = await openStatusServer({
    ...optionsFor(socket),
    onSocketGone: (trouble) => said.push(trouble),
  });
  t.after(() => server.close());
  await server.lookAfterSocket();
  assert.deepEqual(said, []);
  rmSync(path.dirname(socket), { recursive: true });
  await Promise.all([server.lookAfterSocket(), server.lookAfterSocket()]);
  assert.equal((await ask(socket, '/status')).status, 200);
  assert.equal(statSync(path.dirname(socket)).mode & 0o777, 0o750);
  assert.deepEqual(readdirSync(path.dirname(socket)), ['worker.sock']);
  assert.deepEqual(said, [null]);
});

test('somebody else’s socket that is there by then is left alone, also at the end, and that is said once', async (t) => {
  const socket = path.join(temporaryDirectory(t), 'worker.sock');
  const said: (string | null)[] = [];
  const first = await openStatusServer({
    ...optionsFor(socket),
    onSocketGone: (trouble) => said.push(trouble),
  });
  t.after(() => first.close());
  rmSync(socket);
  const second = await openStatusServer(optionsFor(socket));
  t.after(() => second.close());
  for (let times = 0; times < 2; times++) await first.lookAfterSocket();
  assert.deepEqual(said, [
    `socket: ${socket}: the Worker with process id ${process.pid} listens there already`,
  ]);
  assert.equal((await ask(socket, '/status')).status, 200);
  await second.close();
  await first.lookAfterSocket();
  assert.equal(said.length, 2);
  assert.equal(said[1], null);
  assert.equal((await ask(socket, '/status')).status, 200);
  rmSync(socket);
  const third = await openStatusServer(optionsFor(socket));
  t.after(() => third.close());
  await first.close();
  assert.equal((await ask(socket, '/status')).status, 200);
});

test('a path as long as it may be is enough, whatever its parts', async (t) => {
  const folder = temporaryDirectory(t);
  const rest = MAX_SOCKET_PATH_BYTES - folder.length - 1;
  for (const name of ['x'.repeat(rest), `${'x'.repeat(rest - 2)}/y`]) {
    const socket = path.join(folder, name);
    const server = await openStatusServer(optionsFor(socket));
    assert.equal((await ask(socket, '/status')).status, 200);
    await server.close();
    assert.deepEqual(readdirSync(path.dirname(socket)), []);
  }
});

test('a socket of a live Worker is refused with its process id, and works on', async (t) => {
  const { socket } = await serve(t);
  await assert.rejects(openStatusServer(optionsFor(socket)), {
    code: 'ELISTEN',
    message: `socket: ${socket}: the Worker with process id ${process.pid} listens there already`,
  });
  assert.equal((await ask(socket, '/status')).status, 200);
});

test('a socket of another kind of process is refused, too', async (t) => {
  const socket = path.join(temporaryDirectory(t), 'worker.sock');
  const other = createServer((connection) => connection.end('hello\n')).listen(socket);
  t.after(() => other.close());
  await once(other, 'listening');
  await assert.rejects(openStatusServer(optionsFor(socket)), /another process listens there already/);
});

test('what is in the way, or cannot be a socket, is named', async (t) => {
  const folder = temporaryDirectory(t);
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  await assert.rejects(openStatusServer(optionsFor(file)), new RegExp(`${file}: something else is there`));
  const long = path.join(folder, 'x'.repeat(100));
  await assert.rejects(openStatusServer(optionsFor(long)), /has \d+ bytes, of 107 that it may have/);
  mkdirSync(path.join(folder, 'shut'));
});

test('each command reaches the Worker, and is answered with its state', async (t) => {
  const { socket, control } = await serve(t);
  for (const name of ['/pause', '/resume', '/drain', '/stop', '/stop?now']) {
    const { status, body } = await ask(socket, name, { method: 'POST' });
    assert.deepEqual([status, JSON.parse(body)], [200, { state: 'running' }]);
  }
  assert.deepEqual(JSON.parse((await ask(socket, '/reload', { method: 'POST' })).body), {
    lines: ['cores: 4 instead of 8'],
  });
  assert.deepEqual(control.calls, ['pause', 'resume', 'drain', 'stop', 'stop now', 'reload']);
});

test('a command that the Worker cannot follow says why; any other failure is a reference, and in the log', async (t) => {
  const { socket, control, errors } = await serve(t);
  control.failure = new DcpError('ELIFECYCLE', 'it stops');
  const refused = await ask(socket, '/pause', { method: 'POST' });
  assert.deepEqual(
    [refused.status, JSON.parse(refused.body)],
    [409, { code: 'ELIFECYCLE', message: 'it stops' }],
  );
  control.failure = new Error('the password is 1234');
  const failed = await ask(socket, '/pause', { method: 'POST' });
  assert.equal(failed.status, 500);
  assert.doesNotMatch(failed.body, /1234/);
  assert.equal(errors.length, 1);
  assert.match(failed.body, new RegExp(errors[0]!.reference));
  assert.equal(errors[0]!.error, control.failure);
});

test('reading tells what the source has', async (t) => {
  const { socket, source } = await serve(t);
  assert.deepEqual(
    JSON.parse((await ask(socket, '/status')).body),
    JSON.parse(JSON.stringify(source.status())),
  );
  assert.deepEqual(JSON.parse((await ask(socket, '/history')).body), source.history());
  assert.deepEqual(JSON.parse((await ask(socket, '/records')).body), source.recentRecords());
  assert.match((await ask(socket, '/report')).body, /^running, up 2 h 5 min/);
  assert.equal((await ask(socket, '/')).headers['content-type'], 'text/html; charset=utf-8');
});

test('what is asked in the wrong way is refused as JSON with a code', async (t) => {
  const { socket, control } = await serve(t);
  const codeOf = async (target: string, method: string): Promise<[number, string]> => {
    const { status, body } = await ask(socket, target, { method });
    return [status, (JSON.parse(body) as { code: string }).code];
  };
  assert.deepEqual(await codeOf('/nothing', 'GET'), [404, 'ENOTFOUND']);
  assert.deepEqual(await codeOf('/status/', 'GET'), [404, 'ENOTFOUND']);
  assert.deepEqual(await codeOf('/pause', 'GET'), [405, 'EMETHOD']);
  assert.deepEqual(await codeOf('/status', 'POST'), [405, 'EMETHOD']);
  assert.deepEqual(await codeOf('/status', 'DELETE'), [405, 'EMETHOD']);
  assert.equal((await ask(socket, '/pause', { method: 'PUT' })).headers.allow, 'POST');
  assert.deepEqual(await codeOf(`/status?${'x'.repeat(2048)}`, 'GET'), [414, 'ETARGET']);
  assert.deepEqual(control.calls, []);
  const head = await ask(socket, '/status', { method: 'HEAD' });
  assert.deepEqual([head.status, head.body], [200, '']);
});
