/** What a Work Function says on its way, and how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assigned, type Message } from './support/sandbox.js';

declare const work: {
  emit(name: unknown, value?: unknown): void;
  reject(reason?: string | false, retries?: number): never;
};
declare const progress: (value?: number | string) => boolean;

const payloads = (messages: Message[], request: string): unknown[] =>
  messages.filter((message) => message.request === request).map((message) => message['payload']);

test('work.emit delivers names and values in order', async (t) => {
  const sandbox = await assigned(t, (n: number) => {
    for (let i = 0; i < n; i++) work.emit(`event ${i}`, new Map([[i, new Float32Array([i])]]));
    return 'done';
  });
  const messages = await sandbox.run(3);
  assert.deepEqual(
    payloads(messages, 'emitEvent'),
    [0, 1, 2].map((i) => ({
      eventName: 'custom',
      customEvent: `event ${i}`,
      data: new Map([[i, new Float32Array([i])]]),
    })),
  );
  assert.equal(messages.at(-1)!.request, 'complete');
});

test('work.emit refuses a name that is no string', async (t) => {
  const sandbox = await assigned(t, () => work.emit(5));
  const ending = (await sandbox.run(0)).at(-1)!;
  assert.equal(ending.request, 'workError');
  assert.match((ending['error'] as Error).message, /must be a string, not 5/);
});

test('console messages of every level arrive, with all their arguments', async (t) => {
  const sandbox = await assigned(t, () => {
    for (const level of ['log', 'debug', 'info', 'warn', 'error'] as const)
      console[level](level, { n: 1 }, [2]);
  });
  assert.deepEqual(
    payloads(await sandbox.run(0), 'console'),
    ['log', 'debug', 'info', 'warn', 'error'].map((level) => ({
      level,
      message: [level, { n: 1 }, [2]],
      same: 1,
    })),
  );
});

test('identical console messages are folded into a count', async (t) => {
  const sandbox = await assigned(t, () => {
    for (let i = 0; i < 5; i++) console.log('again', 1);
    console.log('again', 2);
    for (let i = 0; i < 3; i++) console.warn('at the end');
  });
  const messages = await sandbox.run(0);
  assert.deepEqual(payloads(messages, 'console'), [
    { level: 'log', message: ['again', 1], same: 1 },
    { level: 'log', same: 5 },
    { level: 'log', message: ['again', 2], same: 1 },
    { level: 'warn', message: ['at the end'], same: 1 },
    { level: 'warn', same: 3 },
  ]);
  assert.equal(messages.at(-1)!.request, 'complete', 'the last count comes before the result');
});

test('progress takes fractions and percentages, and never goes back', async (t) => {
  const sandbox = await assigned(
    t,
    async (values: (number | string | undefined)[]) => {
      for (const value of values) {
        progress(value);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    { sandboxConfig: { progressThrottle: 0.001 } },
  );
  for (const [values, expected] of [
    [
      [0.1, '25%', 1],
      [10, 25, 100],
    ],
    [
      [0.5, 0.2],
      [50, 50],
    ],
    [[undefined], [0]],
    [['what'], [0]],
  ] as const) {
    const reports = (await sandbox.run(values)).filter((message) => message.request === 'progress');
    assert.deepEqual(
      reports.map((report) => report['progress']),
      expected,
    );
    assert.deepEqual(
      reports.map((report) => report['value']),
      values,
    );
    const isVague = values[0] === undefined || values[0] === 'what' || values[1] === 0.2;
    assert.equal(Boolean(reports.at(-1)!['indeterminate']), isVague);
  }
});

test('progress is throttled, and the next report says how many were left out', async (t) => {
  const sandbox = await assigned(
    t,
    async () => {
      for (let i = 1; i <= 1000; i++) progress(i / 2000);
      await new Promise((resolve) => setTimeout(resolve, 2100));
      progress('80%');
    },
    { sandboxConfig: { progressThrottle: 2 } },
  );
  const reports = (await sandbox.run(0)).filter((message) => message.request === 'progress');
  assert.deepEqual(
    reports.map((report) => [report['progress'], report['throttledReports']]),
    [
      [0.05, 0],
      [80, 999],
    ],
  );
});

test('what a Work Function throws or rejects with is a workError, and the sandbox goes on', async (t) => {
  const sandbox = await assigned(t, async (n: number) => {
    if (n === 1) throw Object.assign(new RangeError('thrown'), { code: 'ETHROWN' });
    if (n === 2) return Promise.reject(new TypeError('rejected'));
    if (n === 3) await new Promise((_, reject) => setTimeout(() => reject(new Error('later')), 5));
    return n;
  });
  for (const [n, name, message, code] of [
    [1, 'RangeError', 'thrown', 'ETHROWN'],
    [2, 'TypeError', 'rejected', undefined],
    [3, 'Error', 'later', undefined],
  ] as const) {
    const messages = await sandbox.run(n);
    assert.deepEqual(
      messages.map(({ request }) => request),
      ['measurement', 'workError'],
    );
    const error = messages[1]!['error'] as Error & { code?: string };
    assert.deepEqual([error.name, error.message, error.code], [name, message, code]);
    assert.match(error.stack!, new RegExp(`${name}: ${message}\n +at `));
  }
  assert.equal(await sandbox.result(4), 4);
});

test('a rejection that is handled before its turn is over harms nobody', async (t) => {
  const sandbox = await assigned(t, async () => {
    const rejected = Promise.reject(new Error('for a moment'));
    await Promise.resolve();
    return rejected.catch((error: Error) => error.message);
  });
  assert.equal(await sandbox.result(0), 'for a moment');
  assert.equal(await sandbox.result(0), 'for a moment');
});

for (const [name, reason, retries, expected] of [
  ['with a reason and retries', 'not here', 2, { reason: 'not here', retries: 2 }],
  ['with a reason alone', 'not here', undefined, { reason: 'not here', retries: 0 }],
  ['with false, as it once was', false, undefined, { reason: 'false', retries: 1 }],
] as const) {
  test(`work.reject ${name} is reported, then the sandbox closes itself`, async (t) => {
    const sandbox = await assigned(t, ([why, times]: [string, number]) => work.reject(why, times));
    const messages = await sandbox.run([reason, retries]);
    assert.deepEqual(
      messages.map(({ request }) => request),
      ['measurement', 'workReject'],
    );
    assert.deepEqual(messages[1]!['workRejectData'], expected);
    await sandbox.closed;
    assert.equal(sandbox.death, 'DIE: worker close called');
  });
}
