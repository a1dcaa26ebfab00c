/** An evaluator that stands by itself, one life after another. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { evaluatorsBelow } from '../../confinement/processes.js';
import { startOf } from '../../soak/trial/process-start.js';

const PROGRAM = fileURLToPath(import.meta.resolve('#bin/dcp-evaluator.js'));
const START_MS = 30_000;
/** How long the processes of its connections may outlive it, milliseconds. */
const ORPHAN_MS = 5_000;

export class StandingEvaluator {
  starts = 0;
  #child: ChildProcess | null = null;

  constructor(
    private readonly socket: string,
    private readonly onFault: (what: string) => void,
  ) {}

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Process ids of its connections. */
  processes(): number[] {
    return evaluatorsBelow(this.pid);
  }

  /** Resolves when it can be connected to. */
  async start(): Promise<void> {
    this.starts++;
    rmSync(this.socket, { force: true });
    const args = [PROGRAM, '--frames', '--socket', this.socket, '--threads', '2', '--no-gpu'];
    this.#child = spawn(process.execPath, args, { stdio: 'ignore' });
    for (const end = performance.now() + START_MS; performance.now() < end; await sleep(50))
      if (await canConnect(this.socket)) return;
    throw new Error('the standing evaluator has not started');
  }

  /** What belongs to its connections must end with it. */
  async kill(): Promise<void> {
    const child = this.#child!;
    const left = new Map(this.processes().map((pid) => [pid, startOf(pid)]));
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    this.#child = null;
    const isLeft = ([pid, start]: [number, string | null]): boolean =>
      start !== null && startOf(pid) === start;
    for (const end = performance.now() + ORPHAN_MS; [...left].some(isLeft) && performance.now() < end;)
      await sleep(50);
    for (const [pid] of [...left].filter(isLeft)) {
      this.onFault(`process ${pid} outlived its standing evaluator`);
      process.kill(pid, 'SIGKILL');
    }
  }
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    const answer = (can: boolean): void => {
      socket.destroy();
      resolve(can);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}
