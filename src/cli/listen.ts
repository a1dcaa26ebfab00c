/** Where `dcp-evaluator` listens, by its options. */
import type { ListenAddress } from '../evaluator/index.js';
import { MAX_SOCKET_PATH_BYTES } from '../system/index.js';
import { ExitCode, UsageError } from './program.js';

/** systemd hands over listening sockets from this descriptor on. (sd_listen_fds(3)) */
const FIRST_LISTEN_FD = 3;
/** Nobody but this machine's own programs. */
const LOOPBACK = '127.0.0.1';
const IPV6_LOOPBACK = '::1';

export interface ListenOptions {
  readonly port: number | undefined;
  /** An address; `any`: all of the machine's. */
  readonly listen: string | undefined;
  readonly socket: string | undefined;
}

export interface Listener {
  readonly port: number;
  listen(address: ListenAddress): Promise<string>;
  close(): Promise<void>;
}

/** Where to listen; empty: nowhere. Throws `UsageError`. */
export function addressesOf({ port, listen: host, socket }: ListenOptions): ListenAddress[] {
  if (host !== undefined && port === undefined) throw new UsageError('--listen needs --port');
  if (port !== undefined && socket !== undefined)
    throw new UsageError('--port and --socket: one or the other');
  if (socket !== undefined) return [{ path: socketPath(socket) }];
  if (port !== undefined) return [{ port, host: host === 'any' ? '::' : (host ?? LOOPBACK) }];
  const { LISTEN_PID, LISTEN_FDS } = process.env;
  if (LISTEN_PID === undefined || Number(LISTEN_PID) !== process.pid) return [];
  return Array.from({ length: Number(LISTEN_FDS) }, (_, index) => ({ fd: FIRST_LISTEN_FD + index }));
}

/** With a longer one Node would listen at another path than it was told. */
function socketPath(socket: string): string {
  const bytes = Buffer.byteLength(socket);
  if (bytes > 0 && bytes <= MAX_SOCKET_PATH_BYTES) return socket;
  throw new UsageError(
    `--socket: expected a path of 1 to ${MAX_SOCKET_PATH_BYTES} bytes, got ${bytes === 0 ? 'none' : bytes}`,
  );
}

/** Tells where it listens, for people and for programs that started it with port 0. Closes it when it cannot. */
export async function listenOnAll(
  listener: Listener,
  addresses: readonly ListenAddress[],
  { port, listen }: ListenOptions,
  tell = (where: string): void => void process.stdout.write(`Listening on ${where}\n`),
): Promise<void> {
  const begin = async (address: ListenAddress): Promise<void> => {
    tell(
      await listener.listen(address).catch((cause: Error) => {
        throw new Error(`cannot listen at ${optionsOf(address)}: ${cause.message}`, { cause });
      }),
    );
  };
  try {
    for (const address of addresses) await begin(address);
  } catch (error) {
    await listener.close();
    throw error;
  }
  if (port === undefined || listen !== undefined) return;
  // Workers connect to `localhost`, which may be either. No IPv6 here, or another program on that port: IPv4 is enough.
  await begin({ port: listener.port, host: IPV6_LOOPBACK }).catch(() => undefined);
}

/** An address as the options have it that said it. */
function optionsOf(address: ListenAddress): string {
  if ('path' in address) return `--socket ${address.path}`;
  if ('fd' in address) return `descriptor ${address.fd}, which was handed over`;
  const { host, port } = address;
  return host === LOOPBACK ? `--port ${port}` : `--listen ${host === '::' ? 'any' : host} --port ${port}`;
}

/** Resolves when the program is told to end: with the signal, and the exit code. `meant`: signals that mean something else to it. */
export function untilTold(meant: readonly string[] = []): Promise<readonly [NodeJS.Signals, number]> {
  const received = (signal: NodeJS.Signals, code: number): Promise<[NodeJS.Signals, number]> =>
    new Promise((resolve) => {
      if (!meant.includes(signal)) process.once(signal, () => resolve([signal, code]));
    });
  return Promise.race([received('SIGTERM', ExitCode.ok), received('SIGINT', ExitCode.interrupted)]);
}
