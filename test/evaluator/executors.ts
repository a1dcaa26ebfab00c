import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { encode } from '#src/codec/index.js';
import type { Task } from '#src/evaluator/in-process/executor-thread.cjs';
import { loadNative, type NativeEvent } from '#src/evaluator/native.js';
import { sandboxScripts } from '#src/evaluator/scripts.js';
import { addonFile } from '#src/system/index.js';

/** A queue with its Sandboxes, and threads to serve it that may be ended one by one. */
export class Executors {
  readonly events: NativeEvent[] = [];
  readonly threads: Worker[] = [];
  readonly native = new (loadNative().NativeEvaluator)(sandboxScripts(), (events) => {
    this.events.push(...events);
  });
  #last = 0;

  async close(): Promise<void> {
    this.native.stop();
    await Promise.all(this.threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve))));
    this.native.close();
  }

  startThread(): Worker {
    const executor = fileURLToPath(import.meta.resolve('#src/evaluator/in-process/executor-thread.cjs'));
    const task: Task = { queueId: this.native.queueId, addon: addonFile() };
    const source = `require(${JSON.stringify(executor)})(${JSON.stringify(task)})`;
    const thread = new Worker(source, { eval: true });
    this.threads.push(thread);
    thread.once('exit', () => this.threads.splice(this.threads.indexOf(thread), 1));
    return thread;
  }

  /** A Sandbox with Slices 1 to `count` pending, whose data are their numbers. Answers its id. */
  startSandbox(workFunction: string, count: number, webgpu = false): number {
    const id = ++this.#last;
    this.native.createSandbox(id, 64 << 20, 64 << 20, 64 << 20, 64 << 20, 1000, 100, false);
    const job = JSON.stringify({
      id: 'job',
      public: {},
      inputSet: { kind: 'range', start: 1, step: 1, count },
    });
    this.native.assign(id, job, false, workFunction, null, encode([]).head, [], 1e6, 1e6, 1e6, 1e6, webgpu);
    const numbers = Uint32Array.from({ length: count }, (_, i) => i + 1);
    const ends = new Uint32Array(count);
    this.native.run(id, numbers, new Uint8Array(0), ends, [], ends);
    return id;
  }

  async until<Kind extends NativeEvent['kind']>(
    sandbox: number,
    kind: Kind,
  ): Promise<Extract<NativeEvent, { kind: Kind }>> {
    for (;;) {
      const found = this.events.find((event) => event.sandbox === sandbox && event.kind === kind);
      if (found) return found as Extract<NativeEvent, { kind: Kind }>;
      await sleep(2);
    }
  }

  /** Waits until a Sandbox has ended or has nothing left to do. */
  async ended(sandbox: number): Promise<{
    /** The Slices it has said something of, sorted. */
    named: number[];
    /** Why it ended, null when it has not. */
    code: string | null;
  }> {
    const isEnd = (event: NativeEvent): boolean =>
      event.sandbox === sandbox && (event.kind === 'drained' || event.kind === 'ended');
    while (!this.events.some(isEnd)) await sleep(5);
    let code: string | null = null;
    const named = this.events.flatMap((event) => {
      if (event.sandbox !== sandbox) return [];
      if (event.kind === 'results') return [...event.numbers];
      if (event.kind !== 'ended') return [];
      code = event.code;
      return [...event.unfinished];
    });
    return { named: named.sort((a, b) => a - b), code };
  }
}
