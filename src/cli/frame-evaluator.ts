/** What `dcp-evaluator --frames` does with a port or a socket: each connection gets an evaluator process of its own. */
import {
  confinementText,
  FrameListener,
  missingLayers,
  type ConfinementMode,
  type GpuOptions,
  type ListenAddress,
} from '../evaluator/index.js';
import { listenOnAll, untilTold, type ListenOptions } from './listen.js';

/** Levels of syslog, which `-d` takes as numbers. */
const Level = { error: 3, warning: 4, notice: 5, info: 6 } as const;

export interface FrameEvaluatorOptions extends ListenOptions {
  readonly debugLevel: number;
  readonly threads: number | undefined;
  readonly connections: number | undefined;
  readonly gpu: GpuOptions | null;
  readonly confinement: ConfinementMode;
}

/** Runs until a signal comes. */
export async function runFrameEvaluator(
  addresses: readonly ListenAddress[],
  options: FrameEvaluatorOptions,
): Promise<void> {
  const log = (level: number, message: string): void => {
    if (level <= options.debugLevel) process.stderr.write(`dcp-evaluator: ${message}\n`);
  };
  const listener = new FrameListener({
    threads: options.threads,
    gpu: options.gpu,
    connections: options.connections,
    confinement: { mode: options.confinement },
    onFailure: (what) => log(Level.error, what),
    onConnection: (connection, pid) => log(Level.info, `connection ${connection}: process ${pid}`),
    onEnd: (connection, reason) =>
      reason === null
        ? log(Level.info, `connection ${connection}: closed`)
        : log(Level.warning, `connection ${connection}: ${reason}`),
    onLog: (connection, line) => log(Level.error, `connection ${connection}: ${line}`),
  });
  const report = listener.probeConfinement();
  const isLess = report.mode === 'off' || missingLayers(report).length > 0;
  log(isLess ? Level.warning : Level.notice, confinementText(report));
  for (const address of addresses)
    if ('host' in address && !isLoopback(address.host))
      log(
        Level.warning,
        `whoever can connect to ${address.host === '::' ? 'any address of this machine' : address.host}, port ${address.port}, ` +
          'runs code here: nobody is asked who they are, and nothing is encrypted',
      );
  await listenOnAll(listener, addresses, options);
  const [signal, code] = await untilTold();
  log(Level.notice, `${signal}: closing`);
  await listener.close();
  process.exitCode = code;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
