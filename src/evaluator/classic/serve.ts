/** What a confined process of classic Sandboxes does: it confines itself further, and serves. */
import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { encode } from '../../codec/index.js';
import { takeReport, withLayers, type ConfinementReport, type LayerState } from '../confinement/index.js';
import { loadNative } from '../native.js';
import type { ConfinedSetup } from './confined.js';
import { BELL_FD, SOCKETS_FD } from './sandbox-process.js';
import { openClassicServer, type ClassicServer, type ClassicServerOptions } from './server.js';
import { takeStartupFiles } from './startup-files.js';

export type ConfinedServerOptions = Omit<ClassicServerOptions, 'startup'>;

/**
 * Serves the peer on these streams. Resolves when it or its Sandbox has ended, with the reason if there is one.
 * @param onConfined hears what this process is confined by, before a byte is read
 */
export async function serveConfinedStreams(
  input: Readable,
  output: Writable,
  setup: ConfinedSetup,
  options: ConfinedServerOptions,
  onConfined: (report: ConfinementReport) => void,
): Promise<string | null> {
  const report = takeReport(setup.report!, setup.mode);
  const [server, calls] = await openConfined(setup, options);
  onConfined(withLayers(report, [calls]));
  const reason = await server.serve(input, output);
  await server.close();
  return reason;
}

/** Serves the connections that the process which started this one hands over, until that one ends. */
export async function serveHandedOver(setup: ConfinedSetup, options: ConfinedServerOptions): Promise<void> {
  const native = loadNative();
  // Ctrl-C goes to all processes of the terminal. When this one has to end, the one that listens says so.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const [server, calls] = await openConfined(setup, options);
  const bell = new net.Socket({ fd: BELL_FD });
  bell.on('error', () => undefined);
  bell.on('close', () => native.exitNow(0));
  bell.on('data', () => {
    let taken = 0;
    for (
      let next = native.receiveSocket(SOCKETS_FD);
      next !== null;
      next = native.receiveSocket(SOCKETS_FD)
    ) {
      const [connection, fd] = next;
      taken++;
      if (fd < 0) {
        options.onFailure(
          `connection ${connection} was not accepted: this process may have no more descriptors`,
        );
        continue;
      }
      const socket = new net.Socket({ fd, allowHalfOpen: true });
      void server.serve(socket, socket, connection);
    }
    // Whoever hears nothing of those that wait takes this process for stuck.
    if (taken > 0) bell.write('.'.repeat(taken));
  });
  bell.write(`${Buffer.from(encode([calls]).head).toString('base64')}\n`);
  // Its end is the process's.
  await new Promise(() => undefined);
}

async function openConfined(
  setup: ConfinedSetup,
  options: ConfinedServerOptions,
): Promise<readonly [ClassicServer, LayerState]> {
  const server = await openClassicServer({ ...options, startup: takeStartupFiles(setup.files) });
  const calls = await server.confine(setup.seccomp, (cause) =>
    endSaying(
      `the last thread that ran Sandboxes has died, and none can be started any more: ${String(cause)}`,
    ),
  );
  if (setup.requireSeccomp && calls.state !== 'on')
    endSaying(`--confinement=require: no evaluator, for a layer is missing: seccomp (${calls.why})`);
  return [server, calls];
}

function endSaying(what: string): never {
  process.stderr.write(`dcp-evaluator: ${what}\n`);
  return loadNative().exitNow(1);
}
