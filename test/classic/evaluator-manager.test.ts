/** The dcp-evaluator-manager of this package, before the evaluator of this package, with the Sandboxes of existing Workers. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../cli/support.js';
import { onlyOurs } from './support/evaluator.js';
import { CLIENT_FOLDER } from './support/generation.js';
import { openSandbox, type Sandbox } from './support/sandbox.js';

const OURS = onlyOurs('they start ours');
const PROGRAM = fileURLToPath(new URL('../../dist/bin/dcp-evaluator-manager.js', import.meta.url));

interface Managed {
  readonly process: ChildProcess;
  readonly port: number;
  /** Resolves with the first line from here on that has the event and these fields. */
  told(event: string, fields?: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
}

/** A manager on a port of its own, ended with the test. Nothing but a signal stops its evaluators. */
async function startManager(t: TestContext, ...options: readonly string[]): Promise<Managed> {
  const words = ['-p', '0', '--json', '-d', 'session,screensaver,logind,battery', ...options];
  const child = spawn(process.execPath, [PROGRAM, ...words, '--', '--dcp-client', CLIENT_FOLDER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const lines: Record<string, unknown>[] = [];
  let rest = '';
  let onLine = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    lines.push(...parts.map((line) => JSON.parse(line) as Record<string, unknown>));
    onLine();
  });
  const told: Managed['told'] = async (event, fields = {}) => {
    for (;;) {
      const at = lines.findIndex(
        (line) =>
          line['event'] === event && Object.entries(fields).every(([name, value]) => line[name] === value),
      );
      if (at >= 0) return lines.splice(0, at + 1)[at]!;
      const more = new Promise<void>((resolve) => (onLine = resolve));
      await Promise.race([more, ended.then(() => assert.fail(`the manager ended before ${event}`))]);
    }
  };
  const { where } = await told('listening');
  return { process: child, port: Number(/:(\d+)$/.exec(String(where))![1]), told };
}

const EXCLUSIVE = 'dcp-test-game';

/** A process by that name, which wants the machine for itself. */
function startExclusive(t: TestContext): ChildProcess {
  const file = path.join(temporaryDirectory(t), EXCLUSIVE);
  copyFileSync('/bin/sleep', file);
  const child = spawn(file, ['60'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function assertWorks(sandbox: Sandbox): Promise<void> {
  await sandbox.assign((n: number) => n * n);
  for (let n = 0; n < 20; n++) assert.equal(await sandbox.result(n), n * n);
  assert.deepEqual(sandbox.errors, []);
}

/** A Sandbox that is busy with a Slice of so many milliseconds. */
async function busySandbox(
  t: TestContext,
  manager: Managed,
  ms: number,
): Promise<[Sandbox, Promise<unknown>]> {
  const sandbox = await openSandbox(t, manager);
  await sandbox.assign(`async function (ms) {
    for (const end = Date.now() + ms; Date.now() < end; ) progress();
    return ms;
  }`);
  return [sandbox, sandbox.result(ms)];
}

test('each connection gets an evaluator of its own, which ends with it', { skip: OURS }, async (t) => {
  const manager = await startManager(t);
  const [first, second] = await Promise.all([1, 2].map(() => openSandbox(t, manager)));
  await Promise.all([first!, second!].map(assertWorks));
  first!.worker.terminate();
  await first!.closed;
  await manager.told('end', { how: null });
  assert.equal(await second!.result(30), 900);
});

test('a signal ends evaluators at once, and the next one lets them start', { skip: OURS }, async (t) => {
  const manager = await startManager(t);
  const [sandbox, result] = await busySandbox(t, manager, 60_000);
  result.catch(() => undefined);
  const at = performance.now();
  manager.process.kill('SIGPWR');
  await sandbox.closed;
  assert.ok(performance.now() - at < 1_000, `closed after ${performance.now() - at} ms`);
  await manager.told('decision', { action: 'kill' });
  const refused = net.connect(manager.port);
  await once(refused, 'close');
  assert.equal((await manager.told('refused'))['why'], 'SIGNAL_TOGGLE');
  manager.process.kill('SIGPWR');
  await manager.told('decision', { action: 'run' });
  await assertWorks(await openSandbox(t, manager));
});

test('frozen evaluators stand still, and go on where they were', { skip: OURS }, async (t) => {
  const manager = await startManager(
    t,
    '--stop',
    'freeze',
    '--exclusive',
    EXCLUSIVE,
    '--gone-for',
    'program=0',
  );
  const [sandbox, result] = await busySandbox(t, manager, 2_000);
  const game = startExclusive(t);
  await manager.told('decision', { action: 'freeze' });
  const ended = result.then(() => 'ended');
  assert.equal(await Promise.race([ended, sleep(2_500, 'frozen')]), 'frozen');
  game.kill();
  await manager.told('decision', { action: 'run' });
  assert.equal(await ended, 'ended');
  assert.deepEqual(sandbox.errors, []);
});
