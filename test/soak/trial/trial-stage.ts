/** What happens in a trial acts upon a stage; this is what all stages have. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../fuzz/mutate.js';
import type { Client } from './client.js';
import { Disk } from './disks.js';
import type { Trial } from './trial.js';

/** Slices of a Worker that was killed are another's after this, seconds. */
export const LEASE_S = 2;
/** A Worker that is told to stop is gone after this, seconds. */
export const CLEANUP_S = 6;
/** How long a Worker may take to end, milliseconds: it gives up after its clean-up time. */
export const END_MS = (CLEANUP_S + 8) * 1000;
const STEP_MS = 50;

export class TrialStage {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'dcp-trial-'));
  readonly schedulerDisk: Disk;
  readonly schedulerDirectory: string;
  /** How Workers ended, by what ended them. */
  readonly exits: Record<string, number> = {};
  /** Who deploys Jobs, once there is a Scheduler. */
  client: Client | null = null;
  readonly random: Random;
  /** Says it at once, and in the end. */
  readonly fault: (what: string) => void;

  constructor({ random, fault }: Trial, schedulerMiB: number) {
    this.random = random;
    this.fault = fault;
    this.schedulerDisk = new Disk(path.join(this.folder, 'scheduler'), schedulerMiB);
    this.schedulerDirectory = path.join(this.schedulerDisk.folder, 'store');
  }

  /** What it has of the file system goes. */
  clear(): void {
    this.schedulerDisk.unmount();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Waits until something holds. A fault, and false, when it does not within `withinMs`. */
  async until(what: string, withinMs: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
    if (await comesTrue(withinMs, holds)) return true;
    this.fault(`not within ${withinMs / 1000} s: ${what}`);
    return false;
  }

  /** Some time passes. */
  between(leastMs: number, mostMs: number): Promise<void> {
    return sleep(leastMs + this.random.below(mostMs - leastMs));
  }
}

/** Waits until something holds; false: it does not within `withinMs`. */
export async function comesTrue(withinMs: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const end = performance.now() + withinMs; performance.now() < end; await sleep(STEP_MS))
    if (await holds()) return true;
  return false;
}
