/** A peer without StandaloneWorker: the bytes of a connection as they are. */
import { once } from 'node:events';
import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { loadClient, type Kvin } from './generation.js';
import type { Message } from './sandbox.js';

/** A line of type `MSG:`, read. */
export interface Line {
  readonly type: string;
  readonly success?: boolean;
  readonly origin?: string;
  readonly exception?: { readonly name: string; readonly message: string };
  readonly message?: unknown;
}

export class Wire {
  /** What has come, a line each, as long as `keep` says so. */
  readonly lines: string[] = [];
  readonly closed: Promise<void>;
  /** Bytes that have come. */
  received = 0;
  #pending: Buffer[] = [];
  #checks: (() => void)[] = [];
  #ended = false;

  constructor(
    readonly input: Writable,
    readonly output: Readable,
    readonly kvin: Kvin,
  ) {
    output.on('data', (chunk: Buffer) => this.#take(chunk));
    output.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      output.once('close', () => {
        this.#ended = true;
        this.#changed();
        resolve();
      });
    });
  }

  /** A request as the line that StandaloneWorker would send. */
  line(message: Message): string {
    return `${JSON.stringify({ type: 'workerMessage', message: this.kvin.marshal(message) })}\n`;
  }

  /** The line of a request to evaluate a text. */
  evalLine(data: string, msgId: string): string {
    return this.line({ request: 'eval', data, filename: 'wire', msgId });
  }

  send(bytes: string | Buffer): void {
    this.input.write(bytes);
  }

  /** What a line posts, or null when it is no message of the sandbox's. */
  posted(line: string): Message | null {
    if (!line.startsWith('MSG:')) return null;
    const { type, message } = JSON.parse(line.slice(4)) as Line;
    if (type !== 'workerMessage') return null;
    return (this.kvin.unmarshal(message) as { value: Message }).value;
  }

  /** The result of `evalLine` with this id, once it has come. */
  async evaluated(msgId: string): Promise<unknown> {
    const name = `evalResult::${msgId}`;
    let seen = 0;
    let found: Message | null = null;
    await this.until(() => {
      for (; seen < this.lines.length && found === null; seen++) {
        const line = this.lines[seen]!;
        if (line.includes(JSON.stringify(name))) found = this.posted(line);
      }
      return found !== null;
    });
    return found!['data'];
  }

  /** Resolves as soon as `condition` holds; looked at after everything that comes. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (condition()) resolve();
        else if (this.#ended) reject(new Error(`the connection ended after ${this.lines.at(-1)}`));
        else this.#checks.push(check);
      };
      check();
    });
  }

  /** The lines `MSG:` that report how a line went, as far as they have come. */
  outcomes(): Line[] {
    return this.lines
      .filter((line) => line.startsWith('MSG:{"type":"result"'))
      .map((line) => JSON.parse(line.slice(4)) as Line);
  }

  #take(chunk: Buffer): void {
    this.received += chunk.length;
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#pending.push(chunk.subarray(from, end));
      this.lines.push(Buffer.concat(this.#pending).toString());
      this.#pending = [];
      from = end + 1;
    }
    if (from < chunk.length) this.#pending.push(chunk.subarray(from));
    this.#changed();
  }

  #changed(): void {
    for (const check of this.#checks.splice(0)) check();
  }
}

/** A connection that ends with the test; its sandbox has loaded. */
export async function connect(
  t: TestContext,
  evaluator: { port: number },
): Promise<Wire & { socket: net.Socket }> {
  const { kvin } = await loadClient();
  const socket = net.connect({ host: 'localhost', port: evaluator.port, noDelay: true });
  await once(socket, 'connect');
  t.after(() => socket.destroy());
  const wire = Object.assign(new Wire(socket, socket, kvin), { socket });
  await wire.until(() => wire.lines.some((line) => line.includes('__sandboxLoaded')));
  return wire;
}

/** The same on the standard streams of an evaluator. */
export async function connectStdio(child: { stdin: Writable; stdout: Readable }): Promise<Wire> {
  const { kvin } = await loadClient();
  const wire = new Wire(child.stdin, child.stdout, kvin);
  await wire.until(() => wire.lines.some((line) => line.includes('__sandboxLoaded')));
  return wire;
}
