/** A wall clock for the Worker's process alone, by libfaketime (scripts/faketime.mjs). */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LIBRARY = fileURLToPath(new URL('../../../.cache/faketime/libfaketimeMT.so.1', import.meta.url));

/** Why clocks cannot be set here; null where they can. */
export function withoutClocks(): string | null {
  return existsSync(LIBRARY) ? null : 'no libfaketime: npm run faketime fetches it';
}

/** `CLOCK_REALTIME` of a process, so many hours from the machine's. The clocks that only go forward stay as they are. */
export class WallClock {
  #hours = 0;

  constructor(private readonly file: string) {
    this.set(0);
  }

  get hours(): number {
    return this.#hours;
  }

  set(hours: number): void {
    this.#hours = hours;
    // Read at every look at the clock: never half written.
    writeFileSync(`${this.file}.next`, `${hours < 0 ? '' : '+'}${hours * 3600}\n`);
    renameSync(`${this.file}.next`, this.file);
  }

  get env(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** What a process leaves in memory that it shared with nobody, when it was killed. */
  static forget(pid: number): void {
    for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
      rmSync(`/dev/shm/${name}`, { force: true });
  }

  /** For Node: what the process starts itself has the machine's clock. */
  get nodeOptions(): readonly string[] {
    return ['--import', 'data:text/javascript,delete process.env.LD_PRELOAD'];
  }
}
