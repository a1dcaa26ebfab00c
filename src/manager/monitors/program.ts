import { readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { isProgramName } from '../../model/index.js';
import type { Finding, Target } from '../monitor.js';
import type { MonitorKind } from '../monitor-kind.js';
import { PolledMonitor } from '../polled.js';
import { processIds, statOf, type ProcessStat } from './processes.js';

interface ProgramSettings {
  /** Names of programs, as `blender`, or absolute paths of their files. */
  readonly names: readonly string[];
  readonly everyMs: number;
}

/** The kernel keeps so many bytes of a name. */
const NAME_BYTES = 15;
/** How many processes are looked at before others have their turn: a machine may have thousands. */
const AT_A_TIME = 200;

/** Programs that want the machine for themselves: nothing of ours works while one of them runs. */
class ProgramMonitor extends PolledMonitor {
  readonly name = 'program';

  constructor(
    private readonly settings: ProgramSettings,
    private readonly root: string,
    private readonly target: Target,
  ) {
    super(settings.everyMs);
  }

  protected async look(): Promise<Finding | null> {
    const all = processIds(this.root);
    for (let i = 0; i < all.length; i++) {
      if (i % AT_A_TIME === AT_A_TIME - 1) await new Promise(setImmediate);
      const stat = statOf(this.root, all[i]!);
      const name = stat === null || stat.state === 'Z' ? undefined : this.#matching(stat);
      if (name !== undefined)
        return { code: 'PROGRAM_RUNNING', text: `${name} runs (process ${all[i]})`, target: this.target };
    }
    return null;
  }

  #matching(stat: ProcessStat): string | undefined {
    return this.settings.names.find((name) => {
      if (name.startsWith('/')) return this.#isFile(stat.pid, name);
      if (shortened(name) !== stat.name) return false;
      // Only the beginning of a long name is kept.
      return Buffer.byteLength(name) <= NAME_BYTES || this.#isFile(stat.pid, name);
    });
  }

  /**
   * Whether a process is of the file with this path, or this name. Which one a process of another user is of may not be seen: there its
   * command line counts.
   */
  #isFile(pid: number, name: string): boolean {
    const folder = path.join(this.root, 'proc', String(pid));
    const isName = (file: string): boolean => file === name || path.basename(file) === name;
    try {
      // As the kernel says it of a file that was replaced while it ran.
      return isName(readlinkSync(path.join(folder, 'exe')).replace(/ \(deleted\)$/, ''));
    } catch {
      const said = firstWordOf(path.join(folder, 'cmdline'));
      // One that was found by $PATH is called as it was typed.
      return said !== '' && (isName(said) || said === path.basename(name));
    }
  }
}

/** Empty: it is gone, or a thread of the kernel. */
function firstWordOf(commandLine: string): string {
  try {
    return readFileSync(commandLine, 'utf8').split('\0', 1)[0]!;
  } catch {
    return '';
  }
}

/** As `statOf` reads names: bytes as Latin-1. */
function shortened(name: string): string {
  return Buffer.from(name).subarray(0, NAME_BYTES).toString('latin1');
}

export const PROGRAM: MonitorKind<ProgramSettings> = {
  name: 'program',
  // A game that is started by its launcher ends and starts again.
  policy: { afterMs: 0, goneForMs: 10_000, stop: null },
  complete: (fields) => {
    const names = fields.texts('names', []);
    if (names.length === 0)
      throw fields.error('names', 'expected names of programs, or paths of their files');
    const wrong = names.find((name) => !isProgramName(name));
    if (wrong !== undefined)
      throw fields.error('names', `expected a name or an absolute path, got "${wrong}"`);
    return { names, everyMs: fields.number('everyMs', 100, 60_000, 'milliseconds', 750) };
  },
  make: (settings, { root, target }) => new ProgramMonitor(settings, root, target),
};
