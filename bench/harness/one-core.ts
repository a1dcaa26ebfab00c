/** Pins the process to one core: rivals that run in the caller's own thread then have no more of the machine than we do. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** All threads there are, and with them those to come. Needs `taskset` of util-linux; answers the core. */
export function pinToOneCore(): number {
  const core = cpus().length - 1;
  pin(`${core}`);
  return core;
}

export function unpin(): void {
  pin(`0-${cpus().length - 1}`);
}

function pin(cores: string): void {
  execFileSync('taskset', ['-a', '-c', '-p', cores, `${process.pid}`], { stdio: 'ignore' });
}
