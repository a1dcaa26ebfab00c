import { fstatSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Finding, Target } from '../monitor.js';
import type { MonitorKind } from '../monitor-kind.js';
import { PolledMonitor, UnavailableError } from '../polled.js';

interface TerminalSettings {
  /** Where the system has its pseudo terminals. Default `/dev/pts`. */
  readonly directory: string;
  /** How long nobody must have typed, seconds, 1 to 86,400. Default 30. The kernel notes it every 8 s. */
  readonly idleS: number;
  /** Whether consoles (`/dev/tty1` and so on) are looked at, too. Default true. */
  readonly consoles: boolean;
  readonly everyMs: number;
}

/** A terminal as it was seen last: when it was read from, and when we saw that, on a clock that only goes forward. */
interface Seen {
  readonly accessMs: number;
  readonly typedAt: number;
}

const CONSOLE = /^tty[1-9]\d*$/;

/**
 * Typing at terminals. The time of the last access to a terminal's file is when something typed there was read; what is written
 * to it, as a log that is followed, does not count.
 */
class TerminalMonitor extends PolledMonitor {
  readonly name = 'pts';
  readonly #own = ownTerminals();
  readonly #seen = new Map<string, Seen>();
  readonly #consoleFolder: string;

  constructor(
    private readonly settings: TerminalSettings,
    root: string,
    private readonly target: Target,
  ) {
    super(settings.everyMs);
    this.#consoleFolder = path.join(root, 'dev');
  }

  protected look(): Finding | null {
    const files = this.#terminals();
    for (const file of this.#seen.keys()) if (!files.includes(file)) this.#seen.delete(file);
    const active = files.find((file) => this.#wasTypedAt(file));
    if (active === undefined) return null;
    const text = `somebody typed at ${active} within the last ${this.settings.idleS} s`;
    return { code: 'TERMINAL_ACTIVE', text, target: this.target };
  }

  #terminals(): string[] {
    const { directory, consoles } = this.settings;
    let names: string[];
    try {
      names = readdirSync(directory);
    } catch (error) {
      throw new UnavailableError(`${directory} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
    const files = names.filter((name) => name !== 'ptmx').map((name) => path.join(directory, name));
    return consoles ? [...files, ...this.#consoles()] : files;
  }

  #consoles(): string[] {
    try {
      const names = readdirSync(this.#consoleFolder).filter((name) => CONSOLE.test(name));
      return names.map((name) => path.join(this.#consoleFolder, name));
    } catch {
      return [];
    }
  }

  #wasTypedAt(file: string): boolean {
    const idleMs = this.settings.idleS * 1000;
    const now = performance.now();
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats?.isCharacterDevice() !== true || this.#own.has(stats.rdev)) return false;
    let seen = this.#seen.get(file);
    if (seen?.accessMs !== stats.atimeMs) {
      // The first time we have the wall clock only, which may have been set since. A time to come was none.
      const ageMs = seen === undefined ? Date.now() - stats.atimeMs : 0;
      seen = { accessMs: stats.atimeMs, typedAt: ageMs < 0 ? -Infinity : now - ageMs };
      this.#seen.set(file, seen);
    }
    return now - seen.typedAt < idleMs;
  }
}

/** Those this program prints to: whoever looks at them is not at work. By their device numbers. */
function ownTerminals(): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const fd of [0, 1, 2]) {
    try {
      const stats = fstatSync(fd);
      if (stats.isCharacterDevice()) numbers.add(stats.rdev);
    } catch {
      // Closed.
    }
  }
  return numbers;
}

export const TERMINALS: MonitorKind<TerminalSettings> = {
  name: 'pts',
  // How long nobody must have typed is a setting of its own.
  policy: { afterMs: 0, goneForMs: 0, stop: null },
  complete: (fields) => ({
    directory: fields.text('directory', '/dev/pts'),
    idleS: fields.number('idleS', 1, 86_400, 'seconds', 30),
    consoles: fields.flag('consoles', true),
    everyMs: fields.number('everyMs', 50, 60_000, 'milliseconds', 500),
  }),
  make: (settings, { root, target }) => new TerminalMonitor(settings, root, target),
};
