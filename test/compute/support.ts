import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createCompute, type Compute } from '#src/compute/index.js';
import { openEmbeddedScheduler, type EmbeddedScheduler } from '#src/scheduler/index.js';
import { Worker } from '#src/worker/index.js';

/** A client on a Scheduler directory of its own; `withWorker` starts a Worker there. */
export async function openClient(
  t: TestContext,
  { withWorker = true } = {},
): Promise<{ compute: Compute; directory: string }> {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  const worker = new Worker({ scheduler: directory, cores: 2 });
  t.after(async () => {
    await worker.stop({ finish: 'now' });
    rmSync(directory, { recursive: true, force: true });
  });
  if (withWorker) await worker.start();
  return { compute: createCompute({ scheduler: directory }), directory };
}

/** A client on an open Scheduler of its own, for which nobody works. */
export async function openScheduler(
  t: TestContext,
): Promise<{ compute: Compute; scheduler: EmbeddedScheduler }> {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  const scheduler = await openEmbeddedScheduler(directory);
  t.after(async () => {
    await scheduler.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return { compute: createCompute({ scheduler }), scheduler };
}

/** Runs JavaScript in a process of its own; resolves with what it printed and how it ended. */
export function runScript(
  t: TestContext,
  script: string,
  args: readonly string[] = [],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: path.dirname(new URL(import.meta.resolve('#src/index.js')).pathname),
  });
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (data) => (stdout += String(data)));
  child.stderr!.on('data', (data) => (stderr += String(data)));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

/** Where a script of `runScript` finds the package. */
export const PACKAGE = import.meta.resolve('#src/index.js');
