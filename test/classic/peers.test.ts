/** Peers that end early, and peers that do not read. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { underAsan } from '../evaluator/support.js';
import { listen, onlyOurs, startOnStdio } from './support/evaluator.js';
import { openSandbox } from './support/sandbox.js';
import { connect, connectStdio, type Wire } from './support/wire.js';

const HALF_OPEN = onlyOurs("npm's evaluator ends a sandbox as soon as its peer has nothing more to say");

/** Sends requests, says that no more will come, and reads on to the end. */
async function assertAnswered(wire: Wire): Promise<void> {
  const ids = Array.from({ length: 100 }, (_, n) => `n${n}`);
  wire.input.end(ids.map((id, n) => wire.evalLine(`Promise.resolve(${n} + 1)`, id)).join(''));
  await wire.closed;
  const answers = wire.lines
    .map((line) => wire.posted(line))
    .filter((m) => m?.request.startsWith('evalResult'));
  assert.deepEqual(
    answers.map((answer) => answer!['data']),
    ids.map((_, n) => n + 1),
  );
}

test(
  'what was sent before a half-close is still answered, then the connection closes',
  { skip: HALF_OPEN },
  async (t) => {
    await assertAnswered(await connect(t, await listen(t)));
  },
);

test(
  'what was sent before the end of stdin is still answered, then the evaluator ends',
  { skip: HALF_OPEN },
  async (t) => {
    const child = startOnStdio(t);
    const ended = once(child, 'exit');
    await assertAnswered(await connectStdio(child));
    assert.deepEqual(await ended, [0, null]);
  },
);

test('a Slice sent before a half-close is still done', { skip: HALF_OPEN }, async (t) => {
  const sandbox = await openSandbox(t, await listen(t));
  await sandbox.assign(async (n: number) => {
    await new Promise((resolve) => setTimeout(resolve, 600));
    return n + 1;
  });
  const lines = sandbox.messages.length;
  sandbox.post({ request: 'resetState' });
  sandbox.post({ request: 'main', data: 1 });
  sandbox.socket!.end();
  assert.equal((await sandbox.next('complete', lines))['result'], 2);
  await sandbox.closed;
});

test('a request that was cut off by the end of its peer is not answered', { skip: HALF_OPEN }, async (t) => {
  const wire = await connect(t, await listen(t));
  const from = wire.lines.length;
  wire.input.end(wire.evalLine('1', 'whole') + wire.evalLine('2', 'cut').slice(0, -1));
  await wire.closed;
  const requests = wire.lines.slice(from).map((line) => wire.posted(line)?.request);
  assert.ok(requests.includes('evalResult::whole'));
  assert.ok(!requests.includes('evalResult::cut'));
});

/** Has a sandbox write far more than a peer that has stopped reading can take. */
async function stall(
  t: TestContext,
  evaluator: { port: number },
  messages: number,
): Promise<Wire & { socket: Socket }> {
  const wire = await connect(t, evaluator);
  const write = `postMessage('begun');
    for (let n = 0; n < ${messages}; n++) postMessage([n, 'x'.repeat(1e6)]);`;
  wire.send(wire.evalLine(write, 'written'));
  await wire.until(() => wire.lines.some((line) => line.includes('begun')));
  wire.socket.pause();
  return wire;
}

const THREADS = 2;
const MESSAGES = 600;
const BUFFERS = onlyOurs("npm's evaluator buffers without end");

/** Stalls so many peers, serves another meanwhile, and answers the first of them. */
async function serveBesideStalled(t: TestContext, count: number): Promise<Wire & { socket: Socket }> {
  const evaluator = await listen(t, { options: ['--threads', String(THREADS)] });
  const other = await openSandbox(t, evaluator);
  await other.assign((ms: number) => {
    const end = Date.now() + ms;
    while (Date.now() < end);
    return ms;
  });
  const stalled = [];
  for (let n = 0; n < count; n++) stalled.push(stall(t, evaluator, MESSAGES));
  const [first] = await Promise.all(stalled);
  // Long enough for all of it to be written, if it were.
  for (let n = 0; n < 20; n++) assert.equal(await other.result(100), 100);
  const peak = peakMiB(evaluator.process.pid!);
  assert.ok(
    underAsan || peak < 250 + 150 * count,
    `${peak} MiB at the peak, of ${count * MESSAGES} MB written`,
  );
  return first!;
}

test(
  'a peer that does not read holds up no other, fills no memory, and finds everything once it reads',
  {
    skip: BUFFERS,
    timeout: 100_000,
  },
  async (t) => {
    const peer = await serveBesideStalled(t, 1);
    peer.socket.resume();
    await peer.evaluated('written');
    assert.deepEqual(
      peer.lines.map((line) => /(\d+),"x/.exec(line.slice(0, 300))?.[1]).filter((n) => n !== undefined),
      Array.from({ length: MESSAGES }, (_, n) => String(n)),
    );
  },
);

test(
  'more peers that do not read than there are threads hold up no other',
  {
    skip: BUFFERS,
    timeout: 100_000,
  },
  async (t) => {
    await serveBesideStalled(t, THREADS + 1);
  },
);

/** The most memory that a process had at once, MiB. */
function peakMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
}
