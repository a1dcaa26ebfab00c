/** What the kernel alone takes to bring bytes to another process and back: `cat` between two pipes. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export class EchoProcess {
  readonly #cat: ChildProcess = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] });
  #left = 0;
  #onDone: () => void = () => undefined;

  constructor() {
    this.#output.on('data', (bytes: Buffer) => {
      this.#left -= bytes.byteLength;
      if (this.#left === 0) this.#onDone();
    });
  }

  /** Resolves when all of it has come back. */
  send(bytes: Uint8Array): Promise<void> {
    this.#left = bytes.byteLength;
    return new Promise((resolve) => {
      this.#onDone = resolve;
      this.#input.write(bytes);
    });
  }

  close(): void {
    this.#input.end();
  }

  get #input(): Writable {
    return this.#cat.stdin!;
  }

  get #output(): Readable {
    return this.#cat.stdout!;
  }
}
