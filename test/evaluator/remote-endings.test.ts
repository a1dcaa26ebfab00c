/** A standing evaluator that is killed, stopped and started again by others: Slices come back, and none is suspected without reason. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import { openRemoteEvaluator } from '#src/evaluator/index.js';
import type { EvaluatorError } from '#src/model/index.js';
import { EvaluatorUnavailableError } from '#src/model/index.js';
import { evaluatorsBelow } from '../confinement/processes.js';
import { Recorder, slices, start, startListening } from './support.js';

const SLEEP = '(x) => new Promise((resolve) => setTimeout(resolve, x))';

async function listening(t: TestContext, args: readonly string[] = ['--port', '0']) {
  const { child, port } = await startListening([...args, '--threads', '2']);
  t.after(() => child.kill('SIGKILL'));
  return { child, port };
}

function open(
  t: TestContext,
  port: number,
  options: { hangTimeoutMs?: number; connectTimeoutMs?: number } = {},
) {
  const evaluator = openRemoteEvaluator({ host: '127.0.0.1', port, ...options });
  t.after(() => evaluator.close());
  return evaluator;
}

/** The processes that a listening one has started. */
const childrenOf = ({ pid }: ChildProcess): number[] => evaluatorsBelow(pid!);

async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some((pid) => existsSync(`/proc/${pid}`))) await sleep(10);
}

test('kill -9 of the evaluator: its processes end, Slices come back unsuspected, and it is used again once it is there again', async (t) => {
  const { child, port } = await listening(t);
  const evaluator = open(t, port);
  const { sandbox, seen } = await start(evaluator, SLEEP);
  const idle = new Recorder();
  await evaluator.createSandbox(idle);
  sandbox.run(slices([0, 1e6, 0]));
  await seen.untilEnded(1);
  const processes = childrenOf(child);
  assert.ok(processes.length >= 2);
  child.kill('SIGKILL');
  await Promise.all([seen, idle].map((each) => each.until(() => each.end !== null)));
  assert.deepEqual(seen.end!.unfinished, [2, 3]);
  assert.ok(seen.end!.error instanceof EvaluatorUnavailableError);
  assert.equal(seen.end!.error.suspects, 0);
  // The claim had nothing behind it.
  assert.ok(idle.end!.error instanceof EvaluatorUnavailableError);
  await untilGone(processes);
  const outage = await evaluator.createSandbox(new Recorder()).catch((error: unknown) => error);
  assert.ok(outage instanceof EvaluatorUnavailableError);
  assert.equal(
    outage.message,
    `no evaluator at 127.0.0.1:${port}: nobody listens there. To start one: dcp-evaluator --frames --port ${port}`,
  );
  // One outage is one error.
  await assert.rejects(evaluator.createSandbox(new Recorder()), (error) => error === outage);
  await listening(t, ['--port', String(port)]);
  const again = await start(evaluator, (x: number) => x + 1);
  again.sandbox.run(slices([6]));
  await again.seen.untilEnded(1);
  assert.equal(again.seen.values.get(1), 7);
});

test('SIGTERM ends it and its processes, with a word to the Worker, and exit code 0', async (t) => {
  const { child, port } = await listening(t);
  const { sandbox, seen } = await start(open(t, port), SLEEP);
  sandbox.run(slices([1e6]));
  const processes = childrenOf(child);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  await seen.until(() => seen.end !== null);
  assert.equal(code, 0);
  // Whoever inherits them takes note of their end in its own time.
  await untilGone(processes);
  assert.match(seen.end!.error!.message, /^the evaluator at 127\.0\.0\.1:\d+: it was told to end$/);
  assert.ok(seen.end!.error instanceof EvaluatorUnavailableError);
});

test('each connection has a process of its own: what kills one leaves the others', async (t) => {
  const { child, port } = await listening(t);
  const evaluator = open(t, port);
  const before = await start(evaluator, SLEEP, { job: { id: 'before' } });
  const ofBefore = childrenOf(child);
  const victim = await start(evaluator, '() => new Promise(() => setTimeout(() => 0, 1e6))', {
    job: { id: 'victim' },
  });
  victim.sandbox.run(slices([0]));
  before.sandbox.run(slices([1e6]));
  // The process that was to spare when `before` had its own has become that of `victim`.
  const evaluators = childrenOf(child);
  const [first] = ofBefore;
  assert.ok(evaluators.length >= 2);
  process.kill(first!, 'SIGKILL');
  await before.seen.until(() => before.seen.end !== null);
  assert.match(before.seen.end!.error!.message, /the process was ended by SIGKILL/);
  assert.equal((before.seen.end!.error as EvaluatorError).suspects, 0);
  assert.equal(victim.seen.end, null);
  victim.sandbox.dispose();
  await victim.seen.until(() => victim.seen.end !== null);
  assert.deepEqual(victim.seen.end!.unfinished, [1]);
});

