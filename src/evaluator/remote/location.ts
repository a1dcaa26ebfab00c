import { InvalidArgumentError } from '../../model/index.js';

/** Where an evaluator listens. */
export type EvaluatorLocation =
  | {
      /** A name or an address, IPv6 without brackets. */
      readonly host: string;
      /** 1 to 65535. */
      readonly port: number;
    }
  | {
      /** Of a UNIX socket. */
      readonly path: string;
    };

/** Throws `InvalidArgumentError` for what nobody can listen on. */
export function checkLocation(location: EvaluatorLocation): void {
  if ('path' in location) {
    if (typeof location.path !== 'string' || location.path === '')
      throw new InvalidArgumentError(
        'path',
        `expected the path of a UNIX socket, got ${String(location.path)}`,
      );
    return;
  }
  const { host, port } = location;
  if (typeof host !== 'string' || host === '' || /[\s[\]/]/.test(host))
    throw new InvalidArgumentError('host', `expected a name or an address, got ${JSON.stringify(host)}`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('port', `expected a whole number from 1 to 65535, got ${String(port)}`);
}

/** As `--evaluator` takes it: `localhost:9000`, `[::1]:9000`, or a path. */
export function locationText(location: EvaluatorLocation): string {
  if ('path' in location) return location.path;
  const { host, port } = location;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
