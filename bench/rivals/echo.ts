/** A worker thread of Node's that sends back what it gets. */
import { Worker } from 'node:worker_threads';

/** What echo-thread.ts is told. */
export interface EchoMessage {
  readonly array: Float64Array<ArrayBuffer> | null;
  readonly transfer: boolean;
}

export class EchoThread {
  readonly #thread = new Worker(new URL('./echo-thread.js', import.meta.url));

  /** There by transfer or by copy, and back in the same way. */
  send<T extends Float64Array<ArrayBuffer> | null>(array: T, transfer: boolean): Promise<T> {
    return new Promise((resolve) => {
      this.#thread.once('message', resolve);
      this.#thread.postMessage({ array, transfer }, transfer && array !== null ? [array.buffer] : []);
    });
  }

  close(): Promise<number> {
    return this.#thread.terminate();
  }
}
