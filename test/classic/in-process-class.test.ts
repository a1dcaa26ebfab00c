/** The class for programs that use dcp-client as a library: StandaloneWorker's interface without a connection. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSandboxClass, type SandboxClass } from '#src/evaluator/index.js';
import { onlyOurs, ownStartupFiles } from './support/evaluator.js';
import { loadClient } from './support/generation.js';
import { Sandbox, leastOf, type JobOptions, type WorkFunction } from './support/sandbox.js';

declare const work: { emit(name: string, value?: unknown): void; reject(reason?: string): never };

const skip = onlyOurs('it is no evaluator to connect to');

/** How long another Sandbox may wait for its answer while one is being stopped, milliseconds; what else the machine does is not held against it. */
const SERVED_MS = 500;
const ATTEMPTS = 3;

async function openClass(t: TestContext, threads = 2): Promise<SandboxClass> {
  const startup = ownStartupFiles().map((file) => ({
    name: path.basename(file),
    source: readFileSync(file),
  }));
  const opened = await openSandboxClass({ startup, threads, spare: 1, gpu: null });
  t.after(() => opened.close());
  return opened;
}

async function make({ SandboxConstructor }: SandboxClass): Promise<Sandbox> {
  const { kvin } = await loadClient();
  return new Sandbox(new SandboxConstructor({ name: 'a test' }), kvin, null);
}

async function assigned(
  sandboxes: SandboxClass,
  workFunction: WorkFunction,
  options: JobOptions = {},
): Promise<Sandbox> {
  const sandbox = await make(sandboxes);
  await sandbox.assign(workFunction, options);
  return sandbox;
}

/** Begins a Slice that never returns to its event loop. */
async function loopForEver(sandboxes: SandboxClass): Promise<Sandbox> {
  const sandbox = await assigned(sandboxes, () => {
    work.emit('loops');
    for (;;);
  });
  await sandbox.next('emitEvent', await sandbox.begin(0));
  return sandbox;
}

test('a Sandbox describes itself and does a thousand Slices in order', { skip }, async (t) => {
  const sandbox = await make(await openClass(t));
  assert.equal(typeof (await sandbox.describe())['capabilities'], 'object');
  await sandbox.applyRequirements();
  sandbox.postAssign((n: number, factor: number) => n * factor, { arguments: [3] });
  await sandbox.next('assigned');
  for (let n = 0; n < 1000; n++) assert.equal(await sandbox.result(n), 3 * n);
  assert.deepEqual(sandbox.errors, []);
});

test('typed arrays go both ways', { skip }, async (t) => {
  const sandbox = await assigned(await openClass(t), (value: Float64Array) => [
    value instanceof Float64Array,
    value.map((n) => n * 2),
    new BigInt64Array([-1n, 2n ** 62n]),
  ]);
  const value = Float64Array.from({ length: 100_000 }, (_, index) => index / 3);
  assert.deepEqual(await sandbox.result(value), [
    true,
    value.map((n) => n * 2),
    new BigInt64Array([-1n, 2n ** 62n]),
  ]);
});

test('a result of 50 MB comes back whole', { skip }, async (t) => {
  const sandbox = await assigned(await openClass(t), (value: string) => value);
  const value = 'abcdefghij'.repeat(5_000_000);
  assert.ok((await sandbox.result(value)) === value);
});

test('an error, events and console messages are reported, and the Sandbox goes on', { skip }, async (t) => {
  const sandbox = await assigned(await openClass(t), (n: number) => {
    work.emit('seen', n);
    console.warn('seen', n);
    if (n === 1) throw new RangeError('thrown');
    return n;
  });
  const messages = await sandbox.run(1);
  const ending = messages.at(-1)!;
  assert.equal(ending.request, 'workError');
  assert.equal((ending['error'] as Error).message, 'thrown');
  assert.deepEqual(messages.find(({ request }) => request === 'emitEvent')!['payload'], {
    eventName: 'custom',
    customEvent: 'seen',
    data: 1,
  });
  assert.deepEqual(messages.find(({ request }) => request === 'console')!['payload'], {
    level: 'warn',
    message: ['seen', 1],
    same: 1,
  });
  assert.equal(await sandbox.result(2), 2);
});

test('work.reject is reported before the end, and there is one end', { skip }, async (t) => {
  const sandbox = await assigned(await openClass(t), () => work.reject('not here'));
  let ends = 0;
  let seenAtEnd: string[] = [];
  sandbox.worker.addEventListener('end', () => {
    ends++;
    seenAtEnd = sandbox.messages.map(({ request }) => request);
  });
  await sandbox.begin(0);
  await sandbox.closed;
  assert.equal(seenAtEnd.at(-1), 'workReject');
  assert.deepEqual(sandbox.messages.at(-1)!['workRejectData'], { reason: 'not here', retries: 0 });
  // The class hears no more of it, whatever it is told.
  sandbox.worker.terminate();
  sandbox.post({ request: 'describe' });
  const other = await assigned(await openClass(t), () => 1);
  assert.equal(await other.result(0), 1);
  assert.equal(ends, 1);
  assert.deepEqual(sandbox.errors, []);
});

