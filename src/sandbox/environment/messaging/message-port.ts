/** MessageChannel and MessagePort. https://html.spec.whatwg.org/#channel-messaging */
import type { Host } from '../../host.js';
import type { Realm } from '../realm.js';
import { defineInterface, defineTransfer, requireArguments, toDictionary } from '../webidl.js';
import { toObject, toObjects } from '../webidl-types.js';
import { makeMessageEvents } from './message-event.js';
import { Queue } from './queue.js';
import { Tasks } from './tasks.js';

/** Only this file makes ports. */
const MAKE = Symbol('make');

interface Message {
  /** The copy, which nobody else has. */
  readonly data: unknown;
  readonly ports: readonly object[];
  /** Of the Slice that posted it. */
  readonly slice: number;
}

/** What a MessagePort stands for, and another one once it is transferred. */
interface Port {
  object: object;
  /** What it is entangled with. */
  remote: Port | null;
  /** Its port message queue. */
  readonly messages: Queue<Message>;
  enabled: boolean;
  /** Closed or transferred. */
  detached: boolean;
}

/** The constructors by name. */
export function makeChannels(host: Host, realm: Realm): Record<string, unknown> {
  const { primordials } = realm;
  const { TypeError, SymbolIterator } = primordials;
  const { Event, EventTarget, targets } = realm.group('events');
  const tasks = new Tasks(host, realm.timers, realm.scope);

  /** Of a real MessagePort; undefined for everything else. */
  let portOf: (value: unknown) => Port | undefined;
  /** HTML, the transfer steps and the transfer-receiving steps of a MessagePort. */
  let move: (from: object) => object;

  const events = makeMessageEvents(realm, (value) => portOf(value) !== undefined);

  const newPort = (object: object): Port => ({
    object,
    remote: null,
    messages: new Queue<Message>(),
    enabled: false,
    detached: false,
  });

  /** Messages that a Slice leaves behind are not for the next one. */
  const dropOld = ({ messages }: Port): void => {
    const { slice } = tasks;
    while (messages.first !== undefined && messages.first.slice !== slice) messages.take();
  };

  const deliverTo = (port: Port) => (): void => {
    const { data, ports } = port.messages.take()!;
    targets.fire(events.make(data, ports), port.object);
  };

  /** HTML, "message port post message steps". The copy is made at once: nobody can tell, for nobody has it. */
  const post = (port: Port, message: unknown, transfer: readonly object[]): void => {
    const { remote } = port;
    let doomed = false;
    for (let index = 0; index < transfer.length; index++) {
      const object = transfer[index];
      if (object === port.object) {
        const { DOMException } = realm.group('dom-exception');
        throw new DOMException(
          `MessagePort.postMessage: transfer[${index}] is the port itself and could not be transferred.`,
          'DataCloneError',
        );
      }
      if (remote !== null && object === remote.object) doomed = true;
    }
    const moved: object[] = [];
    const data = realm.group('structured-clone').clone(message, transfer, moved);
    if (remote === null || doomed) return;
    const ports: object[] = [];
    for (let index = 0; index < moved.length; index++) {
      if (portOf(moved[index]) !== undefined) ports[ports.length] = moved[index]!;
    }
    dropOld(remote);
    remote.messages.add({ data, ports, slice: tasks.slice });
    if (remote.enabled) tasks.add(remote, deliverTo(remote));
  };

  const enable = (port: Port): void => {
    if (port.enabled) return;
    port.enabled = true;
    dropOld(port);
    port.messages.forEach(() => {
      tasks.add(port, deliverTo(port));
    });
  };

  /** An overloaded argument: sequence<object>, or StructuredSerializeOptions. */
  const toTransfer = (value: unknown, what: string): object[] => {
    const given = toObject(value) as { readonly [SymbolIterator]?: unknown } | null;
    const iterator = given?.[SymbolIterator];
    if (iterator !== undefined && iterator !== null)
      return toObjects(primordials, value, `${what}: transfer`);
    const { transfer } = toDictionary<{ transfer: unknown }>(primordials, value, `${what}: options`);
    return transfer === undefined ? [] : toObjects(primordials, transfer, `${what}: options.transfer`);
  };

  class MessagePort extends EventTarget {
    #port = newPort(this);
    readonly #onclose = targets.handler(this, 'close');
    readonly #onmessage = targets.handler(this, 'message');
    readonly #onmessageerror = targets.handler(this, 'messageerror');

    static {
      portOf = (value) =>
        typeof value === 'object' && value !== null && #port in value ? value.#port : undefined;
      move = (given) => {
        const from = given as MessagePort;
        const to = new MessagePort(MAKE);
        const port = from.#port;
        from.#port = { ...newPort(from), detached: true };
        tasks.drop(port);
        port.enabled = false;
        port.object = to;
        to.#port = port;
        return to;
      };
    }

    constructor(...keys: unknown[]) {
      if (keys[0] !== MAKE) throw new TypeError('MessagePort: Illegal constructor');
      super();
    }

    postMessage(message: unknown, transferOrOptions: unknown = undefined): void {
      const port = this.#port;
      requireArguments(primordials, arguments.length, 1, 'MessagePort.postMessage');
      post(port, message, toTransfer(transferOrOptions, 'MessagePort.postMessage'));
    }

    start(): void {
      enable(this.#port);
    }

    close(): void {
      const port = this.#port;
      const { remote } = port;
      port.detached = true;
      if (remote === null) return;
      port.remote = null;
      remote.remote = null;
      // What is on its way comes first.
      tasks.add(remote, () => {
        targets.fire(new Event('close'), remote.object);
      });
    }

    get onclose(): object | null {
      return this.#onclose.get();
    }
    set onclose(value: unknown) {
      this.#onclose.set(value);
    }

    get onmessage(): object | null {
      return this.#onmessage.get();
    }
    set onmessage(value: unknown) {
      this.#onmessage.set(value);
      enable(this.#port);
    }

    get onmessageerror(): object | null {
      return this.#onmessageerror.get();
    }
    set onmessageerror(value: unknown) {
      this.#onmessageerror.set(value);
    }
  }

  class MessageChannel {
    readonly #port1 = new MessagePort(MAKE);
    readonly #port2 = new MessagePort(MAKE);

    constructor() {
      const one = portOf(this.#port1)!;
      const two = portOf(this.#port2)!;
      one.remote = two;
      two.remote = one;
    }

    get port1(): object {
      return this.#port1;
    }
    get port2(): object {
      return this.#port2;
    }
  }

  defineInterface(primordials, 'MessagePort', MessagePort);
  defineInterface(primordials, 'MessageChannel', MessageChannel);
  defineTransfer(primordials, MessagePort, (value) => {
    const port = portOf(value);
    return port && { name: 'MessagePort', isDetached: () => port.detached, move: () => move(value) };
  });
  return { MessageChannel, MessageEvent: events.MessageEvent, MessagePort };
}