test('a process that ends by its own doing leaves a suspect', async (t) => {
  const { child, port } = await listening(t);
  const { sandbox, seen } = await start(open(t, port), SLEEP);
  sandbox.run(slices([1e6]));
  // As V8 ends a process that it gives up.
  process.kill(childrenOf(child)[0]!, 'SIGABRT');
  await seen.until(() => seen.end !== null);
  assert.match(seen.end!.error!.message, /the process was ended by SIGABRT/);
  assert.equal((seen.end!.error as EvaluatorError).suspects, 1);
  assert.deepEqual(seen.end!.unfinished, [1]);
});

test('what happens without a reason to one Job again and again is suspected of its Slices at last', async (t) => {
  const { child, port } = await listening(t);
  const evaluator = open(t, port);
  const suspects: number[] = [];
  for (let losses = 0; losses < 6; losses++) {
    const { sandbox, seen } = await start(evaluator, SLEEP);
    sandbox.run(slices([1e6]));
    // Of the two, the elder is that of the Job.
    process.kill(Math.min(...childrenOf(child)), 'SIGKILL');
    await seen.until(() => seen.end !== null);
    suspects.push((seen.end!.error as EvaluatorError).suspects);
  }
  assert.deepEqual(suspects, [0, 0, 0, 0, 0, 1]);
});

test('a process that does not answer is given up', async (t) => {
  const { child, port } = await listening(t);
  const { sandbox, seen } = await start(open(t, port, { hangTimeoutMs: 2000 }), SLEEP);
  sandbox.run(slices([1e6]));
  const processes = childrenOf(child);
  for (const pid of processes) process.kill(pid, 'SIGSTOP');
  await seen.until(() => seen.end !== null);
  assert.match(seen.end!.error!.message, /^the evaluator at 127\.0\.0\.1:\d+ did not answer for 2 s$/);
  assert.deepEqual(seen.end!.unfinished, [1]);
  assert.equal((seen.end!.error as EvaluatorError).suspects, 0);
  for (const pid of processes) process.kill(pid, 'SIGCONT');
  await untilGone(processes.slice(0, 1));
});

/** A link in front of an evaluator that carries so many bytes in 10 ms, either way. */
async function slowLink(t: TestContext, to: string, bytes: number): Promise<string> {
  const link = `${to}.slow`;
  const carry = async (from: net.Socket, into: net.Socket): Promise<void> => {
    for await (const chunk of from as AsyncIterable<Buffer>)
      for (let at = 0; at < chunk.length; at += bytes) {
        into.write(chunk.subarray(at, at + bytes));
        if (chunk.length - at >= bytes) await sleep(10);
      }
  };
  const server = net.createServer((ours) => {
    const theirs = net.connect(to);
    for (const [from, into] of [
      [ours, theirs],
      [theirs, ours],
    ] as const)
      carry(from, into)
        .catch(() => undefined)
        .finally(() => into.destroy());
  });
  server.listen(link);
  await once(server, 'listening');
  t.after(() => server.close());
  return link;
}

test('an evaluator that has much to read, or to say, over a slow link is not given up; one that stands still behind it is', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-slow-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const { child } = await listening(t, ['--socket', path.join(directory, 'evaluator')]);
  const evaluator = openRemoteEvaluator({
    path: await slowLink(t, path.join(directory, 'evaluator'), 16_384),
    hangTimeoutMs: 600,
  });
  t.after(() => evaluator.close());
  // Neither an answer to a ping nor the end of the datum, or of the result, comes within that time.
  const { sandbox, seen } = await start(evaluator, (bytes: Uint8Array) => bytes);
  sandbox.run(slices([new Uint8Array(1.5e6)]));
  await seen.until(() => seen.end !== null || seen.values.size > 0);
  assert.equal(seen.end, null);
  assert.equal((seen.values.get(1) as Uint8Array).length, 1.5e6);
  const processes = childrenOf(child);
  for (const pid of processes) process.kill(pid, 'SIGSTOP');
  sandbox.run(slices([new Uint8Array(1e6)], 2));
  await seen.until(() => seen.end !== null);
  assert.match(seen.end!.error!.message, /did not answer for 0\.6 s$/);
  for (const pid of processes) process.kill(pid, 'SIGCONT');
});

test('an evaluator that accepts connections and says nothing is none', async (t) => {
  const { child, port } = await listening(t);
  child.kill('SIGSTOP');
  const evaluator = open(t, port, { connectTimeoutMs: 300 });
  await assert.rejects(evaluator.createSandbox(new Recorder()), /it has not greeted within 0\.3 s/);
  child.kill('SIGCONT');
  // It may have had enough of those who came meanwhile and went.
  for (;;) {
    const sandbox = await evaluator.createSandbox(new Recorder()).catch(() => null);
    if (sandbox !== null) break;
  }
});

test('40 MiB there and back, in pieces, go through the connection', async (t) => {
  const { port } = await listening(t);
  const { sandbox, seen } = await start(open(t, port), (bytes: Uint8Array) => bytes.map((byte) => byte + 1));
  sandbox.run(slices(Array.from({ length: 8 }, (_, i) => new Uint8Array(5 << 20).fill(i))));
  await seen.untilEnded(8);
  for (let i = 0; i < 8; i++) {
    const bytes = seen.values.get(i + 1) as Uint8Array;
    assert.deepEqual([bytes.length, bytes[0], bytes.at(-1)], [5 << 20, i + 1, i + 1]);
  }
});
