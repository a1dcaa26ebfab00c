/** What `dcp-evaluator` does with startup files: the protocol of existing Workers, over TCP, a UNIX socket or standard input. */
import { setFlagsFromString } from 'node:v8';
import {
  openClassicServer,
  readStartupFiles,
  type ClassicServer,
  type GpuOptions,
  type ListenAddress,
} from '../evaluator/index.js';
import { ExitCode, UsageError } from './program.js';

/** Levels of syslog, which `-d` takes as numbers. */
const Level = { error: 3, warning: 4, notice: 5, info: 6 } as const;

/** systemd hands over listening sockets from this descriptor on. (sd_listen_fds(3)) */
const FIRST_LISTEN_FD = 3;

/** Nobody but this machine's own programs. */
const LOOPBACK = '127.0.0.1';
const IPV6_LOOPBACK = '::1';

export interface ClassicOptions {
  readonly files: readonly string[];
  readonly port: number | undefined;
  readonly listen: string | undefined;
  readonly socket: string | undefined;
  readonly debugLevel: number;
  readonly v8Options: readonly string[];
  readonly threads: number | undefined;
  readonly spare: number | undefined;
  readonly gpu: GpuOptions | null;
}

/** Runs until the peer on standard input has gone, or, as a server, until a signal comes. */
export async function runClassicEvaluator(options: ClassicOptions): Promise<void> {
  const startup = readStartupFiles(options.files);
  const heapMiB = applyV8Options(options.v8Options);
  const addresses = addressesOf(options);
  const log = (level: number, message: string): void => {
    if (level <= options.debugLevel) process.stderr.write(`dcp-evaluator: ${message}\n`);
  };
  const server = await openClassicServer({
    startup,
    threads: options.threads,
    gpu: options.gpu,
    spare: addresses.length === 0 ? 0 : (options.spare ?? 2),
    limits: heapMiB === undefined ? {} : { heapMiB },
    onFailure: (what) => log(Level.error, what),
    onConnection: (connection) => log(Level.info, `connection ${connection}: open`),
    onEnd: (connection, reason) =>
      reason === null
        ? log(Level.info, `connection ${connection}: closed`)
        : log(Level.warning, `connection ${connection}: ${reason}`),
  });
  if (addresses.length === 0) return serveStdio(server);
  try {
    for (const address of addresses) await listen(server, address);
    if (options.port !== undefined && options.listen === undefined) await listenOnIpv6Loopback(server);
  } catch (error) {
    await server.close();
    throw error;
  }
  const [signal, code] = await Promise.race([
    received('SIGTERM', ExitCode.ok),
    received('SIGINT', ExitCode.interrupted),
  ]);
  log(Level.notice, `${signal}: closing`);
  await server.close();
  process.exitCode = code;
}

function received(signal: NodeJS.Signals, code: number): Promise<[NodeJS.Signals, number]> {
  return new Promise((resolve) => {
    process.once(signal, () => resolve([signal, code]));
  });
}

async function serveStdio(server: ClassicServer): Promise<void> {
  const reason = await server.serve(process.stdin, process.stdout);
  if (reason !== null) process.exitCode = ExitCode.failure;
  await server.close();
  process.stdin.destroy();
}

/** Prints where it listens, for people and for programs that started it with port 0. */
async function listen(server: ClassicServer, address: ListenAddress): Promise<void> {
  process.stdout.write(`Listening on ${await server.listen(address)}\n`);
}

/** Existing Workers connect to `localhost`, which may be either. */
async function listenOnIpv6Loopback(server: ClassicServer): Promise<void> {
  try {
    await listen(server, { port: server.port, host: IPV6_LOOPBACK });
  } catch {
    // No IPv6 here, or another program on that port: IPv4 is enough.
  }
}

/** Where to listen; empty: nowhere, one Sandbox on standard input and output. */
function addressesOf({ port, listen: host, socket }: ClassicOptions): ListenAddress[] {
  if (host !== undefined && port === undefined) throw new UsageError('--listen needs --port');
  if (port !== undefined && socket !== undefined)
    throw new UsageError('--port and --socket: one or the other');
  if (socket !== undefined) return [{ path: socket }];
  if (port !== undefined) return [{ port, host: host === 'any' ? '::' : (host ?? LOOPBACK) }];
  const { LISTEN_PID, LISTEN_FDS } = process.env;
  if (LISTEN_PID === undefined || Number(LISTEN_PID) !== process.pid) return [];
  return Array.from({ length: Number(LISTEN_FDS) }, (_, index) => ({ fd: FIRST_LISTEN_FD + index }));
}

/** Sets V8's flags for all Sandboxes to come. Answers the limit of their heaps, if one is among them. */
function applyV8Options(options: readonly string[]): number | undefined {
  let heapMiB: number | undefined;
  for (const option of options.flatMap((text) => text.split(/\s+/)).filter((text) => text !== '')) {
    if (!option.startsWith('--'))
      throw new UsageError(`--options: expected V8 options, as --name=value; got ${option}`);
    const [, limit] = /^--max[-_]old[-_]space[-_]size=(\d+)$/.exec(option) ?? [];
    if (limit !== undefined) heapMiB = Number(limit);
    setFlagsFromString(option);
  }
  return heapMiB;
}
