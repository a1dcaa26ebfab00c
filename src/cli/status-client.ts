import { request } from 'node:http';
import type { WorkerHistory, WorkerStatus } from '../status/index.js';

/** How long a Worker may take to answer, milliseconds. */
const ANSWER_MS = 10_000;
/** Bytes that an answer may have. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;

/** Nobody listens where a Worker was looked for, or not to this user. */
export class NoWorkerError extends Error {
  override readonly name = 'NoWorkerError';
}

export type WorkerCommand = 'pause' | 'resume' | 'drain' | 'stop' | 'reload' | 'profile';

/** Speaks with a running Worker through its Unix socket. Every method rejects with a sentence for people. */
export class StatusClient {
  /** The place where somebody answered. */
  #found: string | null = null;

  /** `sockets` are the places to look at, in order. */
  constructor(private readonly sockets: readonly string[]) {}

  async status(): Promise<WorkerStatus> {
    return JSON.parse(await this.#ask('GET', '/status')) as WorkerStatus;
  }

  async history(): Promise<WorkerHistory> {
    return JSON.parse(await this.#ask('GET', '/history')) as WorkerHistory;
  }

  /** Text for people. */
  report(): Promise<string> {
    return this.#ask('GET', '/report');
  }

  /** Answers the state that the Worker is in then; for `reload` and `profile`, lines that say what has changed. */
  async command(
    command: WorkerCommand,
    options: { readonly now?: boolean; readonly name?: string } = {},
  ): Promise<{ readonly state?: string; readonly lines?: readonly string[] }> {
    const query =
      options.now === true
        ? '?now'
        : options.name === undefined
          ? ''
          : `?name=${encodeURIComponent(options.name)}`;
    const target = `/${command}${query}`;
    return JSON.parse(await this.#ask('POST', target)) as { state?: string; lines?: string[] };
  }

  async #ask(method: string, target: string): Promise<string> {
    if (this.#found !== null) return ask(this.#found, method, target);
    for (const socket of this.sockets) {
      try {
        const answer = await ask(socket, method, target);
        this.#found = socket;
        return answer;
      } catch (error) {
        if (!(error instanceof NoWorkerError) || socket === this.sockets.at(-1)) throw this.#told(error);
      }
    }
    throw new NoWorkerError('no socket to look at');
  }

  /** Says where it looked, all together. */
  #told(error: unknown): unknown {
    if (!(error instanceof NoWorkerError) || this.sockets.length === 1) return error;
    return new NoWorkerError(
      `no Worker listens at ${this.sockets.join(', ')}; is it running? --status-socket names another place`,
      { cause: error },
    );
  }
}

function ask(socketPath: string, method: string, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(
      { socketPath, method, path: target, agent: false, timeout: ANSWER_MS },
      (answer) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > MAX_ANSWER_BYTES) answer.destroy(new Error(`more than ${MAX_ANSWER_BYTES} bytes`));
        });
        answer.on('error', (error) => reject(brokenOff(socketPath, error)));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (answer.statusCode === 200) resolve(text);
          else reject(new Error(`the Worker at ${socketPath} refuses: ${refusalIn(text)}`));
        });
      },
    );
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    asking.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(socketPath, error)));
    asking.end();
  });
}

function unreachable(socketPath: string, error: NodeJS.ErrnoException): Error {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
    case 'ENOTDIR':
      return new NoWorkerError(
        `no Worker listens at ${socketPath}; is it running? --status-socket names another place`,
        { cause: error },
      );
    case 'EACCES':
    case 'EPERM':
      return new NoWorkerError(
        `${socketPath}: another user's Worker, which that user and root may speak with (${error.code})`,
        { cause: error },
      );
    default:
      return brokenOff(socketPath, error);
  }
}

function brokenOff(socketPath: string, error: NodeJS.ErrnoException): Error {
  const ended = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  const what = ended ? 'it ended before it had answered' : error.message;
  return new Error(`the Worker at ${socketPath}: ${what}`, { cause: error });
}

function refusalIn(text: string): string {
  try {
    const { code, message } = JSON.parse(text) as { code?: unknown; message?: unknown };
    if (typeof message === 'string') return `${message} (${String(code)})`;
  } catch {
    // Said as it is.
  }
  return text.slice(0, 200);
}
