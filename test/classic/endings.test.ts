/** How a sandbox ends: asked to, let go of, or because of what it did. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { listen, onlyOurs, ownStartupFiles, startOnStdio } from './support/evaluator.js';
import { GENERATION } from './support/generation.js';
import { TRANSPORTS, assigned, leastOf, openOn, openSandbox } from './support/sandbox.js';

declare const work: { emit(name: string, value?: unknown): void };

/** How long another connection may wait for its answer while a sandbox is being stopped, milliseconds; what else the machine does is not held against it. */
const SERVED_MS = 500;
const ATTEMPTS = 3;

test('die is answered with a date, and the connection closes', async (t) => {
  const sandbox = await assigned(t, () => 1);
  assert.equal(await sandbox.result(0), 1);
  sandbox.worker.terminate();
  await sandbox.closed;
  assert.match(sandbox.death ?? '', /^DIE: \w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT/);
});

test('die is answered while a Slice waits for a timer', async (t) => {
  const sandbox = await assigned(t, async () => {
    work.emit('waits');
    await new Promise((resolve) => setTimeout(resolve, 3_600_000));
  });
  await sandbox.next('emitEvent', await sandbox.begin(0));
  sandbox.worker.terminate();
  await sandbox.closed;
  assert.match(sandbox.death ?? '', /^DIE: \w{3} /);
});

test(
  'die ends an evaluator on its standard streams',
  { skip: onlyOurs("npm's evaluator stays") },
  async (t) => {
    const child = startOnStdio(t);
    const ended = once(child, 'exit');
    const sandbox = await openOn(child.stdout, child.stdin);
    await sandbox.assign(() => 1);
    sandbox.worker.terminate();
    await sandbox.closed;
    assert.deepEqual(await ended, [0, null]);
  },
);

/** Begins a Slice that never returns to its event loop. */
async function loopForEver(t: TestContext, evaluator: { port: number }) {
  const sandbox = await openSandbox(t, evaluator);
  await sandbox.assign(() => {
    work.emit('loops');
    for (;;);
  });
  await sandbox.next('emitEvent', await sandbox.begin(0));
  return sandbox;
}

test(`a sandbox that loops is stopped when its connection closes, and others are served within ${SERVED_MS} ms`, async (t) => {
  const evaluator = await listen(t, { options: ['--threads', '1'] });
  const other = await openSandbox(t, evaluator);
  await other.assign((n: number) => n);
  const ms = await leastOf(ATTEMPTS, async () => {
    const looping = await loopForEver(t, evaluator);
    const start = performance.now();
    looping.socket!.destroy();
    await other.describe();
    return performance.now() - start;
  });
  assert.ok(ms < SERVED_MS, `served after ${ms.toFixed(0)} ms`);
  assert.equal(await other.result(5), 5);
});

test(
  'ten sandboxes that loop are let go of one after another on one thread',
  { skip: onlyOurs('it has a process for each') },
  async (t) => {
    const evaluator = await listen(t, { options: ['--threads', '1'] });
    for (let n = 0; n < 10; n++) (await loopForEver(t, evaluator)).socket!.destroy();
    const sandbox = await openSandbox(t, evaluator);
    await sandbox.assign((n: number) => n);
    assert.equal(await sandbox.result(5), 5);
  },
);

test(
  'a sandbox that hoards dies of its memory limit alone',
  { skip: onlyOurs('it hands options on to nobody') },
  async (t) => {
    const evaluator = await listen(t, { options: ['--options=--max-old-space-size=64'] });
    const other = await openSandbox(t, evaluator);
    await other.assign((n: number) => n);
    const hoarder = await openSandbox(t, evaluator);
    await hoarder.assign(() => {
      const hoard: unknown[] = [];
      for (;;) hoard.push(Array.from({ length: 1000 }, (_, n) => ({ n })));
    });
    await hoarder.begin(0);
    await hoarder.closed;
    assert.match(hoarder.death ?? '', /^DIE: .*memory/i);
    assert.equal(await other.result(5), 5);
    const next = await openSandbox(t, evaluator);
    await next.assign((n: number) => n);
    assert.equal(await next.result(6), 6);
  },
);

const BROKEN = '(n) => { return (';

test(
  'a Work Function that does not parse rejects the Job',
  { skip: GENERATION === 5 && 'the startup files of DCP 5 fail to say so' },
  async (t) => {
    const sandbox = await TRANSPORTS.TCP(t);
    await sandbox.describe();
    await sandbox.applyRequirements();
    sandbox.postAssign(BROKEN);
    assert.match(String((await sandbox.next('reject'))['error']), /^SyntaxError: /);
  },
);

// They throw while they report it, in a promise that nobody looks at: an evaluator that lets it pass never answers.
test(
  'a Work Function that does not parse ends the sandbox with the reason',
  { skip: GENERATION === 4 ? 'DCP 4 rejects the Job' : onlyOurs('it never answers') },
  async (t) => {
    const sandbox = await TRANSPORTS.TCP(t);
    await sandbox.describe();
    await sandbox.applyRequirements();
    sandbox.postAssign(BROKEN);
    await sandbox.closed;
    assert.match(sandbox.death ?? '', /^DIE: .*(SyntaxError|TypeError|metrics)/);
  },
);

test(
  'a startup file that throws ends each connection with the reason, which stderr tells too',
  { skip: onlyOurs("npm's evaluator leaves the connection open") },
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'dcp-classic-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const bad = path.join(folder, 'bad-startup.js');
    writeFileSync(bad, `throw new Error('not on this machine');`);
    const evaluator = await listen(t, { files: [...ownStartupFiles(), bad] });
    for (let n = 0; n < 2; n++) {
      const sandbox = await openSandbox(t, evaluator);
      await sandbox.closed;
      assert.match(sandbox.death ?? '', /^DIE: .*not on this machine/);
    }
    await evaluator.untilStderr(
      /bad-startup\.js[^]*not on this machine|not on this machine[^]*bad-startup\.js/,
    );
  },
);
