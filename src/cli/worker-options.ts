/** The options of `dcp-worker` that say what the configuration may say, too: they are its highest layer. */
import {
  InvalidArgumentError as InvalidOptionError,
  Option,
  type Command,
  type OptionValues,
} from 'commander';
import { KNOWN_KEYS, type ConfigArgument, type KnownKey } from '../config/index.js';

type Plain = ConfigArgument['value'];

/** An option and what it sets. Its description says what the schema says of the first key, unless it has its own. */
interface KeyOption {
  readonly flags: string;
  readonly keys: readonly string[];
  readonly description?: string;
  /** Other spellings of old, which are not shown. */
  readonly also?: readonly string[];
  /** What the words behind it say of each key; undefined: nothing. Default: the one word, of the only key. */
  readonly read?: (words: readonly string[]) => readonly Plain[];
  /** Its list comes behind that of the layers below. */
  readonly appends?: boolean;
}

const OPTIONS: readonly KeyOption[] = [
  { flags: '--scheduler <dir>', keys: ['scheduler.location'] },
  {
    flags: '-c, --cores <cpu,gpu>',
    keys: ['worker.cores.cpu', 'worker.cores.gpu'],
    description:
      'Slices run at the same time, 1 to 1024, and of these those of Jobs that require WebGPU, 0 to 1024: 7 or 7,2 or ,2; ' +
      'default: all cores, two for each adapter',
    read: pair,
  },
  {
    flags: '-u, --utilization <cpu,gpu>',
    keys: ['worker.utilization.cpu', 'worker.utilization.gpu'],
    description:
      'the part of them that is used: cpu above 0 up to 1, gpu 0 to 1: 0.8 or 0.8,0.5 or ,0.5; default: 1,1',
    read: pair,
  },
  { flags: '-m, --maxSandboxes <n>', keys: ['worker.maxSandboxes'] },
  { flags: '--profile <name>', keys: ['worker.profile'] },
  {
    flags: '-j, --job-id <id...>',
    keys: ['worker.jobAddresses'],
    description: 'take only these Jobs; default: any',
    read: (words) => [[...words]],
    appends: true,
  },
  {
    flags: '-g, --join <key...>',
    keys: ['worker.computeGroups'],
    description:
      'join keys of Compute Groups, or key,secret, or key,eh1-hash; an embedded Scheduler asks the key alone; default: none',
    read: (words) => [words.map(joinOf)],
    appends: true,
  },
  { flags: '--leavePublicGroup [yes]', keys: ['worker.leavePublicGroup'], read: yesOrNo },
  { flags: '--publicGroupFallback [yes]', keys: ['worker.publicGroupFallback'], read: yesOrNo },
  {
    flags: '-a, --allowedOrigins <list...>',
    keys: ['worker.allowOrigins.any'],
    description:
      'origins that Work Functions may fetch from if their Job requires it, separated by commas or given one by one: ' +
      'https://host, https://*.domain, https://*, *; private:… for addresses that are not public; default: none',
    read: (words) => [words.flatMap((word) => word.split(',')).map((word) => word.trim())],
    appends: true,
  },
  {
    flags: '--evaluator <where>',
    keys: ['worker.evaluator'],
    description:
      'child: Slices run in processes of their own, one a Job; in-process: in this one, for code that is trusted; host:port, or the ' +
      'path of a UNIX socket: in a standing evaluator (dcp-evaluator --frames), which somebody else starts and ends; default: child',
  },
  {
    flags: '--confinement <mode>',
    keys: ['worker.confinement'],
    description:
      'what the operating system keeps evaluator processes from: require: from everything, or the Worker does not start; ' +
      'best-effort: from what this machine allows; off: from nothing; default: best-effort',
  },
  { flags: '--evaluator-memory <MiB>', keys: ['worker.evaluatorMemory'] },
  { flags: '--lease <seconds>', keys: ['worker.lease'] },
  { flags: '--stop-timeout <seconds>', keys: ['worker.stopTimeout'] },
  { flags: '--cleanup-timeout <seconds>', keys: ['worker.cleanupTimeout'] },
  { flags: '--spool <dir>', keys: ['worker.spool'] },
  {
    flags: '-o, --outputMode <mode...>',
    also: ['--output'],
    keys: ['worker.output'],
    read: (words) => [words.flatMap((word) => word.split(','))],
  },
  { flags: '--reportInterval <seconds>', keys: ['worker.reportInterval'] },
  { flags: '--logfile <file>', keys: ['worker.logfile.path'] },
  { flags: '--logfile-bytes <n>', keys: ['worker.logfile.maxBytes'] },
  { flags: '--logfile-keep <n>', keys: ['worker.logfile.keep'] },
  { flags: '--syslogAddress <host>', keys: ['worker.syslog.address'] },
  { flags: '--syslogFacility <name>', keys: ['worker.syslog.facility'] },
  { flags: '--syslogTransport <transport>', keys: ['worker.syslog.transport'] },
  { flags: '--syslogPort <port>', keys: ['worker.syslog.port'] },
  { flags: '--syslog-ca <file>', keys: ['worker.syslog.ca'] },
  { flags: '--syslog-cert <file>', keys: ['worker.syslog.cert'] },
  { flags: '--syslog-key <file>', keys: ['worker.syslog.key'] },
  { flags: '--status-socket <path>', keys: ['worker.status.socket'] },
  { flags: '--http-port <port>', keys: ['worker.status.httpPort'] },
  { flags: '--http-address <address>', keys: ['worker.status.httpAddress'] },
  { flags: '--token-file <file>', keys: ['worker.status.tokenFile'] },
  { flags: '-W, --watchdogInterval <ms>', keys: ['worker.watchdogInterval'] },
];

