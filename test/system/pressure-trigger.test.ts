/** The kernel's triggers of pressure, by processes that wait for a core. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PressureTrigger } from '#src/system/index.js';

const CPU = '/proc/pressure/cpu';
const WITHOUT = !existsSync(CPU) && 'no pressure stall information';
/** The shortest window that every user may have. */
const WINDOW_MS = 2_000;

/** More work than there are cores; answers what ends it. */
function makeWait(t: TestContext): () => void {
  const children = Array.from({ length: 3 * availableParallelism() }, () =>
    spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }),
  );
  const end = (): void => children.forEach((child) => void child.kill('SIGKILL'));
  t.after(end);
  return end;
}

test(
  'the kernel tells when tasks wait, at most once in a window, until it is closed',
  { skip: WITHOUT },
  async (t) => {
    let calls = 0;
    const trigger = new PressureTrigger(CPU, 100, WINDOW_MS, () => calls++);
    t.after(() => trigger.close());
    const begun = performance.now();
    makeWait(t);
    while (calls < 2) await sleep(10);
    const windows = (performance.now() - begun) / WINDOW_MS;
    assert.ok(calls <= windows + 1, `${calls} calls in ${windows} windows`);
    trigger.close();
    const before = calls;
    await sleep(WINDOW_MS);
    assert.equal(calls, before);
    trigger.close();
  },
);

test('what the kernel does not take is said', { skip: WITHOUT }, () => {
  const open = (file: string, stallMs: number, windowMs: number): PressureTrigger =>
    new PressureTrigger(file, stallMs, windowMs, () => undefined);
  // A wait that is longer than the time it is to happen in; a window above 10 s.
  assert.throws(() => open(CPU, 2_100, 2_000), { code: 'EINVAL', message: `trigger EINVAL ${CPU}` });
  assert.throws(() => open(CPU, 100, 60_000), { code: 'EINVAL' });
  assert.throws(() => open('/proc/pressure/nothing', 100, 2_000), { code: 'ENOENT' });
});

test('a trigger keeps no process running, nor hinders a thread that ends', { skip: WITHOUT }, async () => {
  const open = `import('#src/system/index.js').then(({ PressureTrigger }) => {
    globalThis.kept = new PressureTrigger('${CPU}', 2000, 2000, () => {});
  })`;
  const source = `
    import { Worker } from 'node:worker_threads';
    await ${open};
    new Worker(${JSON.stringify(open)}, { eval: true }).on('exit', (code) => console.log('thread: ' + code));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    timeout: 20_000,
  });
  assert.equal(stdout, 'thread: 0\n');
});
