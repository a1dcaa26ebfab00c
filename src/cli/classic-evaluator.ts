/** What `dcp-evaluator` does with startup files: the protocol of existing Workers, over TCP, a UNIX socket or standard input. */
import { spawnSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import {
  MAX_MIB,
  MIN_HEAP_MIB,
  beConfined,
  confinementText,
  missingLayers,
  endWithParent,
  openClassicListener,
  openClassicServer,
  openConfinement,
  readStartupFiles,
  serveConfinedStreams,
  serveHandedOver,
  type ClassicServer,
  type ClassicSettings,
  type ConfinedServerOptions,
  type ConfinedSetup,
  type Confinement,
  type ConfinementMode,
  type ConfinementReport,
  type ListenAddress,
} from '../evaluator/index.js';
import { addressesOf, listenOnAll, untilTold, type ListenOptions } from './listen.js';
import { ExitCode, UsageError } from './program.js';

/** Levels of syslog, which `-d` takes as numbers. */
const Level = { error: 3, warning: 4, notice: 5, info: 6 } as const;
/** Sandboxes kept ready where many connections may come. */
const SPARE = 2;

export interface ClassicOptions extends ListenOptions, ClassicSettings {
  readonly files: readonly string[];
  readonly confinement: ConfinementMode;
  /** The process that started this one, with which it ends; null: it does not. */
  readonly parent: number | null;
  /** Whoever started it has said already what evaluators are confined by. */
  readonly isTold: boolean;
}

type Log = (level: number, message: string) => void;

/** Runs until the peer on standard input has gone, or, as a server, until a signal comes. */
export async function runClassicEvaluator(options: ClassicOptions): Promise<void> {
  const { heapMiB, addresses } = checkClassicOptions(options);
  const log = logOf(options);
  const confinement = openConfinement(options.confinement, options.gpu);
  if (addresses.length === 0 && confinement.hasLauncher) beConfined(confinement, options);
  if (options.parent !== null) endWithParent(options.parent);
  if (confinement.hasLauncher) return runListener(confinement, addresses, options, log);
  const startup = readStartupFiles(options.files);
  tell(confinement.probe(), options, log);
  setV8Options(options.v8Options);
  const server = await openClassicServer({
    startup,
    ...serverOptionsOf(options, heapMiB, addresses.length === 0 ? 0 : SPARE, log),
  });
  if (addresses.length === 0) return serveStdio(server);
  await listenOnAll(server, addresses, options);
  const [signal, code] = await untilTold();
  log(Level.notice, `${signal}: closing`);
  await server.close();
  process.exitCode = code;
}

/** Throws `UsageError` for what it would not start with. */
export function checkClassicOptions(options: ClassicOptions): {
  readonly heapMiB: number | undefined;
  readonly addresses: readonly ListenAddress[];
} {
  const heapMiB = heapLimitOf(options.v8Options);
  checkV8Options(options.v8Options);
  return { heapMiB, addresses: addressesOf(options) };
}

/** A confined process, which the one that was started has become, or has started. */
export async function runConfinedEvaluator(setup: ConfinedSetup, settings: ClassicSettings): Promise<void> {
  const log = logOf(settings);
  const heapMiB = heapLimitOf(settings.v8Options);
  setV8Options(settings.v8Options);
  if (setup.report === null) return serveHandedOver(setup, serverOptionsOf(settings, heapMiB, SPARE, log));
  const options = serverOptionsOf({ ...settings, spare: undefined }, heapMiB, 0, log);
  const reason = await serveConfinedStreams(process.stdin, process.stdout, setup, options, (report) =>
    tell(report, setup, log),
  );
  if (reason !== null) process.exitCode = ExitCode.failure;
  process.stdin.destroy();
}

/** Sandboxes are in a confined process; this one listens. */
async function runListener(
  confinement: Confinement,
  addresses: readonly ListenAddress[],
  options: ClassicOptions,
  log: Log,
): Promise<void> {
  if (options.confinement === 'require') confinement.probe();
  const listener = await openClassicListener({
    files: options.files,
    settings: options,
    mode: options.confinement,
    confinement,
    onFailure: (what) => log(Level.error, what),
    printed: process.stderr,
  });
  tell(listener.report!, options, log);
  await listenOnAll(listener, addresses, options);
  const [signal, code] = await untilTold();
  log(Level.notice, `${signal}: closing`);
  await listener.close();
  process.exitCode = code;
}

async function serveStdio(server: ClassicServer): Promise<void> {
  const reason = await server.serve(process.stdin, process.stdout);
  if (reason !== null) process.exitCode = ExitCode.failure;
  await server.close();
  process.stdin.destroy();
}

function serverOptionsOf(
  { threads, gpu, spare }: ClassicSettings,
  heapMiB: number | undefined,
  usualSpare: number,
  log: Log,
): ConfinedServerOptions {
  return {
    threads,
    gpu,
    spare: usualSpare === 0 ? 0 : (spare ?? usualSpare),
    limits: heapMiB === undefined ? {} : { heapMiB },
    onFailure: (what) => log(Level.error, what),
    onConnection: (connection) => log(Level.info, `connection ${connection}: open`),
    onEnd: (connection, reason) =>
      reason === null
        ? log(Level.info, `connection ${connection}: closed`)
        : log(Level.warning, `connection ${connection}: ${reason}`),
  };
}

function logOf({ debugLevel }: ClassicSettings): Log {
  return (level, message) => {
    if (level <= debugLevel) process.stderr.write(`dcp-evaluator: ${message}\n`);
  };
}

function tell(report: ConfinementReport, { isTold }: { isTold: boolean }, log: Log): void {
  const isLess = report.mode === 'off' || missingLayers(report).length > 0;
  if (!isTold) log(isLess ? Level.warning : Level.notice, confinementText(report));
}

function wordsOf(options: readonly string[]): string[] {
  return options.flatMap((text) => text.split(/\s+/)).filter((text) => text !== '');
}

/** The limit of heaps of Sandboxes, if one is among V8's options. Throws `UsageError` for what is none. */
function heapLimitOf(options: readonly string[]): number | undefined {
  let heapMiB: number | undefined;
  for (const option of wordsOf(options)) {
    if (!option.startsWith('--'))
      throw new UsageError(`--options: expected V8 options, as --name=value; got ${option}`);
    const [, limit] = /^--max[-_]old[-_]space[-_]size=(.*)$/s.exec(option) ?? [];
    if (limit === undefined) continue;
    heapMiB = /^\d+$/.test(limit) ? Number(limit) : NaN;
    if (!(heapMiB >= MIN_HEAP_MIB && heapMiB <= MAX_MIB))
      throw new UsageError(`--options: expected whole MiB from ${MIN_HEAP_MIB} to ${MAX_MIB}, got ${option}`);
  }
  return heapMiB;
}

/** V8 takes no notice of what it does not know. Throws `UsageError` for that, where this Node says what V8 knows. */
function checkV8Options(options: readonly string[]): void {
  const words = wordsOf(options);
  if (words.length === 0) return;
  const { stdout } = spawnSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  const known = new Set(Array.from((stdout ?? '').matchAll(/^ +--([\w-]+) \(/gm), ([, name]) => name));
  if (known.size === 0) return;
  for (const word of words) {
    const name = word.slice(2).replace(/=.*$/s, '').replaceAll('_', '-');
    if (!known.has(name) && !known.has(name.replace(/^no-?/, '')))
      throw new UsageError(`--options: V8 knows no option ${word}`);
  }
}

/** For all Sandboxes to come. */
function setV8Options(options: readonly string[]): void {
  for (const option of wordsOf(options)) setFlagsFromString(option);
}
