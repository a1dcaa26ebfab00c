/** What becomes of the process of classic Sandboxes when it does not start, serves nobody, or is not ours any more. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { encode } from '#src/codec/index.js';
import { evaluatorEnvironment } from '#src/evaluator/child-process/environment.js';
import { openClassicListener, type ClassicListener } from '#src/evaluator/classic/listener.js';
import { PrintedText } from '#src/evaluator/classic/printed-text.js';
import { ConfinedProcess, Confinement } from '#src/evaluator/confinement/confinement.js';
import { completeConfinement } from '#src/evaluator/confinement/index.js';
import type { LayerName } from '#src/evaluator/confinement/layers.js';
import { loadNative } from '#src/evaluator/native.js';
import { EvaluatorError } from '#src/model/index.js';
import { temporaryDirectory } from '../cli/support.js';
import { askOn, connect, echoFile } from './classic-support.js';
import { noNamespaces, until } from './support.js';

const skip = noNamespaces;
const LIMIT = 64 * 1024;

/** Programs in place of an evaluator. */
const READY = `require('fs').writeSync(4, ${JSON.stringify(`${Buffer.from(encode([]).head).toString('base64')}\n`)});`;
const DIES = 'process.exit(3)';
const HANGS = 'setInterval(() => 0, 1000)';

type Spawned = Parameters<Confinement['spawn']>;

/** Starts other things than evaluators, for as long as it has some. */
class Faulty extends Confinement {
  readonly next: (string | ((...spawned: Spawned) => ConfinedProcess))[] = [];
  readonly startedAt: number[] = [];

  constructor(without: readonly LayerName[] = []) {
    super({ ...completeConfinement({ without }), gpu: false, env: evaluatorEnvironment(process.env) });
  }

  override spawn(...[args, stdio, options]: Spawned): ConfinedProcess {
    this.startedAt.push(performance.now());
    const next = this.next.shift();
    if (typeof next === 'function') return next(args, stdio, options);
    // Without what Node was told for this test.
    const program = args.slice(args.findIndex((word) => word.endsWith('dcp-evaluator.js')));
    return super.spawn(next === undefined ? program : ['-e', next], stdio, options);
  }
}

interface Opened {
  readonly listener: ClassicListener;
  readonly confinement: Faulty;
  /** What has gone wrong. */
  readonly said: string[];
  printed(): string;
  isServed(): Promise<void>;
}

async function open(
  t: TestContext,
  next: Faulty['next'] = [],
  patience: { startMs?: number; takeMs?: number } = {},
  confinement = new Faulty(),
): Promise<Opened> {
  confinement.next.push(...next);
  const said: string[] = [];
  let text = '';
  const printed = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const listener = await openClassicListener({
    files: [echoFile(t)],
    settings: { debugLevel: 4, v8Options: [], threads: 1, spare: 0, gpu: null },
    mode: 'best-effort',
    confinement,
    onFailure: (what) => said.push(what),
    printed,
    ...patience,
  });
  t.after(() => listener.close());
  await listener.listen({ port: 0, host: '127.0.0.1' });
  const isServed = async (): Promise<void> => {
    const socket = connect(t, listener.port);
    assert.equal(await askOn(socket, 'hello'), 'hello');
    socket.destroy();
  };
  return { listener, confinement, said, printed: () => text, isServed };
}

/** Node starts a program while this process may have no descriptor more. */
function withoutDescriptors(start: () => ChildProcess): ChildProcess {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))!;
  const limit = (count: number): void => {
    const { status, stderr } = spawnSync('prlimit', ['--pid', String(process.pid), `--nofile=${count}:`]);
    assert.equal(status, 0, String(stderr));
  };
  const fillers: number[] = [];
  // Those that the second `prlimit` needs are among them.
  limit(Math.max(...readdirSync('/proc/self/fd').map(Number)) + 50);
  try {
    for (;;) fillers.push(openSync('/dev/null', 'r'));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EMFILE');
  }
  const child = start();
  fillers.forEach((fd) => closeSync(fd));
  limit(Number(soft));
  return child;
}

