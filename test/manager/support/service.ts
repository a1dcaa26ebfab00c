import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from './bus-service.js';

const PROGRAM = fileURLToPath(new URL('bus-service.js', import.meta.url));

/** A service on a test's bus, in a process of its own. */
export class Service {
  readonly #child: ChildProcess;
  #commands = 0;
  /** Its unique name. */
  readonly name: string;

  static async start(t: TestContext, address: string): Promise<Service> {
    const child = fork(PROGRAM, [address], { serialization: 'advanced' });
    // One for each command.
    child.setMaxListeners(0);
    const ended = once(child, 'exit');
    t.after(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    const [{ ready }] = (await once(child, 'message')) as [{ ready: string }];
    return new Service(child, ready);
  }

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.name = name;
  }

  /** Resolves once it is done. */
  async tell(command: Command): Promise<void> {
    const id = this.#commands++;
    const done = new Promise<void>((resolve, reject) => {
      this.#child.once('exit', () => reject(new Error(`it ended at: ${command.do}`)));
      const onMessage = (message: { done?: number }) => {
        if (message.done !== id) return;
        this.#child.off('message', onMessage);
        resolve();
      };
      this.#child.on('message', onMessage);
    });
    this.#child.send({ id, command });
    await done;
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
