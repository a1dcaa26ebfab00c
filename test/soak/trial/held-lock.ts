/** A process that is stopped, or dies, in the middle of a transaction of the Scheduler's store. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Random } from '../../fuzz/mutate.js';

const HOLDER = fileURLToPath(new URL('../../scheduler/fixtures/holder.js', import.meta.url));

export class HeldLock {
  private constructor(private readonly holder: ChildProcess) {}

  /** Resolves when it stands still in its transaction. */
  static async take(schedulerDirectory: string): Promise<HeldLock> {
    const holder = fork(HOLDER, [schedulerDirectory, 'SIGSTOP'], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(holder, 'message');
    holder.send('go');
    await sleep(200);
    return new HeldLock(holder);
  }

  /** It goes on, or dies inside its transaction. */
  async letGo(random: Random): Promise<void> {
    const { holder } = this;
    const exit = once(holder, 'exit');
    if (random.below(2) === 0) {
      const committed = once(holder, 'message');
      holder.kill('SIGCONT');
      await committed;
    }
    holder.kill('SIGKILL');
    await exit;
  }
}
