/** What the faults of the week act upon. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerStatus } from '#src/status/index.js';
import type { Random } from '../../fuzz/mutate.js';
import { WallClock, withoutClocks } from './clock.js';
import type { Client } from './client.js';
import { Configuration } from './configuration.js';
import { Disk } from './disks.js';
import { LogServer } from './log-server.js';
import { Tally } from './tally.js';
import { WorkerProcess } from './worker-process.js';

/** Of the log file, bytes: more than the log writes in one go. */
export const LOG_BYTES = 128 << 10;
export const LOG_KEEP = 3;
/** Slices of a Worker that was killed are another's after this, seconds. */
const LEASE_S = 2;
/** A Worker that is told to stop is gone after this, seconds. */
export const CLEANUP_S = 6;
const SCHEDULER_MIB = 256;
const LOG_MIB = 8;
const STEP_MS = 50;

export class Stage {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'dcp-week-'));
  readonly schedulerDisk = new Disk(path.join(this.folder, 'scheduler'), SCHEDULER_MIB);
  readonly logDisk = new Disk(path.join(this.folder, 'logs'), LOG_MIB);
  readonly schedulerDirectory = path.join(this.schedulerDisk.folder, 'store');
  readonly logFile = path.join(this.logDisk.folder, 'worker.log');
  readonly spool = path.join(this.logDisk.folder, 'spool');
  readonly configuration = new Configuration(this.folder);
  readonly clock: WallClock | null =
    withoutClocks() === null ? new WallClock(path.join(this.folder, 'clock')) : null;
  readonly logServer = new LogServer();
  readonly tally = new Tally();
  /** How the Worker ended, by what ended it. */
  readonly exits: Record<string, number> = {};
  /** Who deploys Jobs, once there is a Scheduler. */
  client: Client | null = null;
  #worker: WorkerProcess | null = null;

  constructor(
    readonly random: Random,
    /** Says it at once, and in the end. */
    readonly fault: (what: string) => void,
  ) {
    mkdirSync(path.join(this.folder, 'etc'));
  }

  get worker(): WorkerProcess {
    return this.#worker!;
  }

  async open(): Promise<void> {
    await this.logServer.start();
    const socket = path.join(this.folder, 'worker.sock');
    this.#worker = new WorkerProcess({
      nodeOptions: this.clock?.nodeOptions ?? [],
      args: [
        ...['--scheduler', this.schedulerDirectory, '--lease', String(LEASE_S), '--spool', this.spool],
        ...['--cleanup-timeout', String(CLEANUP_S), '--no-gpu', '-o', 'json,logfile,syslog'],
        ...['--logfile', this.logFile, '--logfile-bytes', String(LOG_BYTES)],
        ...['--logfile-keep', String(LOG_KEEP), '--syslogAddress', '127.0.0.1'],
        ...[
          '--syslogPort',
          String(this.logServer.port),
          '--syslogTransport',
          'tcp',
          '--status-socket',
          socket,
        ],
      ],
      env: {
        ...process.env,
        DCP_HOMEDIR: this.folder,
        DCP_ETC: path.join(this.folder, 'etc'),
        DCP_WORKER_SOCKET: socket,
        ...this.clock?.env,
      },
      socket,
      onRecord: (record) => this.tally.add(record),
      onFault: this.fault,
    });
    await this.worker.start();
  }

  async close(): Promise<void> {
    await this.logServer.kill();
    this.schedulerDisk.unmount();
    this.logDisk.unmount();
    rmSync(this.folder, { recursive: true, force: true });
  }

  status(): Promise<WorkerStatus> {
    return this.worker.status.status();
  }

  /** Waits until something holds. A fault, and false, when it does not within `withinMs`. */
  async until(what: string, withinMs: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
    for (const end = performance.now() + withinMs; performance.now() < end; await sleep(STEP_MS))
      if (await holds()) return true;
    this.fault(`not within ${withinMs / 1000} s: ${what}`);
    return false;
  }

  /** Slices are done after this as before. */
  async works(after: string, withinMs = 20_000): Promise<void> {
    const { counts } = await this.status();
    await this.until(`Slices are done after ${after}`, withinMs, async () => {
      const now = await this.status();
      return now.counts.done > counts.done;
    });
  }

  /** Files of the log, and how many bytes each has. */
  logFiles(): Map<string, number> {
    const folder = this.logDisk.folder;
    const names = readdirSync(folder).filter((name) => name.startsWith(path.basename(this.logFile)));
    return new Map(names.map((name) => [name, statSync(path.join(folder, name)).size]));
  }

  spoolFiles(): string[] {
    return existsSync(this.spool) ? readdirSync(this.spool) : [];
  }
}