const startedAs = (file: string, ...[args, stdio, options]: Spawned): ChildProcess =>
  spawn(file, args, { ...options, stdio });

test(
  'a process that was ready is replaced however often its replacement does not start',
  { skip },
  async (t) => {
    const { listener, confinement, said, isServed } = await open(t);
    const missing = path.join(temporaryDirectory(t), 'missing');
    confinement.next.push(
      () => {
        throw new EvaluatorError('no memory');
      },
      (...spawned) =>
        new ConfinedProcess(
          withoutDescriptors(() => startedAs(process.execPath, ...spawned)),
          -1,
          null,
          null,
        ),
      (...spawned) => new ConfinedProcess(startedAs(missing, ...spawned), -1, null, null),
      DIES,
    );
    process.kill(listener.pid, 'SIGKILL');
    await until('another has started', () => confinement.startedAt.length === 6, 20_000);
    await isServed();
    assert.deepEqual(said, [
      'the process of the Sandboxes was ended by SIGKILL, and all connections with it; another is started',
      'no memory; another is started in 0.1 s',
      `no evaluator process: spawn ${process.execPath} EMFILE; another is started in 0.2 s`,
      `no evaluator process: spawn ${missing} ENOENT; another is started in 0.4 s`,
      'the process of the Sandboxes exited with code 3; another is started in 0.8 s',
    ]);
    assert.equal(confinement.startedAt.length, 6);
  },
);

test('one that does not last is replaced ever more slowly, and not after the end', { skip }, async (t) => {
  const { listener, confinement, said } = await open(t, Array<string>(9).fill(`${READY} ${DIES}`));
  await until('five have ended', () => said.length === 5, 20_000);
  const pauses = confinement.startedAt.slice(1).map((at, index) => at - confinement.startedAt[index]!);
  for (const [index, least] of [0, 100, 200, 400].entries())
    assert.ok(pauses[index]! >= least, `${pauses.join()} ms`);
  assert.match(said[4]!, /exited with code 3, and all connections with it; another is started in 0\.8 s$/);
  await listener.close();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal(confinement.startedAt.length, 5);
});

test('the first one that does not start is an error, and no other is started', { skip }, async (t) => {
  const wrong = (said: string): string => `require('fs').writeSync(4, ${JSON.stringify(said)}); ${HANGS}`;
  for (const [program, message, patience] of [
    [DIES, 'the process of the Sandboxes exited with code 3', {}],
    [HANGS, 'the process of the Sandboxes was not ready within 0.5 s', { startMs: 500 }],
    [wrong('what\n'), /^the process of the Sandboxes has begun wrongly: .*its confinement/, {}],
    [wrong('A'.repeat(5000)), 'the process of the Sandboxes does not say that it is ready', {}],
  ] as const) {
    const confinement = new Faulty();
    await assert.rejects(open(t, [program], patience, confinement), { name: 'EvaluatorError', message });
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(confinement.startedAt.length, 1);
  }
});

test('a replacement that hangs before it is ready is ended', { skip }, async (t) => {
  const { listener, confinement, said, isServed } = await open(t, [], { startMs: 5_000 });
  confinement.next.push(HANGS);
  process.kill(listener.pid, 'SIGKILL');
  await until('it is ended', () => said.length === 2, 20_000);
  assert.equal(said[1], 'the process of the Sandboxes was not ready within 5 s; another is started in 0.1 s');
  await until('another has started', () => confinement.startedAt.length === 3);
  await isServed();
});

test('one that leaves connections waiting is ended, one that takes them is not', { skip }, async (t) => {
  const { listener, said, isServed } = await open(t, [], { takeMs: 1_000 });
  const { pid } = listener;
  for (let count = 0; count < 5; count++) await isServed();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  assert.deepEqual([listener.pid, said], [pid, []]);
  process.kill(pid, 'SIGSTOP');
  await once(connect(t, listener.port).resume(), 'close');
  await until('it is ended', () => said.length === 1);
  assert.equal(
    said[0],
    'the process of the Sandboxes has left connections waiting for 1 s, and all connections with it; another is started',
  );
  await isServed();
});

