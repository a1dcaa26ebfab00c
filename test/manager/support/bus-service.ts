/** A program on a bus that answers what the test told it to: a screensaver or a login manager, well-behaved or not. */
import { Message, MessageType, sessionBus, Variant } from '@jellybrick/dbus-next';

/** A value of a property: its type and itself. Over the channel between processes, classes do not come along. */
export type Typed = readonly [type: string, value: unknown];

export type Command =
  | { readonly do: 'own' | 'release'; readonly name: string }
  | {
      readonly do: 'answer';
      readonly path: string;
      readonly interface: string;
      readonly member: string;
      readonly signature: string;
      readonly body: readonly unknown[];
    }
  | {
      readonly do: 'properties';
      readonly path: string;
      readonly interface: string;
      readonly values: Readonly<Record<string, Typed>>;
    }
  /** An object is there no more. */
  | { readonly do: 'forget'; readonly path: string }
  | {
      readonly do: 'signal';
      readonly path: string;
      readonly interface: string;
      readonly member: string;
      readonly signature: string;
      readonly body: readonly unknown[];
    }
  /** Calls are taken and not answered. */
  | { readonly do: 'be silent'; readonly silent: boolean };

type Answer = Extract<Command, { do: 'answer' }>;

const bus = sessionBus({ busAddress: process.argv[2]! });
const answers = new Map<string, Answer>();
const properties = new Map<string, Map<string, Readonly<Record<string, Typed>>>>();
let silent = false;

function variants(values: Readonly<Record<string, Typed>>): Record<string, Variant> {
  return Object.fromEntries(
    Object.entries(values).map(([name, [type, value]]) => [name, new Variant(type, value)]),
  );
}

/** A variant is told as `{ variant: [type, value] }`. */
function asVariant(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('variant' in value)) return value;
  const [type, content] = value.variant as Typed;
  return new Variant(type, content);
}

function reply(call: Message): Message | null {
  if (silent) return null;
  const answer = answers.get(`${call.path} ${call.interface}.${call.member}`);
  if (answer) return Message.newMethodReturn(call, answer.signature, answer.body.map(asVariant));
  const [of, name] = call.body as string[];
  const values = properties.get(call.path)?.get(of ?? '');
  if (call.interface === 'org.freedesktop.DBus.Properties' && values) {
    if (call.member === 'GetAll') return Message.newMethodReturn(call, 'a{sv}', [variants(values)]);
    const value = variants(values)[name ?? ''];
    if (call.member === 'Get' && value) return Message.newMethodReturn(call, 'v', [value]);
  }
  return Message.newError(call, 'org.freedesktop.DBus.Error.UnknownMethod', `no ${call.member} here`);
}

function obey(command: Command): unknown {
  switch (command.do) {
    case 'own':
      return bus.requestName(command.name);
    case 'release':
      return bus.releaseName(command.name);
    case 'answer':
      return answers.set(`${command.path} ${command.interface}.${command.member}`, command);
    case 'properties': {
      const object = properties.get(command.path) ?? new Map<string, Readonly<Record<string, Typed>>>();
      object.set(command.interface, command.values);
      return properties.set(command.path, object);
    }
    case 'forget':
      return properties.delete(command.path);
    case 'signal':
      return bus.send(
        Message.newSignal(command.path, command.interface, command.member, command.signature, [
          ...command.body,
        ]),
      );
    case 'be silent':
      return (silent = command.silent);
  }
}

bus.addMethodHandler((call: Message) => {
  if (call.type !== MessageType.METHOD_CALL) return false;
  const message = reply(call);
  if (message) bus.send(message);
  return true;
});
// The test takes the bus away from its services too.
(bus as NodeJS.EventEmitter).on('error', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
bus.once('connect', () => process.send!({ ready: bus.name }));
process.on('message', ({ id, command }: { id: number; command: Command }) => {
  void Promise.resolve(obey(command)).then(() => process.send!({ done: id }));
});
