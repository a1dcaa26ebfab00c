/** MessageEvent. https://html.spec.whatwg.org/#the-messageevent-interface */
import type { Realm } from '../realm.js';
import { defineInterface, requireArguments, toDictionary } from '../webidl.js';
import { toDOMString, toObjects, toUSVString } from '../webidl-types.js';

interface MessageEventInit {
  data: unknown;
  lastEventId: unknown;
  origin: unknown;
  ports: unknown;
  source: unknown;
}

/** What a MessageEvent says. */
interface Said {
  readonly data: unknown;
  readonly origin: string;
  readonly lastEventId: string;
  readonly source: object | null;
  /** Frozen. */
  readonly ports: readonly object[];
}

export interface MessageEvents {
  readonly MessageEvent: new (type: unknown, init?: unknown) => object;
  /** The event that brings a message. */
  make(data: unknown, ports: readonly object[]): object;
}

/** @param isPort whether a value is a MessagePort */
export function makeMessageEvents(realm: Realm, isPort: (value: unknown) => boolean): MessageEvents {
  const { primordials } = realm;
  const { TypeError, ObjectFreeze, defineProperty } = primordials;
  const { Event, targets } = realm.group('events');

  const freeze = (ports: readonly object[]): readonly object[] => {
    const frozen: object[] = [];
    for (let index = 0; index < ports.length; index++) {
      defineProperty(frozen, index, { value: ports[index], enumerable: true });
    }
    return ObjectFreeze(frozen);
  };
  /** sequence<MessagePort> */
  const toPorts = (value: unknown, what: string): readonly object[] => {
    const ports = value === undefined ? [] : toObjects(primordials, value, what);
    for (let index = 0; index < ports.length; index++) {
      if (!isPort(ports[index])) throw new TypeError(`${what}[${index}]: not a MessagePort`);
    }
    return freeze(ports);
  };
  /** MessageEventSource?: of its types there is but one here. */
  const toSource = (value: unknown, what: string): object | null => {
    if (value === undefined || value === null) return null;
    if (!isPort(value)) throw new TypeError(`${what}: not a MessagePort`);
    return value;
  };

  let fill: (event: MessageEvent, said: Said) => void;

  class MessageEvent extends Event {
    #said: Said;

    static {
      fill = (event, said) => {
        event.#said = said;
      };
    }

    constructor(type: unknown, init: unknown = undefined) {
      requireArguments(primordials, arguments.length, 1, 'MessageEvent');
      super(type, init);
      const what = 'MessageEvent: init';
      // Members are read in the order of their names.
      const {
        data = null,
        lastEventId = '',
        origin = '',
        ports,
        source,
      } = toDictionary<MessageEventInit>(primordials, init, what);
      this.#said = {
        data,
        lastEventId: toDOMString(lastEventId),
        origin: toUSVString(primordials, origin),
        ports: toPorts(ports, `${what}.ports`),
        source: toSource(source, `${what}.source`),
      };
    }

    get data(): unknown {
      return this.#said.data;
    }
    get origin(): string {
      return this.#said.origin;
    }
    get lastEventId(): string {
      return this.#said.lastEventId;
    }
    get source(): object | null {
      return this.#said.source;
    }
    get ports(): readonly object[] {
      return this.#said.ports;
    }

    initMessageEvent(
      type: unknown,
      bubbles: unknown = false,
      cancelable: unknown = false,
      data: unknown = null,
      origin: unknown = '',
      lastEventId: unknown = '',
      source: unknown = null,
      ports: unknown = undefined,
    ): void {
      const what = 'MessageEvent.initMessageEvent';
      if (!(#said in this)) throw new TypeError(`${what}: Illegal invocation`);
      requireArguments(primordials, arguments.length, 1, what);
      const name = toDOMString(type);
      const said: Said = {
        data,
        origin: toUSVString(primordials, origin),
        lastEventId: toDOMString(lastEventId),
        source: toSource(source, `${what}: source`),
        ports: toPorts(ports, `${what}: ports`),
      };
      super.initEvent(name, bubbles, cancelable);
      if (!targets.isDispatching(this)) this.#said = said;
    }
  }

  defineInterface(primordials, 'MessageEvent', MessageEvent, null, ['data']);
  return {
    MessageEvent,
    make(data, ports) {
      const event = new MessageEvent('message');
      fill(event, { data, origin: '', lastEventId: '', source: null, ports: freeze(ports) });
      return event;
    },
  };
}
