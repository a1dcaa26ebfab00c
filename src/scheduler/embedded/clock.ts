import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { SchedulerError } from '../../model/index.js';

/**
 * The time leases are written in. It must not jump when somebody sets the date, must go on while the machine is
 * suspended, and must be the same in every process on the machine.
 */
export interface SchedulerClock {
  /** Milliseconds since the machine started, time asleep included. */
  now(): number;
  /** Changes with every start of the machine: a time of another boot means nothing. */
  readonly bootId: string;
}

/** `CLOCK_BOOTTIME` as libuv reads it (from `/proc/uptime` where there is one: 10 ms steps), and Linux's boot id. */
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
  return { now: () => Math.round(uptime() * 1000), bootId };
}
