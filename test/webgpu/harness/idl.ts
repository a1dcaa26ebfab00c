/** What Web IDL (https://webidl.spec.whatwg.org/#javascript-binding) says that WebGPU's interfaces look like. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parse, type Definition, type Member } from 'webidl2';

/** What can be seen of one interface, from outside. `probe()` answers the same. */
export interface InterfaceShape {
  /** Of the global: `function, writable configurable` */
  readonly global: string;
  readonly name: string;
  readonly length: number;
  readonly parent: string;
  readonly ownKeys: readonly string[];
  readonly prototype: string;
  readonly tag: string;
  /** By name. */
  readonly members: Readonly<Record<string, string>>;
  /** What comes of a call without `new`, and of a construction without arguments. */
  readonly call: string;
  readonly construct: string;
}

/** Interfaces that only a page has a use for. */
export const ABSENT_INTERFACES = ['GPUCanvasContext', 'GPUExternalTexture'] as const;

const definitions = parse(
  readFileSync(createRequire(import.meta.url).resolve('@webref/idl/webgpu.idl'), 'utf8'),
);
const ofType = (type: Definition['type']): Definition[] => definitions.filter((each) => each.type === type);

/** Interfaces by name, with what mixins and partial definitions add. */
export const INTERFACES: ReadonlyMap<string, InterfaceShape> = new Map(
  ofType('interface')
    .filter(({ name, partial }) => !partial && !ABSENT_INTERFACES.some((absent) => absent === name))
    .map((definition) => [definition.name, shapeOf(definition)]),
);

/** Constants of namespaces. */
export const NAMESPACES: ReadonlyMap<string, Readonly<Record<string, number>>> = new Map(
  ofType('namespace').map(({ name, members }) => [
    name,
    Object.fromEntries(members.map((member) => [member.name, Number(member.value.value)])),
  ]),
);

function membersOf({ name, members }: Definition): Member[] {
  const parts = ofType('interface').filter((each) => each.partial && each.name === name);
  const mixins = ofType('includes')
    .filter(({ target }) => target === name)
    .map(({ includes }) => ofType('interface mixin').find((mixin) => mixin.name === includes)!);
  return [...members, ...[...parts, ...mixins].flatMap((part) => part.members)];
}

function requiredOf(member: Member): number {
  // Whatever is before a required argument is required.
  return member.arguments.reduce((least, { optional }, index) => (optional ? least : index + 1), 0);
}

function isPromise({ idlType }: Member): boolean {
  return idlType?.generic === 'Promise';
}

function shapeOf(definition: Definition): InterfaceShape {
  const { name, inheritance } = definition;
  const all = membersOf(definition);
  const constructor = all.find(({ type }) => type === 'constructor');
  const members: Record<string, string> = {
    constructor: 'the interface object, writable configurable',
    'Symbol(Symbol.toStringTag)': `"${name}", configurable`,
  };
  for (const member of all) {
    const refused = `${isPromise(member) ? 'rejects' : 'throws'} TypeError`;
    if (member.type === 'attribute') {
      const get = `get "get ${member.name}" 0 ${refused}`;
      const set = member.readonly ? 'no set' : `set "set ${member.name}" 1 ${refused}`;
      members[member.name] = `${get}, ${set}, enumerable configurable`;
    } else if (member.type === 'operation') {
      const overloads = all.filter((each) => each.type === 'operation' && each.name === member.name);
      const length = Math.min(...overloads.map(requiredOf));
      members[member.name] = `method "${member.name}" ${length} ${refused}, writable enumerable configurable`;
    } else if (member.type === 'setlike') {
      const method = (method: string, length: number, key = method): string =>
        (members[key] =
          `method "${method}" ${length} throws TypeError, writable ${key === method || key === 'keys' ? 'enumerable ' : ''}configurable`);
      members['size'] = 'get "get size" 0 throws TypeError, no set, enumerable configurable';
      method('entries', 0);
      method('forEach', 1);
      method('has', 1);
      method('values', 0);
      method('values', 0, 'keys');
      method('values', 0, 'Symbol(Symbol.iterator)');
    }
  }
  return {
    global: 'function, writable configurable',
    name,
    length: constructor ? requiredOf(constructor) : 0,
    parent: inheritance ?? '',
    ownKeys: ['length', 'name', 'prototype'],
    prototype: 'object, none',
    tag: `[object ${name}]`,
    members,
    call: 'throws TypeError',
    construct: 'throws TypeError',
  };
}

/** Runs in a Sandbox: what can be seen there of an interface. Names nothing of its surroundings. */
export async function probe(name: string): Promise<InterfaceShape> {
  const flagsOf = (descriptor: PropertyDescriptor): string =>
    (['writable', 'enumerable', 'configurable'] as const).filter((flag) => descriptor[flag]).join(' ') ||
    'none';
  const outcome = async (call: () => unknown): Promise<string> => {
    let answer: unknown;
    try {
      answer = call();
    } catch (error) {
      return `throws ${(error as Error).name}`;
    }
    if (!(answer instanceof Promise)) return 'answers';
    try {
      await answer;
      return 'resolves';
    } catch (error) {
      return `rejects ${(error as Error).name}`;
    }
  };
  const global = Object.getOwnPropertyDescriptor(globalThis, name)!;
  const type = global.value as { new (): object; (): unknown; prototype: object };
  const { prototype } = type;
  const members: Record<string, string> = {};
  for (const key of Reflect.ownKeys(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key)!;
    const { get, set } = descriptor;
    const value: unknown = descriptor.value;
    const flags = flagsOf(descriptor);
    const describe = async (kind: string, call: unknown): Promise<string> => {
      const method = call as (...args: unknown[]) => unknown;
      const refused = await outcome(() => Reflect.apply(method, Object.create(prototype) as object, []));
      return `${kind} "${method.name}" ${method.length} ${refused}`;
    };
    let text: string;
    if (value === type) text = 'the interface object';
    else if (typeof value === 'string') text = `"${value}"`;
    else if (typeof value === 'function') text = await describe('method', value);
    else text = `${await describe('get', get)}, ${set ? await describe('set', set) : 'no set'}`;
    members[String(key)] = `${text}, ${flags}`;
  }
  return {
    global: `${typeof type}, ${flagsOf(global)}`,
    name: type.name,
    length: type.length,
    parent: (Object.getPrototypeOf(type) as { name: string }).name,
    // V8 gives two more to functions of native code, also in browsers.
    ownKeys: Reflect.ownKeys(type)
      .map(String)
      .filter((key) => key !== 'arguments' && key !== 'caller')
      .sort(),
    prototype: `${typeof prototype}, ${flagsOf(Object.getOwnPropertyDescriptor(type, 'prototype')!)}`,
    tag: Object.prototype.toString.call(prototype),
    members,
    call: await outcome(() => type()),
    construct: await outcome(() => new type()),
  };
}
