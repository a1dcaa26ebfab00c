/** `dcp-evaluator --frames` as a standing evaluator: where it listens, what it says, how it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { programFile, run, start, temporaryDirectory } from './support.js';

/** What is said to who connects. */
async function greeting(where: net.NetConnectOpts): Promise<string> {
  const socket = net.connect(where);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return chunk.toString();
}

test('it listens on loopback and greets; SIGTERM ends it with 0, SIGINT with 130', async (t) => {
  for (const [signal, code] of [
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const) {
    const evaluator = start(t, 'dcp-evaluator', ['--frames', '--port', '0']);
    const [, port] = await evaluator.printed(/Listening on 127\.0\.0\.1:(\d+)\n/);
    assert.equal(await greeting({ port: Number(port), host: '127.0.0.1' }), 'dcp-evaluator frames 2\n');
    evaluator.child.kill(signal);
    const ended = await evaluator.ended;
    assert.equal(ended.code, code);
    assert.doesNotMatch(ended.stderr, /nobody is asked/);
  }
});

test('an address that others can reach is warned of', async (t) => {
  const evaluator = start(t, 'dcp-evaluator', ['--frames', '--port', '0', '--listen', '0.0.0.0']);
  await evaluator.printed(/Listening on 0\.0\.0\.0:\d+\n/);
  evaluator.child.kill('SIGTERM');
  const { stderr } = await evaluator.ended;
  assert.match(
    stderr,
    /whoever can connect to 0\.0\.0\.0, port 0, runs code here: nobody is asked who they are/,
  );
});

test('a UNIX socket is made, and goes with the evaluator', async (t) => {
  const socket = path.join(temporaryDirectory(t), 'evaluator.sock');
  const evaluator = start(t, 'dcp-evaluator', ['--frames', '--socket', socket]);
  await evaluator.printed(/Listening on .*evaluator\.sock\n/);
  assert.ok(statSync(socket).isSocket());
  assert.equal(await greeting({ path: socket }), 'dcp-evaluator frames 2\n');
  evaluator.child.kill('SIGTERM');
  assert.equal((await evaluator.ended).code, 0);
  assert.ok(!existsSync(socket));
});

test('a listening socket that a service manager hands over is used', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const handle = (server as unknown as { _handle: { fd: number } })._handle;
  const command = [
    'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"',
    'sh',
    process.execPath,
    programFile('dcp-evaluator'),
    '--frames',
  ];
  const child = spawn('/bin/sh', ['-c', ...command], { stdio: ['ignore', 'pipe', 'inherit', handle.fd] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  server.close();
  assert.equal(await greeting({ port, host: '127.0.0.1' }), 'dcp-evaluator frames 2\n');
});

test('a port that is taken, and options that do not go together', async (t) => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as net.AddressInfo;
  const busy = await run(t, 'dcp-evaluator', ['--frames', '--port', String(port)]);
  assert.equal(busy.code, 1);
  assert.match(busy.stderr, new RegExp(`cannot listen at --port ${port}: .*EADDRINUSE.*:${port}`));
  const nowhere = await run(t, 'dcp-evaluator', ['--frames', '-p', '0', '--listen', '256.0.0.1']);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /cannot listen at --listen 256\.0\.0\.1 --port 0: .*\bE/);
  const wrong: [string[], RegExp][] = [
    [['--frames', '--listen', '0.0.0.0'], /--listen needs --port/],
    [['--frames', '--port', '0', '--socket', '/tmp/x'], /--port and --socket: one or the other/],
    [['--frames', '--socket', ''], /--socket: expected a path of 1 to 107 bytes, got none/],
    [
      ['--frames', '--socket', `/tmp/${'x'.repeat(103)}`],
      /--socket: expected a path of 1 to 107 bytes, got 108/,
    ],
    [['--frames', '--port', '0', '--connections', '0'], /expected a whole number from 1 to 1024/],
    [['--frames', '--socket', '/tmp/x', '--options=--nonsense'], /--options: only with startup files/],
    [['--gpu-info', 'extra.js'], /--gpu-info and startup files: one or the other/],
    [['--port', '0'], /nothing says how to be spoken to/],
  ];
  for (const [args, message] of wrong) {
    const { code, stderr } = await run(t, 'dcp-evaluator', args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, message);
  }
});
