/** Servers out of Debian's packages (scripts/log-servers.mjs), each in a folder of its own and without anything of the machine's. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { connect, createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory, until, works } from './records.js';

const FOLDER = fileURLToPath(new URL('../../../.cache/log-servers', import.meta.url));
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu'].map((name) =>
  path.join(FOLDER, name),
);
const MODULES = LIBRARIES.map((folder) => path.join(folder, 'rsyslog')).find((folder) => existsSync(folder));
const ENV = {
  ...process.env,
  LD_LIBRARY_PATH: LIBRARIES.flatMap((folder) => [folder, path.join(folder, 'systemd')]).join(':'),
};

const RSYSLOGD = path.join(FOLDER, 'usr/sbin/rsyslogd');
const JOURNALD = path.join(FOLDER, 'lib/systemd/systemd-journald');
const JOURNALCTL = path.join(FOLDER, 'bin/journalctl');

/** A reason to skip tests that need rsyslogd; false where it runs. */
export function withoutRsyslogd(): string | false {
  if (!existsSync(RSYSLOGD)) return 'no rsyslogd: npm run log-servers fetches it';
  return works(RSYSLOGD, ['-v'], ENV) ? false : 'rsyslogd does not run on this machine';
}

/** The same for journald, which needs a file system of its own at /run. */
export function withoutJournald(): string | false {
  if (!existsSync(JOURNALD)) return 'no systemd-journald: npm run log-servers fetches it';
  if (!works(JOURNALCTL, ['--version'], ENV)) return 'journalctl does not run on this machine';
  return works('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'none', '/run'])
    ? false
    : 'no mount namespace may be made here';
}

/** What rsyslogd understood of a message. */
export interface Received {
  readonly pri: string;
  readonly time: string;
  readonly host: string;
  readonly program: string;
  readonly processId: string;
  readonly messageId: string;
  readonly data: string;
  readonly text: string;
  readonly version: string;
}

const TEMPLATE = Object.entries({
  pri: 'pri',
  time: 'timereported',
  host: 'hostname',
  program: 'app-name',
  processId: 'procid',
  messageId: 'msgid',
  data: 'structured-data',
  text: 'msg',
  version: 'protocol-version',
})
  .map(([outname, name]) => {
    const date = name === 'timereported' ? ' dateFormat="rfc3339"' : '';
    return `property(outname="${outname}" name="${name}"${date} format="jsonf")`;
  })
  .join('\n');

/** An input of rsyslogd, as its configuration has it. */
export type RsyslogInput = (ports: { readonly udp: number; readonly tcp: number }, folder: string) => string;

export interface Rsyslog {
  readonly folder: string;
  readonly udp: number;
  readonly tcp: number;
  /** What has come by now. */
  received(): Received[];
  stop(): Promise<void>;
}

/** Starts rsyslogd with these inputs; resolves when it listens. Given ports, it listens at the same as before. */
export async function startRsyslog(
  t: TestContext,
  inputs: RsyslogInput,
  ports?: { readonly udp: number; readonly tcp: number },
): Promise<Rsyslog> {
  const folder = temporaryDirectory(t);
  const { udp, tcp } = ports ?? { udp: await freeUdpPort(), tcp: await freeTcpPort() };
  const output = path.join(folder, 'received');
  const configuration = path.join(folder, 'rsyslog.conf');
  writeFileSync(
    configuration,
    `global(workDirectory="${folder}" maxMessageSize="64k")
     template(name="fields" type="list" option.jsonf="on") {\n${TEMPLATE}\n}
     module(load="imtcp")
     ${inputs({ udp, tcp }, folder)}
     action(type="omfile" file="${output}" template="fields")`,
  );
  const child = spawn(
    RSYSLOGD,
    ['-n', '-i', path.join(folder, 'pid'), '-f', configuration, '-M', MODULES ?? ''],
    { env: ENV, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  child.stdout.on('data', (data) => (said += String(data)));
  child.stderr.on('data', (data) => (said += String(data)));
  t.after(() => child.kill('SIGKILL'));
  // It says so by its pid file once its inputs run.
  await until(`rsyslogd listens; it said: ${said}`, () => existsSync(path.join(folder, 'pid')));
  const received = (): Received[] =>
    !existsSync(output)
      ? []
      : readFileSync(output, 'utf8')
          .split('\n')
          // Behind the last line break is nothing, or a line that is being written.
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Received)
          // What rsyslogd says of itself.
          .filter(({ program }) => !program.startsWith('rsyslogd'));
  return { folder, udp, tcp, received, stop: () => stopped(child) };
}

/** Waits until one answers at a TCP port. */
export async function listening(port: number): Promise<void> {
  let isOpen = false;
  const timer = setInterval(() => {
    const socket = connect(port, '127.0.0.1', () => {
      isOpen = true;
      socket.destroy();
    });
    socket.on('error', () => {});
  }, 20);
  await until(`somebody listens at port ${port}`, () => isOpen);
  clearInterval(timer);
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

export async function freeTcpPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];

/** /run is the folder's: sockets and journals are there. Nothing of the kernel's log is read, and audit stays as it is. */
const START_JOURNALD = `
  set -e
  mount -t tmpfs none /run
  mkdir -p /run/systemd /run/log "$0/systemd/journald.conf.d" "$0/log"
  mount --bind "$0/systemd" /run/systemd
  mount --bind "$0/log" /run/log
  printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\nRateLimitIntervalSec=0\\n' \\
    > /run/systemd/journald.conf.d/test.conf
  exec "$1"`;

export interface Journald {
  /** Of the native protocol, and of syslog. */
  readonly socket: string;
  readonly syslogSocket: string;
  /** Where programs send what they print. */
  readonly stdoutSocket: string;
  /** The entries of this identifier by now: fields are texts, several of one name a list, unprintable ones lists of bytes. */
  entries(identifier: string): Record<string, unknown>[];
  readonly child: ChildProcess;
}

export async function startJournald(t: TestContext): Promise<Journald> {
  const folder = temporaryDirectory(t);
  const child = spawn('unshare', [...UNSHARE, 'sh', '-c', START_JOURNALD, folder, JOURNALD], {
    env: ENV,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => (said += String(data)));
  t.after(() => child.kill('SIGKILL'));
  const journal = path.join(folder, 'systemd/journal');
  mkdirSync(path.join(folder, 'log'), { recursive: true });
  await until(`journald listens; it said: ${said}`, () =>
    ['socket', 'stdout', 'dev-log'].every((name) => existsSync(path.join(journal, name))),
  );
  return {
    socket: path.join(journal, 'socket'),
    syslogSocket: path.join(journal, 'dev-log'),
    stdoutSocket: path.join(journal, 'stdout'),
    child,
    entries: (identifier) => {
      if (!existsSync(path.join(folder, 'log/journal'))) return [];
      const args = ['--directory', path.join(folder, 'log/journal'), '--all', '--output', 'json', '--quiet'];
      const text = execFileSync(JOURNALCTL, [...args, `SYSLOG_IDENTIFIER=${identifier}`], {
        env: ENV,
        encoding: 'utf8',
        maxBuffer: 64 << 20,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
}

/** The output of a syslog server by TCP on this machine, but for its port. */
export const LOCAL_SYSLOG = {
  kind: 'syslog',
  level: 'debug',
  transport: 'tcp',
  address: '127.0.0.1',
  facility: 'local7',
  ca: null,
  cert: null,
  key: null,
  format: null,
} as const;
