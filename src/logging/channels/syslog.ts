import { lookup } from 'node:dns/promises';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { SystemError } from '../../system/index.js';
import type { Channel, Sent } from '../queued-sink.js';
import { UdpDatagrams, UnixDatagrams } from './datagrams.js';
import { SocketStream, lineEnded, octetCounted } from './socket-stream.js';

/** Where a syslog server is. */
export interface SyslogServer {
  readonly transport: 'udp' | 'tcp' | 'tls' | 'unix';
  /** A host, or a path for `unix`; null: the usual one. */
  readonly address: string | null;
  readonly port: number;
  /** For `tls`. */
  readonly tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>;
}

/** The host that UNIX systems name for this; it is looked for at each connection. */
const USUAL_HOST = 'loghost';
const USUAL_SOCKET = '/dev/log';

/** RFC 5425 asks for 1.2 or later. */
const LEAST_TLS = 'TLSv1.2';

/** The channel to a server: RFC 5426 over UDP, RFC 6587 over TCP, RFC 5425 over TLS, and this machine's socket. */
export function syslogChannel({ transport, address, port, tls }: SyslogServer): Channel<Buffer> {
  if (transport === 'unix') return new UnixSyslog(address ?? USUAL_SOCKET);
  const name = `syslog ${transport} ${address ?? USUAL_HOST}:${port}`;
  if (transport === 'udp') return new UdpDatagrams(name, () => hostOf(address), port);
  return new SocketStream({
    name,
    frame: octetCounted,
    connect: async () => {
      const host = await hostOf(address);
      if (transport === 'tcp') return { socket: connectPlain({ host, port }), ready: 'connect' };
      const socket = connectTls({ host, port, servername: nameForTls(host), minVersion: LEAST_TLS, ...tls });
      return { socket, ready: 'secureConnect' };
    },
  });
}

/**
 * `loghost` where the network has a host of that name, as those who log to one expect; else this machine. An error of the
 * name service is none of "no such name": the next lookup tells it.
 */
async function hostOf(address: string | null): Promise<string> {
  if (address !== null) return address;
  try {
    await lookup(USUAL_HOST);
    return USUAL_HOST;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTFOUND' ? 'localhost' : USUAL_HOST;
  }
}

/** A server name is a name: TLS has none for addresses, and compares them with the certificate all the same. */
function nameForTls(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}

/**
 * This machine's socket. Most are datagram sockets; where it is one for connections the messages go over one, as syslog(3)
 * does.
 */
class UnixSyslog implements Channel<Buffer> {
  readonly name: string;
  readonly #datagrams: UnixDatagrams;
  readonly #stream: SocketStream;
  #isStream = false;

  constructor(path: string) {
    this.name = `syslog unix ${path}`;
    this.#datagrams = new UnixDatagrams(this.name, path, false);
    this.#stream = new SocketStream({
      name: this.name,
      frame: lineEnded,
      connect: async () => ({ socket: connectPlain(path), ready: 'connect' }),
    });
  }

  async send(messages: readonly Buffer[]): Promise<Sent> {
    if (!this.#isStream) {
      const sent = await this.#datagrams.send(messages);
      if (!(sent.error instanceof SystemError) || sent.error.code !== 'EPROTOTYPE') return sent;
    }
    const sent = await this.#stream.send(messages);
    // Whoever listens next may be of the other kind.
    this.#isStream = sent.error === null;
    return sent;
  }

  sendNow(messages: readonly Buffer[]): void {
    if (!this.#isStream) this.#datagrams.sendNow(messages);
  }

  close(): void {
    this.#datagrams.close();
    this.#stream.close();
  }
}
