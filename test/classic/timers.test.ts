/** Timers, which the startup files make of one primitive that wakes the sandbox. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assigned, type Message, type Sandbox } from './support/sandbox.js';

declare const work: { emit(name: string, value?: unknown): void };

const eventsOf = (messages: readonly Message[]): unknown[] =>
  messages
    .filter((message) => message.request === 'emitEvent')
    .map((message) => (message['payload'] as { customEvent: string }).customEvent);

/** Keeps the sandbox busy from outside of any Slice, and comes back once timers have had their turn. */
async function letTimePass(sandbox: Sandbox, ms: number): Promise<void> {
  const data = `{ const end = Date.now() + ${ms}; while (Date.now() < end); }`;
  for (const msgId of [`first ${ms}`, `second ${ms}`])
    await sandbox.ask({ request: 'eval', data, filename: 'busy', msgId }, `evalResult::${msgId}`);
}

test('setTimeout calls in the order of time, not before it, with its arguments', async (t) => {
  const sandbox = await assigned(t, async () => {
    const start = Date.now();
    const calls: string[] = [];
    const call = (ms: number, name: string) =>
      new Promise<void>((resolve) =>
        setTimeout(
          (given: string) => {
            calls.push(Date.now() - start >= ms ? given : `${given} too early`);
            resolve();
          },
          ms,
          name,
        ),
      );
    await Promise.all([call(60, 'third'), call(0, 'first'), call(30, 'second')]);
    return calls;
  });
  assert.deepEqual(await sandbox.result(0), ['first', 'second', 'third']);
});

// By clearTimeout: the startup files of both generations leave clearInterval with timers that it does not know.
test('setInterval goes on until it is cleared', async (t) => {
  const sandbox = await assigned(t, async () => {
    let ticks = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (++ticks < 4) return;
        clearTimeout(timer);
        resolve();
      }, 5);
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    return ticks;
  });
  assert.equal(await sandbox.result(0), 4);
});

test('clearTimeout takes back the next timer and a later one', async (t) => {
  const sandbox = await assigned(t, async () => {
    const calls: string[] = [];
    const next = setTimeout(() => calls.push('next'), 5);
    const later = setTimeout(() => calls.push('later'), 30);
    clearTimeout(later);
    clearTimeout(next);
    await new Promise((resolve) => setTimeout(resolve, 80));
    return calls;
  });
  assert.deepEqual(await sandbox.result(0), []);
});

test('promise jobs run between two timers of the same moment', async (t) => {
  const sandbox = await assigned(t, async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        order.push('timer 1');
        queueMicrotask(() => order.push('job 1'));
      }, 1);
      setTimeout(() => {
        order.push('timer 2');
        resolve();
      }, 1);
    });
    return order;
  });
  assert.deepEqual(await sandbox.result(0), ['timer 1', 'job 1', 'timer 2']);
});

test('a timer left running at the end of a Slice waits for the next one', async (t) => {
  const sandbox = await assigned(t, (name: string) => {
    if (name === 'first') setTimeout(() => work.emit('late'), 10);
    return name;
  });
  await sandbox.run('first');
  const end = sandbox.messages.length;
  await letTimePass(sandbox, 30);
  assert.deepEqual(eventsOf(sandbox.messages.slice(end)), []);
  assert.deepEqual(eventsOf(await sandbox.run('second')), ['late']);
  assert.deepEqual(eventsOf(await sandbox.run('third')), []);
});

test('an interval left running at the end of a Slice stands still until the next one', async (t) => {
  const sandbox = await assigned(t, async (name: string) => {
    if (name === 'first') setInterval(() => work.emit('tick'), 5);
    await new Promise((resolve) => setTimeout(resolve, 60));
  });
  assert.ok(eventsOf(await sandbox.run('first')).length > 0);
  const end = sandbox.messages.length;
  await letTimePass(sandbox, 30);
  assert.deepEqual(eventsOf(sandbox.messages.slice(end)), []);
  assert.ok(eventsOf(await sandbox.run('second')).length > 0);
});
