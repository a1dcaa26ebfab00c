/** What `dcp-evaluator` does with startup files, whoever wrote them: lines, options, where it listens. No dcp-client here. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { after, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/dcp-evaluator.js', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'dcp-classic-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function startupFile(source: string): string {
  const file = path.join(folder, `startup-${++files}.js`);
  writeFileSync(file, source);
  return file;
}

/** Sends back what comes. */
const ECHO = startupFile('onreadln((line) => writeln(line.slice(0, -1)));');

type Evaluator = ChildProcessByStdio<Writable, Readable, Readable>;

function start(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}): Evaluator {
  const child = spawn(process.execPath, [PROGRAM, '--no-gpu', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  child.stdin.on('error', () => undefined);
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** All that a Sandbox on standard streams writes when it is given this. */
async function converse(
  t: TestContext,
  args: readonly string[],
  input: string | Buffer,
): Promise<{ out: Buffer; err: string; code: number }> {
  const child = start(t, args);
  const exit = once(child, 'exit') as Promise<[number]>;
  const err = textOf(child.stderr);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(input);
  const [code] = await exit;
  return { out: Buffer.concat(chunks), err: await err, code };
}

/** Starts a server and answers the first line it prints. */
async function listening(
  t: TestContext,
  args: readonly string[],
): Promise<{ child: Evaluator; line: string }> {
  const child = start(t, args);
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, line: first.toString().split('\n')[0]! };
}

async function echoed(socket: net.Socket): Promise<void> {
  socket.write('hello\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.equal(answer.toString(), 'hello\n');
  socket.destroy();
}

/** A number from 0 to 1 for each call, the same in each run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('lines of any characters and length come back as they were', async (t) => {
  const random = randomNumbers(20);
  const ranges = [0x80, 0x100, 0x800, 0xd800];
  const lines: string[] = ['', 'x', '\u2028', '\u{1f600}'.repeat(20_000)];
  for (let round = 0; round < 60; round++) {
    const length = Math.floor(random() * 200_000);
    const range = ranges[round % ranges.length]!;
    const characters = Array.from({ length }, () => {
      const code = Math.floor(random() * range);
      return code === 0x0a ? '.' : String.fromCharCode(code);
    });
    lines.push(characters.join(''));
  }
  const input = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const { out, code } = await converse(t, [ECHO], input);
  assert.equal(code, 0);
  assert.equal(Buffer.compare(out, input), 0);
});

test('bytes that are no UTF-8 become U+FFFD, in short lines and in long ones', async (t) => {
  const broken = [[0xc3], [0xe9, 0x41], [0xc3, 0xc3, 0xa9], [0xa9], [0xf0, 0x9f, 0x98], [0xc0, 0x80]];
  for (const padding of [0, 100_000]) {
    const lines = broken.map((bytes) =>
      Buffer.concat([Buffer.alloc(padding, 'é'), Buffer.from(bytes), Buffer.from('\n')]),
    );
    const { out } = await converse(t, [ECHO], Buffer.concat(lines));
    assert.equal(out.toString(), lines.map((line) => new TextDecoder().decode(line)).join(''));
  }
});

test('lone surrogates are written as U+FFFD', async (t) => {
  const file = startupFile("onreadln(() => writeln('a\\ud800b'))");
  const { out } = await converse(t, [file], 'go\n');
  assert.equal(out.toString(), 'a\ufffdb\n');
});

test('files run in order, share what they declare at the top, and are named in stacks', async (t) => {
  const first = startupFile('const shared = 1; var self = this; function twice(n) { return 2 * n; }');
  const second = startupFile(
    'onreadln(() => writeln(twice(shared) + String(self === globalThis) + new Error().stack));',
  );
  const { out } = await converse(t, [first, second], 'go\n');
  assert.match(out.toString(), new RegExp(`^2trueError\\n    at .*${path.basename(second)}:1:`));
});

test('long texts in startup files are what they say, wherever they stand', async (t) => {
  const text = (seed: number, length: number): string => {
    const random = randomNumbers(seed);
    return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256))).toString('base64');
  };
  // On both sides of the size from which they are kept outside of heaps, after each other and at the very start.
  const long = [1, 2, 3, 4].map((seed) => text(seed, 49_100 + 60 * seed));
  const short = text(5, 49_000);
  const file = startupFile(
    `'${long[0]}';var a={"x":"${long[1]}",y:'${long[2]}',"${long[3]}":1,z:"${short}"},b=["${long[3]}"];/*"${long[0]}",*/
    function f(){return"${long[0]}"} // "${long[1]}"
    const { createHash } = { createHash: (text) => { let h = 0; for (let i = 0; i < text.length; i++) h = Math.imul(h, 31) + text.charCodeAt(i) | 0; return text.length + ':' + h; } };
    onreadln(() => writeln(JSON.stringify([a.x, a.y, Object.keys(a)[2], a.z, b[0], f(), a.x + a.y].map(createHash))));`,
  );
  const hash = (of: string): string => {
    let h = 0;
    for (let i = 0; i < of.length; i++) h = (Math.imul(h, 31) + of.charCodeAt(i)) | 0;
    return `${of.length}:${h}`;
  };
  const { out } = await converse(t, [file], 'go\n');
  const wanted = [long[1]!, long[2]!, long[3]!, short, long[3]!, long[0]!, long[1]! + long[2]!];
  assert.deepEqual(JSON.parse(out.toString()), wanted.map(hash));
});

test('a fresh Sandbox has the primitives and nothing of Node', async (t) => {
  const file = startupFile(`
    const names = ['self', 'writeln', 'onreadln', 'die', 'ontimer', 'nextTimer', 'initWebGPU', 'performance', 'navigator'];
    const missing = names.filter((name) => !(name in globalThis));
    const foreign = ['process', 'require', 'Buffer', 'global', 'fetch', 'setTimeout'].filter((name) => name in globalThis);
    const { configurable } = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    onreadln(async () => writeln(JSON.stringify([missing, foreign, configurable, typeof performance.now(), await initWebGPU()])));`);
  const { out } = await converse(t, [file], 'go\n');
  assert.match(out.toString(), /^LOG:no WebGPU: .*\n\[\[\],\[\],true,"number",false\]\n$/);
});

test('a timer calls once, at its time, and not when it was taken back', async (t) => {
  const file = startupFile(`
    let calls = 0;
    ontimer(() => {
      calls++;
      const late = Date.now() - due;
      if (calls === 1) { nextTimer(Date.now() + 1e6); nextTimer(0); nextTimer(due = Date.now() + 20); }
      else writeln(JSON.stringify({ calls, early: late < 0 }));
    });
    let due;
    onreadln(() => nextTimer(due = Date.now() + 30));`);
  const { out } = await converse(t, [file], 'go\n');
  assert.deepEqual(JSON.parse(out.toString()), { calls: 2, early: false });
});

test('what a callback throws, and what a promise is rejected with, is said and ends nothing', async (t) => {
  const file = startupFile(`onreadln((line) => {
    if (line === 'throw\\n') throw new Error('thrown');
    if (line === 'reject\\n') { writeln('MSG:{"type":"workerMessage"}'); Promise.reject(new Error('rejected')); return; }
    writeln('still here');
  });`);
  const { out, code } = await converse(t, [file], 'throw\nreject\nask\n');
  const lines = out.toString().split('\n');
  assert.match(lines[0]!, /^LOG:Uncaught Error: thrown\u2424/);
  assert.match(lines[2]!, /^LOG:Uncaught \(in promise\) Error: rejected\u2424/);
  assert.equal(lines[3], 'still here');
  assert.equal(code, 0);
});

test('lines that nobody reads keep nothing alive once the peer has ended', async (t) => {
  const { out, code } = await converse(t, [startupFile(`writeln('here');`)], 'a line\nanother\n');
  assert.deepEqual([out.toString(), code], ['here\n', 0]);
});

test('a message that can never be answered ends the Sandbox, which says why', async (t) => {
  const file = startupFile("onreadln(async () => { await null; throw new SyntaxError('of the Job'); })");
  const child = start(t, [file]);
  const out = textOf(child.stdout);
  const exit = once(child, 'exit');
  child.stdin.write('go\n');
  assert.deepEqual(await exit, [1, null]);
  assert.match(
    await out,
    /^DIE: EUNCAUGHT: the last message will never be answered.*SyntaxError: of the Job/m,
  );
});

test('a startup file that throws ends the Sandbox, and both sides learn why', async (t) => {
  const file = startupFile('const x = 1;\nmissing();');
  const { out, err, code } = await converse(t, [file], 'go\n');
  assert.match(out.toString(), /^DIE: EEVALUATOR: the startup file .* failed: ReferenceError: missing/);
  assert.match(err, /ReferenceError: missing is not defined/);
  assert.equal(code, 1);
});

test('a heap beyond the limit that V8 was given ends one Sandbox', async (t) => {
  const file = startupFile('onreadln(() => { const all = []; for (;;) all.push(new Array(1e5).fill({})); })');
  const child = start(t, [file, '--options=--max-old-space-size=48']);
  const out = textOf(child.stdout);
  const exit = once(child, 'exit');
  child.stdin.write('go\n');
  assert.deepEqual(await exit, [1, null]);
  assert.equal(await out, 'DIE: EMEMORYLIMIT: the heap reached its limit of 48 MiB\n');
});

test('it listens on loopback and says where; SIGTERM ends it with exit code 0', async (t) => {
  const { child, line } = await listening(t, [ECHO, '-p', '0']);
  const [, port] = /^Listening on 127\.0\.0\.1:(\d+)$/.exec(line)!;
  await echoed(net.connect(Number(port), '127.0.0.1'));
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
});

test('a UNIX socket serves as well, and one that a dead process left is replaced', async (t) => {
  const socket = path.join(folder, 'evaluator.sock');
  const first = await listening(t, [ECHO, '--socket', socket]);
  assert.equal(first.line, `Listening on ${socket}`);
  await echoed(net.connect(socket));
  const exit = once(first.child, 'exit');
  first.child.kill('SIGKILL');
  await exit;
  assert.ok(existsSync(socket));
  await listening(t, [ECHO, '--socket', socket]);
  await echoed(net.connect(socket));

  const third = await converse(t, [ECHO, '--socket', socket], '');
  assert.match(third.err, /EADDRINUSE/);
  assert.equal(third.code, 1);
  await echoed(net.connect(socket));
});

test('sockets that systemd hands over are served', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const handle = (server as unknown as { _handle: { fd: number } })._handle;
  // As systemd does it: the number of the process that will be the evaluator is only known to itself.
  const child = spawn(
    '/bin/sh',
    ['-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh', process.execPath, PROGRAM, '--no-gpu', ECHO],
    { stdio: ['ignore', 'pipe', 'inherit', handle.fd] },
  );
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  // This process has the socket, too, and must not take the connection.
  server.close();
  await echoed(net.connect(port, '127.0.0.1'));
});

test('connections beyond what the process may open are refused, and those that are there go on', async (t) => {
  const child = spawn(
    '/bin/sh',
    ['-c', 'ulimit -n 80; exec "$@"', 'sh', process.execPath, PROGRAM, '--no-gpu', ECHO, '-p', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(() => child.kill('SIGKILL'));
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(first.toString())![1]);
  const one = net.connect(port, '127.0.0.1');
  one.write('first\n');
  await once(one, 'data');
  const others = Array.from({ length: 120 }, () => net.connect(port, '127.0.0.1'));
  t.after(() => others.forEach((socket) => socket.destroy()));
  await Promise.any(
    others.map(async (socket) => {
      socket.on('error', () => undefined);
      await once(socket, 'close');
    }),
  );
  await echoed(one);
});

test('mistakes on the command line are named', async (t) => {
  const refused: [string[], RegExp][] = [
    [[path.join(folder, 'none.js')], /startup file: it cannot be read: ENOENT.*none\.js/],
    [[ECHO, '-p', '70000'], /'70000' is invalid.*0 to 65535/],
    [[ECHO, '--listen', '127.0.0.1'], /--listen needs --port/],
    [[ECHO, '-p', '0', '--socket', 'x'], /--port and --socket: one or the other/],
    [[ECHO, '--frames'], /--frames and startup files: one or the other/],
    [[ECHO, '--options=max-old-space-size'], /--options: expected V8 options/],
    [
      [ECHO, '--options=--max-old-space-size=8'],
      /--options: expected whole MiB from 16 to 1048576, got --max/,
    ],
    [
      [ECHO, '--options=--max-old-space-size=2g'],
      /--options: expected whole MiB from 16 to 1048576, got --max/,
    ],
    [[ECHO, '--options=--no-opt --nonsense=1'], /--options: V8 knows no option --nonsense=1/],
    [[ECHO, '-d', '8'], /'8' is invalid.*0 to 7/],
  ];
  for (const [args, message] of refused) {
    const { err, code } = await converse(t, args, '');
    assert.match(err, message);
    assert.equal(code, 2, args.join(' '));
  }
});
