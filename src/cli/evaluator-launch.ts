/** What `dcp-evaluator-start` starts, and how it is shown. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { OptionValues } from 'commander';
import {
  EVALUATOR_PROGRAM,
  StartupFiles,
  type ConfinementMode,
  type StartupFilesOptions,
} from '../evaluator/index.js';
import { InvalidArgumentError } from '../model/index.js';
import { checkClassicWords } from './evaluator-options.js';
import { UsageError } from './program.js';

/** This package. */
export const DEFAULT_PREFIX = path.resolve(import.meta.dirname, '../..');

const LOG_LEVELS: Readonly<Record<string, number>> = {
  emerg: 0,
  emergency: 0,
  alert: 1,
  crit: 2,
  critical: 2,
  err: 3,
  error: 3,
  warn: 4,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
};

/** Types of sandboxes that need another host, and which. */
const OTHER_HOSTS: Readonly<Record<string, string>> = {
  node: 'a Node evaluator',
  nodeTesting: 'a Node evaluator',
  browser: "a browser's worker",
};

/** Options of `StartupFiles`, as the command line calls them. */
const OPTION_OF: Readonly<Record<keyof StartupFilesOptions | 'type', string>> = {
  client: '--dcp-client',
  folders: '--dcp-client',
  folder: '--sandbox-libexec-dir',
  index: '--sandbox-definitions',
  type: '--sandbox-type',
};

export interface Launch {
  readonly prefix: string;
  /** The evaluator, absolute, and the option that named it. */
  readonly evaluator: string;
  readonly evaluatorOption: string;
  readonly type: string;
  readonly types: readonly string[];
  readonly files: readonly string[];
  /** What the evaluator of this package, which confines itself, is confined by; null: it is another one. */
  readonly confinement: ConfinementMode | null;
  /** What the evaluator gets behind the files. */
  readonly args: readonly string[];
  /** Null: it is spoken to on standard input and output. */
  readonly port: number | null;
  /** The options in effect, by their names. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * `words`: what the evaluator is to get as it is. Throws `UsageError` for an option that is wrong, and `DcpError` when there
 * is no dcp-client.
 * @param isShown it is not started: what it names need not be there
 */
export function launchOf(options: OptionValues, words: readonly string[], { isShown = false } = {}): Launch {
  const text = (name: string): string | undefined => options[name] as string | undefined;
  const type = text('sandboxType')!;
  const prefix = text('prefix') ?? DEFAULT_PREFIX;
  const file =
    text('evaluator') ??
    (options['prefix'] === undefined ? EVALUATOR_PROGRAM : path.join(prefix, 'bin/dcp-evaluator'));
  const port = options['stdio'] === true ? null : (options['port'] as number);
  const level = logLevelOf(text('debugLogLevel'));
  const found = evaluatorOf(file, options);
  if (!isShown) checkEvaluator(prefix, found);
  const confinement = text('confinement') as ConfinementMode | undefined;
  if (confinement !== undefined && found.evaluator !== EVALUATOR_PROGRAM)
    throw new UsageError(
      `--confinement: ${found.evaluator} is not the evaluator of this package; what is behind "--" is passed to it`,
    );
  const { startup, files } = startupFilesOf(type, {
    client: text('dcpClient'),
    folder: text('sandboxLibexecDir'),
    index: text('sandboxDefinitions'),
  });
  return {
    prefix,
    ...found,
    confinement: found.evaluator === EVALUATOR_PROGRAM ? (confinement ?? 'best-effort') : null,
    type,
    types: startup.types,
    files,
    args: [
      ...(port === null ? [] : ['-p', String(port)]),
      ...(level === null || OTHER_HOSTS[type] !== undefined ? [] : ['-d', String(level)]),
      ...words,
    ],
    port,
    options: {
      ...options,
      _: words,
      prefix,
      stdio: port === null,
      evaluator: file,
      sandboxLibexecDir: startup.folder,
      sandboxDefinitions: startup.index,
    },
  };
}

function startupFilesOf(
  type: string,
  { client, folder, index }: Record<'client' | 'folder' | 'index', string | undefined>,
): { startup: StartupFiles; files: readonly string[] } {
  try {
    const startup = new StartupFiles({
      ...(client !== undefined && { client }),
      ...(folder !== undefined && { folder }),
      ...(index !== undefined && { index }),
    });
    return { startup, files: startup.of(type) };
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const option = OPTION_OF[error.field as keyof typeof OPTION_OF];
    throw new UsageError(error.message.replace(error.field, option), { cause: error });
  }
}

function evaluatorOf(file: string, options: OptionValues): Pick<Launch, 'evaluator' | 'evaluatorOption'> {
  const module = options['rEvaluator'] as string | undefined;
  if (module !== undefined) return { evaluator: moduleFile(module), evaluatorOption: '--rEvaluator' };
  const named = ['evaluator', 'prefix'].find((name) => options[name] !== undefined);
  return { evaluator: path.resolve(file), evaluatorOption: named === undefined ? 'evaluator' : `--${named}` };
}

function moduleFile(id: string): string {
  for (const folder of [process.cwd(), import.meta.dirname]) {
    try {
      return createRequire(path.join(folder, 'any.js')).resolve(id);
    } catch {
      // Perhaps there.
    }
  }
  throw new UsageError(`--rEvaluator: no module ${id} is installed for ${process.cwd()}`);
}

function logLevelOf(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const level = /^[0-7]$/.test(text) ? Number(text) : LOG_LEVELS[text];
  if (level === undefined)
    throw new UsageError(
      `--debugLogLevel: expected emerg, alert, crit, error, warn, notice, info or debug, got ${text}`,
    );
  return level;
}

function checkEvaluator(
  prefix: string,
  { evaluator, evaluatorOption }: Pick<Launch, 'evaluator' | 'evaluatorOption'>,
): void {
  if (!statSync(prefix, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`--prefix: no directory ${prefix}`);
  if (!existsSync(evaluator)) throw new UsageError(`${evaluatorOption}: no file ${evaluator}`);
  if (!isExecutable(evaluator) && !isScript(evaluator))
    throw new UsageError(`${evaluatorOption}: ${evaluator} is not executable`);
}

/**
 * Throws when its startup files cannot be run, or, of the evaluator of this package, what would end at its start.
 * @param mayHelp what is passed to it may ask it for its help
 */
export function checkLaunch(launch: Launch, { mayHelp = false } = {}): void {
  const { type, confinement } = launch;
  const host = OTHER_HOSTS[type];
  if (host !== undefined)
    throw new UsageError(
      `--sandbox-type: ${type} can be dumped, not run: its startup files need what ${host} gives. Use native`,
    );
  if (confinement !== null) checkClassicWords(wordsOf(launch, confinement), mayHelp);
}

/**
 * The words of the command. Ours, and JavaScript that is not executable, is run by this Node; ours ends with this process.
 * `options`: more of them, for ours.
 */
export function commandOf(launch: Launch, ...options: readonly string[]): readonly [string, ...string[]] {
  const { evaluator, files, args, confinement } = launch;
  if (confinement !== null) return [process.execPath, evaluator, ...options, ...wordsOf(launch, confinement)];
  const byNode = isScript(evaluator) && !isExecutable(evaluator);
  return byNode ? [process.execPath, evaluator, ...files, ...args] : [evaluator, ...files, ...args];
}

/** What the evaluator of this package is told. */
function wordsOf({ files, args }: Launch, confinement: ConfinementMode): readonly string[] {
  return [`--confinement=${confinement}`, `--parent=${process.pid}`, ...files, ...args];
}

function isScript(file: string): boolean {
  return /\.[cm]?js$/.test(file);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