/** What existing Workers connect to. */
const EVALUATOR_HOST = 'localhost';
const EVALUATOR_PORT = '9000';

/** Declares them. */
export function withConfigOptions(program: Command): Command {
  for (const option of OPTIONS) {
    program.addOption(
      new Option(option.flags, option.description ?? descriptionOf(keyNamed(option.keys[0]!))),
    );
    for (const name of option.also ?? [])
      program.addOption(new Option(option.flags.replace(/^.*--\w+/, name)).hideHelp());
  }
  return program
    .option(
      '-H, --hostname <name>',
      `the host of a standing evaluator; default with --port: ${EVALUATOR_HOST}`,
    )
    .option('-p, --port <port>', `its port, 1 to 65535; default with --hostname: ${EVALUATOR_PORT}`);
}

/** What the options that were given say of the configuration. */
export function configArgumentsOf(program: Command): ConfigArgument[] {
  const values = program.opts<OptionValues>();
  const given = OPTIONS.flatMap(({ flags, also = [], keys, read = (words) => words, appends = false }) =>
    [flags, ...also].flatMap((spelling) => {
      const option = new Option(spelling);
      const given = values[option.attributeName()] as string | true | readonly string[] | undefined;
      if (given === undefined) return [];
      const words = Array.isArray(given)
        ? (given as readonly string[])
        : [given === true ? '' : (given as string)];
      try {
        return read(words).map((value, i) => ({
          key: keys[i]!,
          value: typeof value === 'string' ? fitting(keyNamed(keys[i]!), value) : value,
          option: `--${option.name()}`,
          appends,
        }));
      } catch (error) {
        if (!(error instanceof InvalidOptionError)) throw error;
        return program.error(
          `error: option '${flags}' argument '${words.join(' ')}' is invalid. ${error.message}`,
        );
      }
    }),
  );
  return [...given, ...standingEvaluator(program)];
}

/** Two options that say together what `--evaluator host:port` says. */
function standingEvaluator(program: Command): ConfigArgument[] {
  const { evaluator, hostname, port } = program.opts<{
    evaluator?: string;
    hostname?: string;
    port?: string;
  }>();
  if (hostname === undefined && port === undefined) return [];
  const option = hostname === undefined ? '--port' : '--hostname';
  if (evaluator !== undefined) return program.error(`error: --evaluator and ${option}: one or the other`);
  const host = hostname ?? EVALUATOR_HOST;
  const value = `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port ?? EVALUATOR_PORT}`;
  return [{ key: 'worker.evaluator', value, option }];
}

function keyNamed(name: string): KnownKey {
  return KNOWN_KEYS.find((known) => known.name === name)!;
}

/** `no more Slices …: a whole number from 1 to 1024; default: …`, in the tone of the other options. */
function descriptionOf({ key: { description, type, unit, defaultText } }: KnownKey): string {
  const text = description.replace(/\.$/, '');
  const lower = /^[A-Z]( |[a-z])/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
  // A relative one begins at the current directory.
  const expected = type.expected.replace(/^an absolute path of a (\w+), .*/, 'the path of a $1');
  return `${lower}: ${expected}${unit === null ? '' : `, ${unit}`}; default: ${defaultText}`;
}

/** A word as the key has it: a number where it takes numbers. What does not fit is the schema's to refuse. */
function fitting({ key: { type } }: KnownKey, word: string): Plain {
  const number = Number(word);
  return type.shapes.includes('number') && word.trim() !== '' && !Number.isNaN(number) ? number : word;
}

/** What is said of CPUs and of GPUs apart, as `7,1`; either part may be missing. */
function pair([text = '']: readonly string[]): readonly Plain[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > 2 || parts.every((part) => part === ''))
    throw new InvalidOptionError('expected numbers as cpu, as cpu,gpu or as ,gpu.');
  return parts.map((part) => (part === '' ? undefined : part));
}

/** A flag, or `--flag=false`. */
function yesOrNo([word = '']: readonly string[]): readonly Plain[] {
  return [word === '' || word === 'true' ? true : word === 'false' ? false : word];
}

function joinOf(word: string): Plain {
  const [joinKey = '', ...rest] = word.split(',');
  const proof = rest.join(',');
  if (proof === '') return { joinKey };
  return proof.startsWith('eh1-') ? { joinKey, joinHash: proof } : { joinKey, joinSecret: proof };
}
