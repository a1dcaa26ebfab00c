import type { EvaluatorLocation } from '../evaluator/index.js';
import { InvalidArgumentError } from '../model/index.js';
import type { EvaluatorKind } from '../worker/index.js';

/**
 * What `worker.evaluator` says: `child`, `in-process`, or where a standing evaluator listens, as `localhost:9000`,
 * `[::1]:9000`, `/run/dcp/evaluator.sock`. Throws `InvalidArgumentError`.
 */
export function evaluatorChoice(text: string): EvaluatorKind | EvaluatorLocation {
  if (text === 'child' || text === 'in-process') return text;
  if (/^\.{0,2}\//.test(text)) return { path: text };
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? name;
  if (host === undefined || port === undefined) throw refused(whatIsWrong(text));
  if (host === '') throw refused(`'${text}' names no host: expected host:port`);
  if (/[\s/]/.test(host)) throw refused(`'${host}' is no host: expected host:port`);
  if (Number(port) < 1 || Number(port) > 65_535)
    throw refused(`the port of '${text}': expected a whole number from 1 to 65535`);
  return { host, port: Number(port) };
}

function whatIsWrong(text: string): string {
  if (/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text))
    return `'${text}': an IPv6 address stands in brackets, as [::1]:9000`;
  if (/^(\[[^\]]*\]|[\w.-]+):?$/.test(text))
    return `'${text}' has no port: expected child, in-process, or host:port`;
  return `expected child, in-process, host:port or the path of a socket, got '${text}'`;
}

function refused(message: string): InvalidArgumentError {
  return new InvalidArgumentError('worker.evaluator', message);
}
