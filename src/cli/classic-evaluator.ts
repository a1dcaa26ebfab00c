/** What `dcp-evaluator` does with startup files: the protocol of existing Workers, over TCP, a UNIX socket or standard input. */
import { setFlagsFromString } from 'node:v8';
import {
  openClassicServer,
  readStartupFiles,
  type ClassicServer,
  type GpuOptions,
} from '../evaluator/index.js';
import { addressesOf, listenOnAll, untilTold, type ListenOptions } from './listen.js';
import { ExitCode, UsageError } from './program.js';

/** Levels of syslog, which `-d` takes as numbers. */
const Level = { error: 3, warning: 4, notice: 5, info: 6 } as const;

export interface ClassicOptions extends ListenOptions {
  readonly files: readonly string[];
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
  await listenOnAll(server, addresses, options);
  const [signal, code] = await untilTold();
  log(Level.notice, `${signal}: closing`);
  await server.close();
  process.exitCode = code;
}

async function serveStdio(server: ClassicServer): Promise<void> {
  const reason = await server.serve(process.stdin, process.stdout);
  if (reason !== null) process.exitCode = ExitCode.failure;
  await server.close();
  process.stdin.destroy();
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