test('one that can be handed no connection any more is ended', { skip }, async (t) => {
  // Before it is ready, or one may have been handed over that it leaves waiting.
  const closes = `require('fs').closeSync(3); ${READY} ${HANGS}`;
  // A launcher beside it would have the descriptor, too.
  const confinement = new Faulty(['pid-namespace']);
  const { listener, said, isServed } = await open(t, [closes], { takeMs: 500 }, confinement);
  await until('it is ended', () => {
    const socket = connect(t, listener.port);
    socket.once('connect', () => socket.destroy());
    return said.some((what) => what.includes('takes no connections any more, and all'));
  });
  await isServed();
});

test('one that takes connections which nobody has made is ended', { skip }, async (t) => {
  const { said, isServed } = await open(t, [`${READY} require('fs').writeSync(4, '.'); ${HANGS}`]);
  await until('it is ended', () => said.length === 1);
  assert.match(said[0]!, /says that it has taken connections which it was not given, and all/);
  await isServed();
});

test('what it prints is passed on within bounds, and rules no terminal', { skip }, async (t) => {
  const prints = `for (let n = 0; n < 1024; n++) require('fs').writeSync(2, '\\x1b[2J\\tä\\n'.repeat(128)); ${READY} ${HANGS}`;
  const { printed } = await open(t, [prints]);
  await until('the rest is dropped', () => printed().length > LIMIT / 2);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.match(printed(), /^\\x1b\[2J\\tä\n\\x1b\[2J/);
  assert.doesNotMatch(printed(), /[^\P{Cc}\n]/u);
  // And the end of the line that is cut.
  assert.ok(printed().length <= LIMIT + 1, String(printed().length));
});

test('what is dropped is counted, once in a period, and the next period has its own bound', async () => {
  const dropped: number[] = [];
  const written: string[] = [];
  const output = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  const text = new PrintedText(output, (characters) => dropped.push(characters), 200);
  for (const count of [1, 2]) {
    // As of two processes one after the other.
    for (const part of [LIMIT - 10, 30]) {
      const input = new PassThrough();
      text.take(input);
      input.end('x'.repeat(part));
      await once(input, 'end');
    }
    assert.deepEqual(written.splice(0), ['x'.repeat(LIMIT - 10), `${'x'.repeat(10)}\n`]);
    await until('it is told', () => dropped.length === count);
  }
  assert.deepEqual(dropped, [20, 20]);
});

test('what nobody reads is dropped, and who prints it does not wait', async () => {
  const output = new Writable({ decodeStrings: false, write: () => undefined });
  const dropped: number[] = [];
  const text = new PrintedText(output, (characters) => dropped.push(characters), 50);
  const input = new PassThrough();
  text.take(input);
  for (let periods = 0; periods < 4; periods++) {
    input.write('x'.repeat(LIMIT));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(input.readableLength, 0);
  }
  assert.equal(output.writableLength, LIMIT + 1);
  assert.deepEqual(dropped, [LIMIT, LIMIT, LIMIT]);
});

test('half a report is how the process ended, not an error of its own', async () => {
  const native = loadNative();
  const [ours, theirs] = native.socketPair();
  const child = spawn('/bin/sh', ['-c', `printf '{"pid":12,"prof' >&3`], {
    stdio: ['ignore', 'ignore', 'ignore', theirs],
  });
  native.closeDescriptor(theirs);
  const started = new ConfinedProcess(child, ours, null, () => assert.fail('it was understood'));
  await once(child, 'close');
  assert.equal(
    started.failure,
    'no evaluator process: the launcher of evaluators says "{\\"pid\\":12,\\"prof"',
  );
  assert.equal(started.report, null);
});
