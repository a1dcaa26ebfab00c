import { ConfigError, problemText, type Config } from '../config/index.js';
import { DcpError, InvalidArgumentError, ListenError } from '../model/index.js';
import { keyOfField } from '../service/index.js';

/**
 * An error of a part of the Worker as the operator can use it: what the part calls by a name of its own is called by its key, and with
 * the place that says so, as errors of the configuration have it. Where the system does not let it listen is named as well, and is no error
 * of the configuration: it may be right in a moment. Any other error is answered as it is.
 */
export function configuredError(error: unknown, config: Config): unknown {
  if (!(error instanceof InvalidArgumentError || error instanceof ListenError)) return error;
  const key = keyOfField(error.field);
  const message = error.message.slice(`${error.field}: `.length);
  const position = config.sourceOf(key);
  const severity = 'error';
  if (error instanceof ListenError)
    return position === null
      ? new ListenError(key, message)
      : new DcpError(error.code, problemText({ severity, position, key, message }), { cause: error });
  return position === null
    ? new InvalidArgumentError(key, message)
    : new ConfigError([{ severity, position, key, message }], []);
}

/** What `make` answers, or its error as `configuredError` has it. */
export function asConfigured<T>(config: Config, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw configuredError(error, config);
  }
}
