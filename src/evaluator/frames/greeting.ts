/**
 * What both sides of a connection say in front of the frames: a line of text, so that whoever is connected to the wrong port can
 * read what is there.
 *
 *     dcp-evaluator frames 2
 *     dcp-worker frames 2
 *
 * The evaluator begins. The Worker answers, and says no more before the first frame has come. An evaluator that does not serve the
 * connection says why instead: `dcp-evaluator: …`.
 */
import { EvaluatorError } from '../../model/index.js';
import { PROTOCOL_VERSION } from './messages.js';

export type Role = 'dcp-evaluator' | 'dcp-worker';

/** A greeting or a refusal has no more. */
const MAX_GREETING_BYTES = 512;
/** Of what a stranger says, so much is repeated in messages. */
const MAX_QUOTED = 60;
const NEWLINE = 0x0a;

/** The other side of a connection is not what it should be. The message is the rest of a sentence about it: `speaks …`. */
export class GreetingError extends EvaluatorError {}

export function greetingOf(role: Role): string {
  return `${role} frames ${PROTOCOL_VERSION}\n`;
}

/** What an evaluator says that does not serve a connection. */
export function refusal(reason: string): string {
  return `dcp-evaluator: ${reason.slice(0, MAX_GREETING_BYTES / 2)}\n`;
}

/** Reads the greeting of the other side, wherever the stream is cut. */
export class GreetingReader {
  readonly #bytes = new Uint8Array(MAX_GREETING_BYTES);
  #length = 0;
  /** The greeting was read, and is right. */
  isDone = false;

  constructor(
    private readonly role: Role,
    private readonly onGreeting: () => void,
  ) {}

  /** Where the next bytes go. */
  target(): Uint8Array {
    return this.#bytes.subarray(this.#length);
  }

  /**
   * So many bytes have been written to the start of the last `target()`.
   * @throws {GreetingError}
   */
  advance(bytes: number): void {
    this.#length += bytes;
    const said = this.#bytes.subarray(0, this.#length);
    const end = said.indexOf(NEWLINE);
    if (end < 0) {
      // A stranger may say no whole line, ever.
      const expected = Buffer.from(this.role);
      const common = Math.min(expected.length, said.length);
      if (
        said.length === MAX_GREETING_BYTES ||
        Buffer.compare(said.subarray(0, common), expected.subarray(0, common)) !== 0
      )
        throw stranger(this.role, said);
      return;
    }
    this.#check(said.subarray(0, end), said);
    if (end < said.length - 1) throw new GreetingError('says more than its greeting');
    this.isDone = true;
    this.onGreeting();
  }

  /**
   * Takes bytes that are somewhere else.
   * @throws {GreetingError}
   */
  push(chunk: Uint8Array): void {
    const target = this.target();
    const bytes = Math.min(target.byteLength, chunk.byteLength);
    target.set(chunk.subarray(0, bytes));
    this.advance(bytes);
    if (bytes < chunk.byteLength) throw new GreetingError('says more than its greeting');
  }

  #check(line: Uint8Array, said: Uint8Array): void {
    const text = Buffer.from(line).toString('latin1');
    if (text.startsWith(`${this.role}: `))
      throw new GreetingError(`refuses: ${text.slice(this.role.length + 2)}`);
    const [, role, version] = /^(dcp-\w+) frames (\d{1,9})$/.exec(text) ?? [];
    if (role !== this.role) throw stranger(this.role, said);
    if (Number(version) !== PROTOCOL_VERSION)
      throw new GreetingError(
        `speaks version ${version} of the frames, where this side speaks ${PROTOCOL_VERSION}; both need the same version of this package`,
      );
  }
}

function stranger(role: Role, said: Uint8Array): GreetingError {
  const [line = ''] = Buffer.from(said)
    .toString('latin1')
    .split(/[\r\n]/, 1);
  const quoted = JSON.stringify(line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}...` : line);
  return new GreetingError(`does not speak as a ${role} does; it says ${quoted}`);
}
