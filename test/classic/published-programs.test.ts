/** The programs around an evaluator: the published ones, unmodified, and this package's own dcp-evaluator-start. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, readFileSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../cli/support.js';
import { freePort, listen, onlyOurs, startOnStdio, type Listening } from './support/evaluator.js';
import { CLIENT_FOLDER, GENERATION, publishedProgram } from './support/generation.js';
import { openOn, openSandbox, type Sandbox } from './support/sandbox.js';

const OURS = onlyOurs('they start ours');
const PUBLISHED = GENERATION === 5 ? 'npm has them for DCP 4' : OURS;

const ownProgram = (name: string): string =>
  fileURLToPath(new URL(`../../dist/bin/${name}.js`, import.meta.url));

/** The evaluator as a file that can be run, as npm installs it. */
function executable(t: TestContext): string {
  const file = path.join(temporaryDirectory(t), 'dcp-evaluator');
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${ownProgram('dcp-evaluator')}' "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

async function assertWorks(sandbox: Sandbox): Promise<void> {
  await sandbox.assign((n: number) => n * n);
  for (let n = 0; n < 20; n++) assert.equal(await sandbox.result(n), n * n);
  assert.deepEqual(sandbox.errors, []);
}

/** Sandboxes work, then SIGTERM ends the program and its evaluator. */
async function assertServes(t: TestContext, started: Listening): Promise<void> {
  await Promise.all([1, 2].map(async () => assertWorks(await openSandbox(t, started))));
  const sandbox = await openSandbox(t, started);
  const ended = once(started.process, 'exit');
  started.process.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  await sandbox.closed;
}

test('the published dcp-evaluator-start starts this evaluator on a port', { skip: PUBLISHED }, async (t) => {
  const command = [process.execPath, publishedProgram('dcp-evaluator-start'), '-e', executable(t)];
  await assertServes(t, await listen(t, { command }));
});

test(
  'the published dcp-evaluator-start starts this evaluator on its standard streams',
  { skip: PUBLISHED },
  async (t) => {
    const command = [process.execPath, publishedProgram('dcp-evaluator-start'), '-s', '-e', executable(t)];
    const child = startOnStdio(t, { command });
    const ended = once(child, 'exit');
    const sandbox = await openOn(child.stdout, child.stdin);
    await assertWorks(sandbox);
    sandbox.worker.terminate();
    assert.deepEqual(await ended, [0, null]);
  },
);

test(
  'the dcp-evaluator-start of this package starts it with the startup files of a dcp-client',
  { skip: OURS },
  async (t) => {
    const command = [process.execPath, ownProgram('dcp-evaluator-start'), '--dcp-client', CLIENT_FOLDER];
    await assertServes(t, await listen(t, { command }));
  },
);

/** The published manager on a port of its own, without monitors; ended with the test. */
async function startManager(t: TestContext, evaluator: string): Promise<{ port: number }> {
  const port = await freePort();
  const folder = temporaryDirectory(t);
  const log = path.join(folder, 'log');
  // It looks up what file its standard output is, which no pipe is.
  const stdout = openSync(log, 'w');
  const args = ['-a', '-p', String(port), '-f', path.join(folder, 'pid'), '--', '-e', evaluator];
  const child = spawn(process.execPath, [publishedProgram('dcp-evaluator-manager'), ...args], {
    stdio: ['ignore', stdout, stdout],
  });
  closeSync(stdout);
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill();
    await ended;
  });
  const watcher = watch(log);
  const text = (): string => readFileSync(log, 'utf8');
  while (!text().includes('Listening for connections'))
    await Promise.race([
      once(watcher, 'change'),
      ended.then(() => assert.fail(`the manager ended: ${text()}`)),
    ]);
  watcher.close();
  return { port };
}

test(
  'the published dcp-evaluator-manager starts this evaluator for each connection',
  { skip: PUBLISHED },
  async (t) => {
    const manager = await startManager(t, executable(t));
    const sandboxes = await Promise.all([1, 2].map(() => openSandbox(t, manager)));
    await Promise.all(sandboxes.map(assertWorks));
    const [first, second] = sandboxes;
    first!.worker.terminate();
    await first!.closed;
    assert.match(first!.death ?? '', /^DIE: /);
    assert.equal(await second!.result(30), 900);
  },
);