test('an exception for a message that cannot be read comes as onerror', { skip }, async (t) => {
  const sandboxes = await openClass(t);
  const { kvin } = await loadClient();
  const worker = new sandboxes.SandboxConstructor();
  const seen = new Sandbox(worker, kvin, null);
  const thrown = new Promise<Error>((resolve) => (worker.onerror = resolve));
  await seen.describe();
  worker.postMessage({ _serializeVerId: 'no such version' });
  const error = await thrown;
  assert.match(error.name, /^Worker\w*Error$/);
  assert.match(error.message, /no such version/);
  await seen.ask({ request: 'describe' }, 'describe');
});

test('onmessage hears what listeners hear, until it is replaced', { skip }, async (t) => {
  const { SandboxConstructor } = await openClass(t);
  const { kvin } = await loadClient();
  const worker = new SandboxConstructor();
  const seen = new Sandbox(worker, kvin, null);
  let heard = 0;
  worker.onmessage = ({ data }) => {
    assert.equal(typeof data, 'object');
    heard++;
  };
  await seen.describe();
  // Its turn comes after that of the listener which was first.
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(heard, seen.messages.length);
  worker.onmessage = null;
  await seen.ask({ request: 'describe' }, 'describe');
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(heard < seen.messages.length);
});

/** What a program does with a Sandbox that has described itself, and whether it then ends by itself. */
const KEEPING: readonly (readonly [what: string, code: string, ends: boolean])[] = [
  ['makes none', '', true],
  ['makes one', 'await made();', false],
  ['makes one and calls unref()', '(await made()).unref();', true],
  ['makes one and calls unref() and ref()', '(await made()).unref().ref();', false],
  ['makes two and calls unref() of one', '(await made()).unref(); await made();', false],
  ['makes one and ends it', '(await made()).terminate();', true],
];
/** How long a program is given to end by itself, milliseconds. */
const LINGERS_MS = 2000;

for (const [what, code, ends] of KEEPING) {
  test(`a program that ${what} ${ends ? 'ends' : 'goes on'} by itself`, { skip }, async (t) => {
    const program = spawn(process.execPath, ['--input-type=module', '-e', keepingProgram(code)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => program.kill('SIGKILL'));
    const exit = once(program, 'exit');
    await once(program.stdout, 'data');
    const patience = new AbortController();
    const lingers = sleep(ends ? 10 * LINGERS_MS : LINGERS_MS, 'goes on', patience);
    const outcome = await Promise.race([exit.then(([status]: unknown[]) => status), lingers]);
    patience.abort();
    assert.equal(outcome, ends ? 0 : 'goes on');
  });
}

/** Says something when it has done what `code` says and has nothing left to do. */
function keepingProgram(code: string): string {
  return `
    import { readFileSync } from 'node:fs';
    import { openSandboxClass } from ${JSON.stringify(import.meta.resolve('#src/evaluator/index.js'))};
    const startup = ${JSON.stringify(ownStartupFiles())}.map((name) => ({ name, source: readFileSync(name) }));
    const { SandboxConstructor } = await openSandboxClass({ startup, threads: 1, spare: 1, gpu: null });
    async function made() {
      const worker = new SandboxConstructor();
      const answered = new Promise((resolve) => worker.addEventListener('message', resolve));
      worker.postMessage({ request: 'describe' });
      await answered;
      return worker;
    }
    ${code}
    console.log('done');
  `;
}

test(
  `terminate stops a loop on the only thread, and others are served within ${SERVED_MS} ms`,
  { skip },
  async (t) => {
    const sandboxes = await openClass(t, 1);
    const other = await assigned(sandboxes, (n: number) => n);
    const ms = await leastOf(ATTEMPTS, async () => {
      const looping = await loopForEver(sandboxes);
      const start = performance.now();
      looping.worker.terminate();
      await other.describe();
      const servedMs = performance.now() - start;
      await looping.closed;
      return servedMs;
    });
    assert.ok(ms < SERVED_MS, `served after ${ms.toFixed(0)} ms`);
    assert.equal(await other.result(5), 5);
  },
);

test('a Sandbox that hoards ends with the reason, others go on', { skip }, async (t) => {
  const startup = ownStartupFiles().map((file) => ({
    name: path.basename(file),
    source: readFileSync(file),
  }));
  const sandboxes = await openSandboxClass({ startup, threads: 2, gpu: null, limits: { heapMiB: 64 } });
  t.after(() => sandboxes.close());
  const other = await assigned(sandboxes, (n: number) => n);
  const hoarder = await assigned(sandboxes, () => {
    const hoard: unknown[] = [];
    for (;;) hoard.push(Array.from({ length: 1000 }, (_, n) => ({ n })));
  });
  await hoarder.begin(0);
  await hoarder.closed;
  assert.match(String(hoarder.errors.at(-1)), /the Sandbox ended: .*memory/i);
  assert.equal(await other.result(5), 5);
});

test('close ends every Sandbox, also one that loops', { skip }, async (t) => {
  const sandboxes = await openClass(t);
  const idle = await assigned(sandboxes, (n: number) => n);
  const looping = await loopForEver(sandboxes);
  await sandboxes.close();
  await Promise.all([idle.closed, looping.closed]);
});
