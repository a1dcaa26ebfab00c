/** A Worker that watches its machine: gated for a real program, and its profile for who is there. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { createCompute } from '#src/compute/index.js';
import { run, start, temporaryDirectory } from './support.js';

interface Shown {
  readonly places: { readonly all: number };
  readonly gates: readonly {
    readonly target: string | number;
    readonly action: string;
    readonly reasons: readonly { readonly code: string }[];
  }[];
  readonly idle: { readonly code: string; readonly text: string; readonly remedy: string } | null;
}

/** A Worker in a home with this configuration, and what it shows. */
function worker(t: TestContext, configuration: string) {
  const home = temporaryDirectory(t);
  const file = path.join(home, '.dcp/dcp-worker/dcp-config.js');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, configuration);
  const scheduler = path.join(home, 'scheduler');
  const env = { DCP_HOMEDIR: home, DCP_WORKER_SOCKET: path.join(home, 'worker.sock') };
  const running = start(
    t,
    'dcp-worker',
    ['--scheduler', scheduler, '--no-gpu', '-o', 'console', '-c', '2'],
    env,
  );
  return {
    file,
    running,
    compute: createCompute({ scheduler }),
    command: (...args: string[]) => run(t, 'dcp-worker', args, env),
    async shown(): Promise<Shown> {
      return JSON.parse((await run(t, 'dcp-worker', ['status', '--json'], env)).stdout) as Shown;
    },
    async end(): Promise<void> {
      running.child.kill('SIGTERM');
      assert.equal((await running.ended).code, 0);
    },
  };
}

/** A program that wants the machine for itself. */
function exclusiveProgram(t: TestContext): { file: string; open(): ChildProcess } {
  const file = path.join(temporaryDirectory(t), 'render-farm');
  copyFileSync('/bin/sleep', file);
  return {
    file,
    open() {
      const child = spawn(file, ['60'], { stdio: 'ignore' });
      t.after(() => child.kill('SIGKILL'));
      return child;
    },
  };
}

const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => parentOf(each) === pid);

function parentOf(pid: number): number {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]);
  } catch {
    return 0;
  }
}

for (const stop of ['freeze', 'kill'] as const) {
  test(`${stop}: while a program runs that wants the machine nothing works, status says so, then it goes on`, async (t) => {
    const program = exclusiveProgram(t);
    const { running, compute, command, shown, end } = worker(
      t,
      `{ worker: { manager: { stop: '${stop}', resumeAfter: 0, programs: ['${program.file}'] } } }`,
    );
    const job = compute.for(1, 30, async (n: number) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return n;
    });
    const results = job.exec();
    await new Promise((resolve) => job.once('result', resolve));
    const other = program.open();
    await running.printed(
      stop === 'freeze' ? /CPU: frozen for .* PROGRAM_RUNNING, / : /CPU: stopped for .* PROGRAM_RUNNING, /,
    );
    const { gates, idle } = await shown();
    assert.deepEqual(
      gates.map(({ target, action, reasons }) => [target, action, reasons.map(({ code }) => code)]),
      [['cpu', stop, ['PROGRAM_RUNNING']]],
    );
    assert.equal(idle!.code, stop === 'freeze' ? 'FROZEN' : 'GATED');
    assert.match(idle!.text, /render-farm runs \(process \d+\)/);
    const { done } = await compute.jobStatus(job.id!);
    const processes = childrenOf(running.child.pid!);
    if (stop === 'freeze') assert.ok(processes.length > 0);
    else assert.deepEqual(processes, []);
    await sleep(500);
    assert.equal((await compute.jobStatus(job.id!)).done, done);
    assert.match((await command('status')).stdout, /Idle +2 places, (FROZEN|GATED): the machine is needed/);
    other.kill('SIGKILL');
    await running.printed(/the machine is free: all work may run/);
    assert.equal((await results).length, 30);
    const { stdout } = await command('status', '--json');
    assert.equal((JSON.parse(stdout) as { counts: { lostSandboxes: number } }).counts.lostSandboxes, 0);
    await end();
  });
}

test('what is watched changes by SIGHUP; a mistake in it names the key', async (t) => {
  const program = exclusiveProgram(t);
  const { file, running, shown, end } = worker(t, '{}');
  await running.printed(/worker .*Sandbox/);
  program.open();
  writeFileSync(file, `{ worker: { manager: { stop: 'freeze', programs: ['${program.file}'] } } }`);
  running.child.kill('SIGHUP');
  await running.printed(/CPU: frozen/);
  writeFileSync(file, "{ worker: { manager: { allowedHours: ['never'] } } }");
  running.child.kill('SIGHUP');
  await running.printed(
    /not reloaded: .*dcp-config\.js:1:\d+: worker\.manager\.allowedHours\[0\]: expected .*never/,
  );
  assert.equal((await shown()).gates.length, 1);
  writeFileSync(file, '{}');
  running.child.kill('SIGHUP');
  await running.printed(/the machine is free/);
  await end();
});

test('the profile auto follows who uses the machine, and dcp-worker profile goes before it', async (t) => {
  const tokenFile = path.join(temporaryDirectory(t), 'token');
  writeFileSync(tokenFile, 'a-token-of-some-length');
  const { running, command, shown, end } = worker(
    t,
    `{ worker: {
      profile: 'auto',
      status: { httpPort: 0, tokenFile: '${tokenFile}' },
      profiles: { inUse: { maxSandboxes: 1 }, idle: { maxSandboxes: 2 } },
      manager: { presence: ['signal'], resumeAfter: 0 },
    } }`,
  );
  await running.printed(/worker .*Sandbox/);
  assert.equal((await shown()).places.all, 2);
  // It is just being replaced, which is nothing to a page that is open.
  writeFileSync(tokenFile, '');
  running.child.kill('SIGPWR');
  await running.printed(/somebody uses the machine, profile inUse: 2 places → 1 place/);
  assert.deepEqual((await shown()).gates, []);
  assert.equal((await command('profile', 'idle')).stdout, 'profile idle: 1 place → 2 places\n');
  running.child.kill('SIGPWR');
  await sleep(200);
  assert.equal((await shown()).places.all, 2);
  running.child.kill('SIGPWR');
  await command('profile', 'auto');
  assert.equal((await shown()).places.all, 1);
  running.child.kill('SIGPWR');
  await running.printed(/nobody uses the machine, profile idle: 1 place → 2 places/);
  await end();
});
