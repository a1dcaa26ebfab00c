import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';

type Params = Record<string, unknown>;
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Params;
  readonly error?: { readonly message: string };
}

/** A debugger: one connection of the Chrome DevTools Protocol. */
export class DevTools {
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #events: Message[] = [];
  #arrived: () => void = () => undefined;
  #lastId = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as Message;
      if (message.id === undefined) this.#events.push(message);
      else this.#answers.get(message.id)?.(message);
      this.#arrived();
    });
  }

  static async connect(url: string): Promise<DevTools> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new DevTools(socket);
  }

  /** Calls a method of the protocol; rejects with its error. */
  async call(method: string, params: Params = {}): Promise<Params> {
    const id = ++this.#lastId;
    const answer = new Promise<Message>((resolve) => this.#answers.set(id, resolve));
    this.socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answer;
    assert.equal(error, undefined, `${method}: ${error?.message}`);
    return result!;
  }

  /** The next event of that name that satisfies; earlier events are gone then. */
  async event(method: string, satisfies: (params: Params) => boolean = () => true): Promise<Params> {
    for (;;) {
      const at = this.#events.findIndex((event) => event.method === method && satisfies(event.params ?? {}));
      if (at >= 0) return this.#events.splice(0, at + 1).pop()!.params ?? {};
      await new Promise<void>((resolve) => (this.#arrived = resolve));
    }
  }

  async close(): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }
}
