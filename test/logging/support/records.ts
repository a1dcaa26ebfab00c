import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord } from '#src/logging/index.js';

/** A record as a Worker has them, with something else about it. */
export function record(changes: Partial<LogRecord> = {}): LogRecord {
  return {
    time: Date.UTC(2026, 10, 29, 8, 4, 54, 123),
    level: 'info',
    type: 'results',
    text: 'job j1: 3 Slices done',
    fields: { job: 'j1', slices: 3 },
    ...changes,
  };
}

/** `count` records whose texts end with their numbers, from 0. */
export function numbered(count: number, text = 'record'): LogRecord[] {
  return Array.from({ length: count }, (_, number) =>
    record({ text: `${text} ${number}`, fields: { number } }),
  );
}

/** What a Job may try by its name, or by what it prints. */
export const HOSTILE =
  'a\nFeb  1 00:00:00 host sshd[1]: forged\r\n\x1b[2J\x1b]0;title\x07\x9b31m\u2028\u202eback"]\\\0<0>';

/** What is obeyed by terminals and readers instead of shown. */
export const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-log-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Waits until something answers a value, at most `patienceMs`. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false,
  patienceMs = 30_000,
): Promise<T> {
  for (const end = Date.now() + patienceMs; ; await sleep(10)) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`not within ${patienceMs} ms: ${what}`);
  }
}

/** Whether a command works here, for tests that need it. */
export function works(command: string, args: readonly string[], env = process.env): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', env });
    return true;
  } catch {
    return false;
  }
}

/** What something costs this process, milliseconds of all its threads: a busy machine does not change it. */
export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
