/** Signals that tell a Worker to stop, counted; as a program they are in test/cli/stop-sequences. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { StopSignals } from '#src/service/stop-signals.js';

function counted(timeoutMs: number) {
  const heard: unknown[] = [];
  const signals = new StopSignals(
    {
      onStop: (signal, now) => heard.push([signal, now]),
      onExit: (signal, code) => heard.push([signal, code]),
    },
    () => timeoutMs,
  );
  return { heard, signals };
}

async function send(signal: NodeJS.Signals): Promise<void> {
  // Waiting for a signal holds no process.
  const held = setInterval(() => undefined, 1000);
  const heard = once(process, signal);
  process.kill(process.pid, signal);
  await heard;
  clearInterval(held);
}

test('the first signal lets what runs end, the second ends it, the third exits', async () => {
  const { heard, signals } = counted(60_000);
  await send('SIGINT');
  await send('SIGTERM');
  await send('SIGINT');
  signals.close();
  assert.deepEqual(heard, [
    ['SIGINT', false],
    ['SIGTERM', true],
    ['SIGINT', 130],
  ]);
});

test('a second signal at the very end changes nothing; a third exits whatever is in the way', async () => {
  const { heard, signals } = counted(60_000);
  await send('SIGTERM');
  signals.close();
  await send('SIGTERM');
  assert.deepEqual(heard, [['SIGTERM', false]]);
  await send('SIGTERM');
  assert.deepEqual(heard, [
    ['SIGTERM', false],
    ['SIGTERM', 143],
  ]);
});

test('when the time is up the first one exits by itself', async () => {
  const { heard, signals } = counted(20);
  await send('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 100));
  signals.close();
  assert.deepEqual(heard, [
    ['SIGTERM', false],
    ['SIGTERM', 143],
  ]);
});
