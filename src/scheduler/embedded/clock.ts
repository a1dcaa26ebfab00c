import { readFileSync } from 'node:fs';
import { SchedulerError } from '../../model/index.js';

/**
 * The time leases are written in. It must not jump when somebody sets the date, must stand while the machine is asleep, as
 * whoever holds a lease sleeps with it, and must be the same in every process on the machine.
 */
export interface SchedulerClock {
  /** Milliseconds since the machine started, without the time it slept. */
  now(): number;
  /** Changes with every start of the machine: a time of another boot means nothing. */
  readonly bootId: string;
}

/** `CLOCK_MONOTONIC`, and Linux's boot id. */
export function systemClock(): SchedulerClock {
  const path = '/proc/sys/kernel/random/boot_id';
  let bootId: string;
  try {
    bootId = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new SchedulerError(
      `cannot read ${path}, which tells leases of this start of the machine from older ones`,
      { cause },
    );
  }
  return { now: () => Number(process.hrtime.bigint() / 1_000_000n), bootId };
}
