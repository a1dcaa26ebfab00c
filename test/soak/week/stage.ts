/** What the faults of the week act upon. */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { WorkerStatus } from '#src/status/index.js';
import { WallClock, withoutClocks } from '../trial/clock.js';
import { Disk } from '../trial/disks.js';
import { Tally } from '../trial/tally.js';
import { CLEANUP_S, LEASE_S, TrialStage } from '../trial/trial-stage.js';
import type { Trial } from '../trial/trial.js';
import { WorkerProcess } from '../trial/worker-process.js';
import { Configuration } from './configuration.js';
import { LogServer } from './log-server.js';

/** Of the log file, bytes: more than the log writes in one go. */
export const LOG_BYTES = 128 << 10;
export const LOG_KEEP = 3;
const SCHEDULER_MIB = 256;
const LOG_MIB = 8;

export class Stage extends TrialStage {
  readonly logDisk = new Disk(path.join(this.folder, 'logs'), LOG_MIB);
  readonly logFile = path.join(this.logDisk.folder, 'worker.log');
  readonly spool = path.join(this.logDisk.folder, 'spool');
  readonly configuration = new Configuration(this.folder);
  readonly clock: WallClock | null =
    withoutClocks() === null ? new WallClock(path.join(this.folder, 'clock')) : null;
  readonly logServer = new LogServer();
  readonly tally = new Tally();
  #worker: WorkerProcess | null = null;

  constructor(trial: Trial) {
    super(trial, SCHEDULER_MIB);
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
    this.logDisk.unmount();
    this.clear();
  }

  status(): Promise<WorkerStatus> {
    return this.worker.status.status();
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
