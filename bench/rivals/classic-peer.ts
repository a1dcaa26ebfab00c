/** The end of a Worker in the classic protocol, and evaluators of both makes to connect to. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StartupFiles } from '#src/evaluator/index.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Installed by scripts/compat.mjs. */
const require = createRequire(path.join(root, 'test/compat/dcp-5/package.json'));
const client = path.dirname(require.resolve('dcp-client'));

export interface Kvin {
  marshal(value: unknown): object;
  unmarshal(marshalled: unknown): unknown;
}
const fromClient = createRequire(path.join(client, 'package.json'));
export const kvin = new (fromClient('kvin') as { KVIN: new () => Kvin }).KVIN();

/** An evaluator that listens on loopback. */
export interface Listening {
  readonly process: ChildProcess;
  readonly port: number;
}

const NOBODY = 65534;

/** Ours, from this checkout. */
export function startOurs(options: readonly string[] = []): Promise<Listening> {
  const program = path.join(root, 'dist/bin/dcp-evaluator.js');
  return start(process.execPath, [program, ...startup.of('native'), ...options]);
}

/** The Node evaluator of dcp-client, a process for each connection. It does not run as root. */
export function startNpm(): Promise<Listening> {
  const program = path.join(client, 'libexec/evaluator-node.js');
  return start(process.execPath, [program, ...startup.of('node')], true);
}

async function start(command: string, args: readonly string[], asNobody = false): Promise<Listening> {
  const port = await freePort();
  const root = process.getuid?.() === 0;
  const child = spawn(command, [...args, '-p', String(port), '--listen', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(asNobody && root && { uid: NOBODY, gid: NOBODY }),
  });
  await once(child.stdout, 'data');
  return { process: child, port };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  return port;
}

const startup = new StartupFiles({ client });

interface Said {
  readonly request: string;
  readonly [field: string]: unknown;
}

/** One connection. What nobody awaits is read and forgotten. */
export class Peer {
  readonly #socket: net.Socket;
  #parts: string[] = [];
  readonly #awaited: { readonly requests: readonly string[]; resolve(said: Said): void }[] = [];
  /** Milliseconds spent on KVIN and JSON, which is the same for every evaluator. */
  codecMs = 0;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', () => undefined);
  }

  static async connect(port: number): Promise<Peer> {
    const socket = net.connect(port, '127.0.0.1');
    const peer = new Peer(socket);
    await once(socket, 'connect');
    return peer;
  }

  /** Sends a request and resolves with the first message that is one of these answers. */
  ask(request: object, ...answers: readonly string[]): Promise<Said> {
    const answered = new Promise<Said>((resolve) => this.#awaited.push({ requests: answers, resolve }));
    const started = performance.now();
    const line = `${JSON.stringify({ type: 'workerMessage', message: kvin.marshal(request) })}\n`;
    this.codecMs += performance.now() - started;
    this.#socket.write(line);
    return answered;
  }

  /** Makes the Sandbox ready for Slices. */
  async assign(workFunction: string): Promise<void> {
    await this.ask({ request: 'describe' }, 'describe');
    await this.ask(
      { request: 'applyRequirements', webgpu: false, worktime: 'map-basic' },
      'applyRequirementsDone',
    );
    const job = {
      id: 'bench',
      address: 'bench',
      arguments: [],
      dependencies: [],
      modulePath: [],
      requirePath: [],
      public: { name: 'bench', description: '', link: '' },
      workFunction,
      useStrict: false,
      worktime: { name: 'map-basic', version: '1.0.0' },
    };
    await this.ask({ request: 'assign', job, sandboxConfig: {} }, 'assigned');
  }

  async slice(data: unknown): Promise<unknown> {
    await this.ask({ request: 'resetState' }, 'resetStateDone');
    const said = await this.ask({ request: 'main', data }, 'complete', 'workError', 'sandboxError');
    if (said.request !== 'complete') throw new Error(JSON.stringify(said));
    return said['result'];
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      this.#parts.push(chunk.slice(start, end));
      start = end + 1;
      const line = this.#parts.join('');
      this.#parts = [];
      if (line.startsWith('MSG:{"type":"workerMessage"')) this.#take(line);
    }
    if (start < chunk.length) this.#parts.push(chunk.slice(start));
  }

  #take(line: string): void {
    const started = performance.now();
    const { message } = JSON.parse(line.slice(4)) as { message: unknown };
    const { value } = kvin.unmarshal(message) as { value: Said };
    this.codecMs += performance.now() - started;
    const index = this.#awaited.findIndex(({ requests }) => requests.includes(value.request));
    if (index !== -1) this.#awaited.splice(index, 1)[0]!.resolve(value);
  }
}

/** Memory of a process and all below it, MiB, shared pages in equal shares. */
export async function pssMiB(pid: number): Promise<number> {
  await setTimeout(500);
  let kib = 0;
  for (const process of descendants(pid)) {
    const text = readFileSync(`/proc/${process}/smaps_rollup`, 'utf8');
    kib += Number(/^Pss:\s+(\d+) kB/m.exec(text)![1]);
  }
  return kib / 1024;
}

function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [
    pid,
    ...(children === '' ? [] : children.split(' ').flatMap((child) => descendants(Number(child)))),
  ];
}
