import { execFile } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { printable } from '../dbus/errors.js';

/** How long `who` may take, milliseconds, and how much it may say, bytes. */
const PATIENCE_MS = 5_000;
const LONGEST_LIST_BYTES = 1024 * 1024;

export interface LoggedIn {
  readonly user: string;
  /** `tty1`, `pts/0`, `:0`. */
  readonly line: string;
}

/**
 * Who is logged in by the file that login programs write (`/run/utmp`), read by the program `who`, which knows its formats.
 * @param exceptLine a terminal that does not count
 * @throws Error when there is no such file, or `who` cannot be run
 */
export async function firstLoggedIn(utmp: string, exceptLine: string | null): Promise<LoggedIn | null> {
  if (!existsSync(utmp)) throw new Error(`${utmp} is missing`);
  const { stdout } = await promisify(execFile)('who', [utmp], {
    env: { ...process.env, LC_ALL: 'C' },
    timeout: PATIENCE_MS,
    maxBuffer: LONGEST_LIST_BYTES,
  });
  for (const row of stdout.split('\n')) {
    const [user, line] = row.trim().split(/\s+/);
    if (user && line && line !== exceptLine) return { user: printable(user), line: printable(line) };
  }
  return null;
}

/** The terminal that this process was started from, as `who` names it; null: none. */
export function ownLine(): string | null {
  for (const descriptor of [0, 1, 2]) {
    try {
      const place = readlinkSync(`/proc/self/fd/${descriptor}`);
      if (/^[/]dev[/](tty|pts[/])\d+$/.test(place)) return place.slice('/dev/'.length);
    } catch {
      continue;
    }
  }
  return null;
}
