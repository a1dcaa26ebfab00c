/** A bus, or a service on it, did not do what was asked; the message is for people. */
export class BusError extends Error {
  override readonly name = 'BusError';
}

/** Text of a bus is written by whoever is on it: this much of it is shown, printable alone. */
const LONGEST_TEXT = 200;

/** What came from a bus, fit to be shown. */
export function printable(text: string, longest = LONGEST_TEXT): string {
  const clean = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean;
}

/** One line about an error of the library, of Node or of a service. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return printable(String(error));
  const { type } = error as { readonly type?: unknown };
  const text = error.message || error.name;
  return printable(typeof type === 'string' ? `${type}: ${text}` : text);
}

/** The name of the error that a service answered with (`org.freedesktop.DBus.Error.NoReply`); null: the error is none of a service. */
export function errorNameOf(error: unknown): string | null {
  const cause = error instanceof BusError ? error.cause : error;
  const { type } = (cause ?? {}) as { readonly type?: unknown };
  return typeof type === 'string' ? type : null;
}
