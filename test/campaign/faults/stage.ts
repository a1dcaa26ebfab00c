/** What the campaign acts upon: two Workers of one Scheduler, one with its own evaluators, one with a standing evaluator. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkerStatus } from '#src/status/index.js';
import { Disk } from '../../soak/trial/disks.js';
import { signalOurs } from '../../soak/trial/quarry.js';
import { Tally } from '../../soak/trial/tally.js';
import { CLEANUP_S, LEASE_S, TrialStage } from '../../soak/trial/trial-stage.js';
import type { Trial } from '../../soak/trial/trial.js';
import { WorkerProcess } from '../../soak/trial/worker-process.js';
import { CuttingProxy } from './cutting-proxy.js';
import { leastHoldings, type Holdings } from './leaks.js';
import { StandingEvaluator } from './standing-evaluator.js';

const SCHEDULER_MIB = 512;
const SPOOL_MIB = 4;
const QUIET_MS = 1500;
/** For Workers whose evaluator processes are to break. */
const BREAKS = ['--import', fileURLToPath(new URL('./break-evaluators.js', import.meta.url))];

/** One of the Workers. */
export class Actor {
  readonly tally = new Tally();
  readonly worker: WorkerProcess;
  /** When it had done nothing yet. */
  atStart: Holdings | null = null;

  constructor(
    readonly name: string,
    args: readonly string[],
    nodeOptions: readonly string[],
    folder: string,
    /** Process ids of what runs its Slices. */
    readonly evaluators: () => number[],
    onFault: (what: string) => void,
  ) {
    const home = path.join(folder, name);
    mkdirSync(home);
    const socket = path.join(home, 'worker.sock');
    this.worker = new WorkerProcess({
      nodeOptions,
      args: [...args, '--status-socket', socket, '--json', '--no-gpu', '--cores', '2'],
      env: {
        ...process.env,
        DCP_HOMEDIR: home,
        DCP_ETC: home,
        DCP_WORKER_SOCKET: socket,
        DCP_CAMPAIGN_CALM: path.join(folder, 'calm'),
      },
      socket,
      onRecord: (record) => this.tally.add(record),
      onFault: (what) => onFault(`${name}: ${what}`),
    });
  }

  status(): Promise<WorkerStatus> {
    return this.worker.status.status();
  }
}

export class Stage extends TrialStage {
  readonly spoolDisk = new Disk(path.join(this.folder, 'spools'), SPOOL_MIB);
  readonly standing: StandingEvaluator;
  readonly proxy: CuttingProxy;
  actors: readonly Actor[] = [];
  /** Nothing breaks by itself once it is there. */
  readonly #calm = path.join(this.folder, 'calm');

  constructor(trial: Trial) {
    super(trial, SCHEDULER_MIB);
    const socket = path.join(this.folder, 'evaluator.sock');
    this.standing = new StandingEvaluator(socket, trial.fault);
    this.proxy = new CuttingProxy(socket, trial.random);
  }

  async open(): Promise<void> {
    await this.standing.start();
    const port = await this.proxy.listen();
    const ofAll = ['--scheduler', this.schedulerDirectory, '--lease', `${LEASE_S}`];
    const withSpool = (name: string): string[] => [
      ...ofAll,
      ...['--spool', path.join(this.spoolDisk.folder, name), '--cleanup-timeout', `${CLEANUP_S}`],
    ];
    const own: Actor = new Actor(
      'own',
      withSpool('own'),
      BREAKS,
      this.folder,
      () => own.worker.evaluators(),
      this.fault,
    );
    const remote = new Actor(
      'standing',
      [...withSpool('standing'), '--evaluator', `127.0.0.1:${port}`],
      [],
      this.folder,
      () => this.standing.processes(),
      this.fault,
    );
    this.actors = [own, remote];
    for (const actor of this.actors) await actor.worker.start();
    for (const actor of this.actors) actor.atStart = await leastHoldings(actor.worker.pid, QUIET_MS);
  }

  /** However the campaign ends, nothing of it runs on. */
  killAll(): void {
    const pids = [this.standing.pid, ...this.actors.map(({ worker }) => worker.pidOrZero)];
    for (const pid of pids) if (pid !== 0) signalOurs(pid, 'SIGKILL');
  }

  /** From now on nothing breaks by itself. */
  calm(): void {
    this.proxy.calm();
    writeFileSync(this.#calm, '');
  }

  async close(): Promise<void> {
    this.proxy.close();
    await this.standing.kill();
    this.spoolDisk.unmount();
    this.clear();
  }

  spoolFiles(): string[] {
    return existsSync(this.spoolDisk.folder)
      ? readdirSync(this.spoolDisk.folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ name }) => name)
      : [];
  }

  /** Both Workers have Slices done after this as before. One that falls silent while it starts is waited for up to 36 s. */
  async work(after: string, withinMs = 60_000): Promise<void> {
    const before = new Map<Actor, number>();
    for (const actor of this.actors) before.set(actor, (await actor.status()).counts.done);
    for (const actor of this.actors)
      await this.until(`Slices are done by Worker ${actor.name} after ${after}`, withinMs, async () => {
        const { counts } = await actor.status();
        return counts.done > before.get(actor)!;
      });
  }
}
