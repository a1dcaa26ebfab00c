/** A supervisor's view of one sandbox: requests in, messages out, over dcp-client's own StandaloneWorker and KVIN. */
import { once } from 'node:events';
import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { listen, listening, startOnStdio, type StartOptions } from './evaluator.js';
import { GENERATION, loadClient, type Kvin, type StandaloneWorker } from './generation.js';

/** What a sandbox has posted, without the ring it came from. */
export interface Message {
  readonly request: string;
  readonly [name: string]: unknown;
}

export interface JobOptions {
  readonly arguments?: readonly unknown[];
  readonly dependencies?: readonly string[];
  readonly modulePath?: readonly string[];
  readonly requirePath?: readonly string[];
  readonly public?: object;
  readonly useStrict?: boolean;
  readonly sandboxConfig?: object;
  readonly worktime?: { readonly name: string; readonly version: string };
}

/** A Work Function: one that names nothing of its surroundings, or source text. */
export type WorkFunction = ((...args: never[]) => unknown) | string;

/** The messages with which a Slice ends. */
const ENDINGS = ['complete', 'workError', 'workReject', 'sandboxError'];

export class Sandbox {
  readonly messages: Message[] = [];
  /** The numbers of the rings that the messages came from. */
  readonly rings: number[] = [];
  /** What StandaloneWorker has reported: exceptions of the sandbox's own listener, lines it could not read. */
  readonly errors: unknown[] = [];
  /** The text of the `DIE:` line. */
  death: string | null = null;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
  #ended = false;
  #checks: (() => void)[] = [];

  /** @param stream what the worker reads from; without one the worker does so by itself */
  constructor(
    readonly worker: StandaloneWorker,
    readonly kvin: Kvin,
    readonly stream: Readable | null,
  ) {
    worker.addEventListener('message', ({ data }) => {
      const { ringSource, value } = kvin.unmarshal(data) as { ringSource: number; value: Message };
      this.rings.push(ringSource);
      this.messages.push(value);
      this.#changed();
    });
    worker.addEventListener('error', (error) => {
      this.errors.push(error);
      this.#changed();
    });
    this.closed = new Promise((resolve) => {
      const end = (): void => {
        this.#ended = true;
        this.#changed();
        resolve();
      };
      if (stream) stream.once('close', end);
      else worker.addEventListener('end', end);
    });
    // StandaloneWorker keeps to itself what a sandbox says when it dies.
    let line = '';
    stream?.on('data', (text: string | Buffer) => {
      const lines = (line + text.toString()).split('\n');
      line = lines.pop()!;
      this.death ??= lines.find((complete) => complete.startsWith('DIE:')) ?? null;
    });
  }

