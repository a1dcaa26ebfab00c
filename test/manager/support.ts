/** What the tests of monitors share: an owner that remembers, and folders that look like the kernel's. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import {
  completeManagerOptions,
  Manager,
  type Action,
  type Decision,
  type ManagerOptions,
  type MonitorName,
} from '#src/manager/index.js';

/** A manager that watches, stopped with the test, and what it has said. */
export class WatchedManager {
  readonly manager: Manager;
  readonly decisions: Decision[] = [];
  readonly unavailable: (readonly [MonitorName, string])[] = [];
  #onChange: () => void = () => undefined;

  constructor(t: TestContext, options: ManagerOptions) {
    this.manager = new Manager(completeManagerOptions(options), {
      onDecision: (decision) => {
        this.decisions.push(decision);
        this.#onChange();
      },
      onUnavailable: (monitor, why) => {
        this.unavailable.push([monitor, why]);
        this.#onChange();
      },
    });
    this.manager.start();
    // Its own timers keep no process running.
    const alive = setInterval(() => undefined, 60_000);
    t.after(() => {
      clearInterval(alive);
      return this.manager.stop();
    });
  }

  get action(): Action {
    return this.manager.decision.cpu.action;
  }

  /** The codes of what speaks against work on the CPU now. */
  get codes(): string[] {
    return this.manager.decision.cpu.reasons.map(({ code }) => code);
  }

  /** Resolves when something holds, at once or after what is told next. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#onChange = resolve));
  }

  /** Resolves when the CPU's action is this one; answers how long that took, milliseconds. */
  async untilAction(action: Action): Promise<number> {
    const begun = performance.now();
    await this.until(() => this.action === action);
    return performance.now() - begun;
  }
}

/** A folder with files of these texts, gone with the test. */
export class Tree {
  readonly root = mkdtempSync(path.join(tmpdir(), 'dcp-manager-'));

  constructor(t: TestContext, files: Readonly<Record<string, string>>) {
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
    this.write(files);
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.root, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  remove(name: string): void {
    rmSync(path.join(this.root, name), { recursive: true, force: true });
  }
}
