import type { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { Message, MessageBus, MessageLike } from '@jellybrick/dbus-next';
import { BusError, sentenceOf } from './errors.js';
import { connectionOf, loadLibrary, readInstead, type Library, type LibraryConnection } from './library.js';
import { MessageReader, type Header } from './messages.js';
import type { ValueReader } from './values.js';

/** How long a bus may take to let us in, and how long an answer may take, milliseconds. */
const PATIENCE_MS = 2_000;
/**
 * Questions that were never answered. A bus counts them and takes no more after 128, and the library keeps them: the connection
 * is made anew before.
 */
const MOST_UNANSWERED = 64;

export const BUS_NAME = 'org.freedesktop.DBus';
const BUS_PATH = '/org/freedesktop/DBus';
/** The library begins with a question of its own, for our name. */
const HELLO_SERIAL = 1;

/** A question to a service. */
export interface Question {
  /** The unique name, so that no service is started by asking and no other may answer. */
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** The types of `body`, as D-Bus writes them; none without it. */
  readonly signature?: string;
  readonly body?: readonly unknown[];
  /** The types that the answer must have. */
  readonly answer: string;
}

type Expected = Pick<Question, 'destination' | 'answer'>;

export interface ConnectionListener {
  /** A signal came. Whoever is on the bus may send one, with any content: `sender` alone is sure, the bus writes it. */
  onSignal(signal: { readonly sender: string; readonly member: string }): void;
  /** Once, with a reason for people; not after `close`. */
  onClosed(why: string): void;
}

/** A connection to one bus, for questions and signals. Offers nothing, answers no calls, and keeps no process running. */
export class BusConnection {
  readonly #library: Library;
  readonly #bus: MessageBus;
  readonly #connection: LibraryConnection;
  readonly #listener: ConnectionListener;
  /** Who waits for something of this connection; told when it ends. */
  readonly #waiting = new Set<(error: Error) => void>();
  /** What is expected as an answer to each message that waits for one, by its serial. */
  readonly #questions = new Map<unknown, Expected>([[HELLO_SERIAL, { destination: BUS_NAME, answer: 's' }]]);
  #unanswered = 0;
  #ended: Error | null = null;

  private constructor(library: Library, address: string, listener: ConnectionListener) {
    this.#library = library;
    this.#listener = listener;
    this.#bus = library.sessionBus({ busAddress: address, authMethods: ['EXTERNAL'] });
    // Its types know of no errors.
    (this.#bus as EventEmitter).on('error', (error: unknown) => this.#end(sentenceOf(error)));
    this.#connection = connectionOf(this.#bus);
    let reader: MessageReader | null = null;
    readInstead(this.#connection, (stream) => {
      reader ??= new MessageReader(stream, (header) => this.#look(header));
      reader.read();
    });
  }

  /** @throws BusError when the bus is not there, refuses us, or takes more than two seconds */
  static async open(address: string, listener: ConnectionListener): Promise<BusConnection> {
    const connection = new BusConnection(await loadLibrary(), address, listener);
    try {
      // The library opens its socket in a later turn.
      await setImmediate();
      const { stream } = connection.#connection;
      stream?.unref().once('close', () => connection.#end('the bus closed the connection'));
      await connection.#waitFor('the bus does not let us in', (done) =>
        connection.#bus.once('connect', done),
      );
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  /**
   * The answer's body, its types checked.
   * @throws BusError when there is no answer within two seconds, or another than expected, or the connection ended
   */
  async ask(question: Question): Promise<readonly unknown[]> {
    const { destination, path, member, signature = '', body = [], answer } = question;
    const { Message, MessageFlag } = this.#library;
    const text = `${question.interface}.${member}`;
    const serial = this.#bus.newSerial();
    this.#questions.set(serial, question);
    const reply = await this.#waitFor<Message>(`${text} is not answered`, (done, failed) => {
      const head = {
        serial,
        destination,
        path,
        interface: question.interface,
        member,
        flags: MessageFlag.NO_AUTO_START,
      };
      this.#bus.call(new Message({ ...head, signature, body: [...body] })).then(
        (message) => done(message!),
        (error: unknown) => failed(new BusError(`${text}: ${sentenceOf(error)}`, { cause: error })),
      );
    }).finally(() => this.#questions.delete(serial));
    if (reply.sender !== destination) throw new BusError(`${text} was answered by ${reply.sender}`);
    if (reply.signature !== answer)
      throw new BusError(`${text} answered with type "${reply.signature}" instead of "${answer}"`);
    return reply.body;
  }

  /** Asks the bus itself. */
  askBus(member: string, argument: string, answer: string): Promise<readonly unknown[]> {
    const bus = { destination: BUS_NAME, path: BUS_PATH, interface: BUS_NAME };
    return this.ask({ ...bus, member, signature: 's', body: [argument], answer });
  }

  close(): void {
    this.#end(null);
  }

  /** Only answers that are waited for have their bodies read; of signals the sender and the member are enough. */
  #look(header: Header): ((body: ValueReader) => void) | null {
    const { METHOD_RETURN, ERROR, SIGNAL } = this.#library.MessageType;
    const { type, sender, member, replySerial } = header;
    if (type === SIGNAL && typeof sender === 'string' && typeof member === 'string' && !this.#ended)
      this.#listener.onSignal({ sender, member });
    const expected = this.#questions.get(replySerial);
    if ((type !== METHOD_RETURN && type !== ERROR) || !expected) return null;
    return (body) => this.#takeAnswer(expected, header, body);
  }

  #takeAnswer({ destination, answer }: Expected, header: Header, body: ValueReader): void {
    const { type, sender, replySerial, errorName, signature } = header;
    let values: unknown[] = [];
    // The text of an error comes first; what else it has is nothing to us. An answer to be refused is refused for its header.
    if (type === this.#library.MessageType.ERROR)
      values = String(signature).startsWith('s') ? body.read('s') : [];
    else if (sender === destination && signature === answer) values = body.read(answer);
    const fields = { type, sender, replySerial, errorName, signature, body: values };
    this.#connection.emit('message', new this.#library.Message(fields as MessageLike));
  }

  /** Waits until `start` is done, the connection ends or patience does. */
  async #waitFor<Result = void>(
    late: string,
    start: (done: (result: Result) => void, failed: (error: Error) => void) => void,
  ): Promise<Result> {
    if (this.#ended) throw this.#ended;
    let failed!: (error: Error) => void;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Result>((resolve, reject) => {
        failed = reject;
        this.#waiting.add(reject);
        timer = setTimeout(() => this.#late(late, reject), PATIENCE_MS).unref();
        start(resolve, reject);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(failed);
    }
  }

  #late(why: string, reject: (error: Error) => void): void {
    reject(new BusError(`${why} within ${PATIENCE_MS / 1000} s`));
    if (++this.#unanswered >= MOST_UNANSWERED) this.#end(`${MOST_UNANSWERED} questions were not answered`);
  }

  /** @param why null: we end it ourselves */
  #end(why: string | null): void {
    if (this.#ended) return;
    this.#ended = new BusError(why ?? 'the connection was closed');
    for (const reject of this.#waiting) reject(this.#ended);
    this.#connection.stream?.destroy();
    if (why !== null) this.#listener.onClosed(why);
  }
}