  /** The connection, of a sandbox over TCP. */
  get socket(): net.Socket | null {
    return this.stream instanceof net.Socket ? this.stream : null;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves as soon as `condition` holds; looked at after everything the sandbox says. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (condition()) resolve();
        else if (this.#ended) reject(new Error(`the connection ended; ${this.death ?? 'no DIE: line'}`));
        else this.#checks.push(check);
      };
      check();
    });
  }

  post(message: Message): void {
    this.worker.postMessage(this.kvin.marshal(message));
  }

  /** Posts a request and answers the message that it is answered with. */
  async ask(message: Message, answer: string): Promise<Message> {
    const from = this.messages.length;
    this.post(message);
    return this.next(answer, from);
  }

  /** The first message of this kind at or behind `from`; an error that the startup files report fails it. */
  async next(request: string, from = 0): Promise<Message> {
    let found: Message | undefined;
    await this.until(() => {
      found = this.messages
        .slice(from)
        .find((message) => message.request === request || message.request === 'error');
      return found !== undefined;
    });
    if (found!.request === request) return found!;
    throw new Error(`an error instead of ${request}`, { cause: found!['error'] });
  }

  describe(): Promise<Message> {
    return this.ask({ request: 'describe' }, 'describe');
  }

  applyRequirements({ webgpu = false, worktime = 'map-basic' } = {}): Promise<Message> {
    const environment = { webgpu, offscreenCanvas: false };
    return this.ask(
      GENERATION === 4
        ? { request: 'applyRequirements', requirements: { environment } }
        : { request: 'applyRequirements', ...environment, worktime },
      'applyRequirementsDone',
    );
  }

  /** Posts the Job, and does not wait for an answer. */
  postAssign(workFunction: WorkFunction, options: JobOptions = {}): void {
    const identity = GENERATION === 4 ? { address: '0xjob' } : { id: 'job' };
    this.post({
      request: 'assign',
      job: {
        ...identity,
        arguments: [...(options.arguments ?? [])],
        dependencies: options.dependencies ?? [],
        modulePath: options.modulePath ?? [],
        public: options.public ?? { name: 'a test' },
        requirePath: options.requirePath ?? [],
        workFunction: String(workFunction),
        useStrict: options.useStrict ?? false,
        worktime: options.worktime ?? { name: 'map-basic', version: '1.0.0' },
      },
      sandboxConfig: options.sandboxConfig ?? {},
    });
  }

  /** Makes it ready for Slices of a Job. */
  async assign(workFunction: WorkFunction, options: JobOptions = {}): Promise<void> {
    await this.describe();
    await this.applyRequirements();
    this.postAssign(workFunction, options);
    await this.next('assigned');
  }

  /** Runs a Slice and answers all it posted, its ending last. */
  async run(data: unknown): Promise<Message[]> {
    const from = await this.begin(data);
    const isEnding = (message: Message): boolean => ENDINGS.includes(message.request);
    await this.until(() => this.messages.slice(from).some(isEnding));
    return this.messages.slice(from, this.messages.findIndex((m, i) => i >= from && isEnding(m)) + 1);
  }

  /** Begins a Slice and answers where its messages will begin. */
  async begin(data: unknown): Promise<number> {
    await this.ask({ request: 'resetState' }, 'resetStateDone');
    const from = this.messages.length;
    this.post({ request: 'main', data });
    return from;
  }

  /** Runs a Slice that must succeed and answers its result. */
  async result(data: unknown): Promise<unknown> {
    const ending = (await this.run(data)).at(-1)!;
    if (ending.request === 'complete') return ending['result'];
    throw new Error(`${ending.request} instead of a result`, { cause: ending['error'] });
  }

  #changed(): void {
    for (const check of this.#checks.splice(0)) check();
  }
}

/** What an attempt answers at its best. */
export async function leastOf(attempts: number, attempt: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let n = 0; n < attempts; n++) least = Math.min(least, await attempt());
  return least;
}

/** A sandbox of an evaluator that listens, on a connection that ends with the test. */
export async function openSandbox(t: TestContext, evaluator: { port: number }): Promise<Sandbox> {
  const { kvin, open } = await loadClient();
  const socket = net.connect({ host: 'localhost', port: evaluator.port, noDelay: true });
  await once(socket, 'connect');
  t.after(() => socket.destroy());
  return new Sandbox(open({ readStream: socket }), kvin, socket);
}

/** A sandbox over any pair of streams. */
export async function openOn(readStream: Readable, writeStream: Writable): Promise<Sandbox> {
  const { kvin, open } = await loadClient();
  return new Sandbox(open({ readStream, writeStream }), kvin, readStream);
}

/** A sandbox whose StandaloneWorker connects by itself, as in a Worker. */
export async function openByWorker(evaluator: { port: number }): Promise<Sandbox> {
  const { kvin, open } = await loadClient();
  return new Sandbox(open({ hostname: 'localhost', port: evaluator.port }), kvin, null);
}

/** The two ways to an evaluator, for tests that hold on both. */
export const TRANSPORTS = {
  TCP: async (t: TestContext, options?: StartOptions) =>
    openSandbox(t, await (options ? listen(t, options) : listening())),
  stdio: async (t: TestContext, options?: StartOptions) => {
    const child = startOnStdio(t, options);
    return openOn(child.stdout, child.stdin);
  },
} as const;

/** A sandbox that has a Job. */
export async function assigned(
  t: TestContext,
  workFunction: WorkFunction,
  options: JobOptions = {},
): Promise<Sandbox> {
  const sandbox = await TRANSPORTS.TCP(t);
  await sandbox.assign(workFunction, options);
  return sandbox;
}
