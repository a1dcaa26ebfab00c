/** Where a Worker's Slices run, by its options. */
import {
  InvalidArgumentError as InvalidOptionError,
  Option,
  type Command,
  type OptionValues,
} from 'commander';
import type { EvaluatorLocation } from '../evaluator/index.js';
import type { EvaluatorKind } from '../worker/index.js';
import { UsageError, wholeNumber } from './program.js';

/** What existing Workers connect to. */
const DEFAULT_HOST = 'localhost';
const DEFAULT_PORT = 9000;

export function withEvaluatorOptions(program: Command): Command {
  return program
    .addOption(
      new Option(
        '--evaluator <where>',
        'child: Slices run in processes of their own, one a Job; in-process: in this one, for code that is trusted; host:port, or the ' +
          'path of a UNIX socket: in a standing evaluator (dcp-evaluator --frames), which somebody else starts and ends; default: child',
      ).argParser(parseEvaluator),
    )
    .option('-H, --hostname <name>', `the host of a standing evaluator; default with --port: ${DEFAULT_HOST}`)
    .addOption(
      new Option(
        '-p, --port <port>',
        `the port of a standing evaluator, 1 to 65535; default with --hostname: ${DEFAULT_PORT}`,
      ).argParser(wholeNumber(1, 65_535)),
    );
}

/** What the options say. Throws `UsageError`. */
export function evaluatorOf(options: OptionValues): EvaluatorKind | EvaluatorLocation {
  const evaluator = options['evaluator'] as EvaluatorKind | EvaluatorLocation | undefined;
  const hostname = options['hostname'] as string | undefined;
  const port = options['port'] as number | undefined;
  if (hostname === undefined && port === undefined) return evaluator ?? 'child';
  if (evaluator !== undefined)
    throw new UsageError(
      `--evaluator and ${hostname === undefined ? '--port' : '--hostname'}: one or the other`,
    );
  return { host: hostOf('--hostname', hostname ?? DEFAULT_HOST), port: port ?? DEFAULT_PORT };
}

/** `child`, `in-process`, `localhost:9000`, `[::1]:9000`, `/run/dcp/evaluator.sock`. */
function parseEvaluator(text: string): EvaluatorKind | EvaluatorLocation {
  if (text === 'child' || text === 'in-process') return text;
  if (text.startsWith('/') || text.startsWith('./') || text.startsWith('../')) return { path: text };
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? name;
  if (host === undefined || port === undefined) throw new InvalidOptionError(`${whatIsWrong(text)}.`);
  if (host === '') throw new InvalidOptionError(`'${text}' names no host: expected host:port.`);
  if (/[\s/]/.test(host)) throw new InvalidOptionError(`'${host}' is no host: expected host:port.`);
  if (Number(port) < 1 || Number(port) > 65_535)
    throw new InvalidOptionError(`the port of '${text}': expected a whole number from 1 to 65535.`);
  return { host, port: Number(port) };
}

function whatIsWrong(text: string): string {
  if (/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text))
    return `'${text}': an IPv6 address stands in brackets, as [::1]:${DEFAULT_PORT}`;
  if (/^(\[[^\]]*\]|[\w.-]+):?$/.test(text))
    return `'${text}' has no port: expected child, in-process, or host:port`;
  return `expected child, in-process, host:port or the path of a socket, got '${text}'`;
}

function hostOf(option: string, text: string): string {
  const [, bracketed] = /^\[(.*)\]$/.exec(text) ?? [];
  const host = bracketed ?? text;
  if (host === '' || /[\s[\]/]/.test(host))
    throw new UsageError(`${option}: expected a name or an address, got '${text}'`);
  return host;
}
