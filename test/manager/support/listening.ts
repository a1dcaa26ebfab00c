import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Finding, Monitor, MonitorName } from '#src/manager/index.js';

/** What a monitor told, in order: a finding, null for none, or why the machine does not have what is watched. */
export type Told = Finding | null | { readonly unavailable: string };

/** How long something may take, milliseconds: the machine may be busy. */
const PATIENCE_MS = 20_000;

/** A monitor that runs until the test's end, and what it tells. */
export class Listening {
  readonly told: Told[] = [];

  constructor(
    t: TestContext,
    readonly monitor: Monitor,
  ) {
    t.after(() => monitor.stop());
    monitor.start({
      onFinding: (_name: MonitorName, finding: Finding | null) => this.told.push(finding),
      onUnavailable: (_name: MonitorName, why: string) => this.told.push({ unavailable: why }),
    });
  }

  /** The next thing told after `index` things, once it is there; its time is that since the call, milliseconds. */
  async next(index: number, patienceMs = PATIENCE_MS): Promise<Told> {
    for (const end = Date.now() + patienceMs; this.told.length <= index; await sleep(5))
      if (Date.now() > end) throw new Error(`nothing after ${JSON.stringify(this.told)} in ${patienceMs} ms`);
    return this.told[index]!;
  }

  /** The last thing told fits. */
  async until(what: string, fits: (told: Told) => boolean, patienceMs = PATIENCE_MS): Promise<Told> {
    for (const end = Date.now() + patienceMs; ; await sleep(5)) {
      const last = this.told.at(-1);
      if (last !== undefined && fits(last)) return last;
      if (Date.now() > end) throw new Error(`not ${what} in ${patienceMs} ms: ${JSON.stringify(this.told)}`);
    }
  }

  /** A finding with that code is the last thing told; null: that nothing is found. */
  finds(code: string | null, patienceMs?: number): Promise<Told> {
    return this.until(String(code), (told) => codeOf(told) === code, patienceMs);
  }

  /** That it is not available is the last thing told, with such a reason. */
  async isUnavailable(why: RegExp): Promise<void> {
    await this.until(
      `unavailable for ${why}`,
      (told) => told !== null && 'unavailable' in told && why.test(told.unavailable),
    );
  }
}

/** undefined: it told that it is not available. */
export function codeOf(told: Told): string | null | undefined {
  if (told === null) return null;
  return 'code' in told ? told.code : undefined;
}
