import { inspect } from 'node:util';

const HIDDEN = '(hidden)';

/** More hexadecimal digits than an address has, and about as many as a private key: one with a digit lost is nobody's business either. */
const KEY_LIKE = /(?:0x)?[0-9a-f]{48,}/gi;

/** What the outside may read of a text that may have a private key in it. */
export function withoutKeys(text: string): string {
  return text.replace(KEY_LIKE, HIDDEN);
}

/** Whether a text is a private key, more or less. */
export function isKeyLike(text: string): boolean {
  return text.trim().replace(KEY_LIKE, '') === '';
}

/** A text that neither a log, nor JSON, nor a debugger's summary of the object that holds it shows. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}

/**
 * Takes a secret off this process's command line, as `ps` and /proc show it, and out of `process.argv`. Whoever looked
 * before has seen it. Where the system keeps command lines elsewhere (Windows, macOS) they stay as they were.
 */
export function hideFromProcessList(secret: string): void {
  const hide = (word: string): string =>
    word === secret || word.endsWith(`=${secret}`) ? `${word.slice(0, -secret.length)}${HIDDEN}` : word;
  process.argv.forEach((word, i) => (process.argv[i] = hide(word)));
  process.title = [process.argv0, ...process.execArgv.map(hide), ...process.argv.slice(1)].join(' ');
}
