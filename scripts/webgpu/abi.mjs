/**
 * The C interface of webgpu.h as data (third_party/dawn/abi/), put into C's names: what header.mjs writes down and what the
 * other generators look things up in.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { root } from '../steps.mjs';

const FOLDER = path.join(root, 'third_party/dawn/abi');

/** Of the C interface, what has to do with windows. */
const LEFT_OUT = /surface|present_mode|composite_alpha|tone_mapping|predefined_color_space/;

/**
 * @typedef {{name: string, type: string, default?: unknown, pointer?: string, optional?: boolean, after?: string}} RawMember
 * @typedef {{name: string, type: string, members?: RawMember[]}} RawStruct
 * @typedef {{name: string, value?: number, value_combination?: string[]} | null} RawEntry
 * @typedef {{name: string, entries: RawEntry[]}} RawEnum
 * @typedef {{name: string, style?: string, args?: RawMember[]}} RawCallback
 * @typedef {{name: string, callback?: string, returns?: {type: string}, args?: RawMember[]}} RawMethod
 * @typedef {{name: string, methods: RawMethod[]}} RawObject
 * @typedef {{enums: RawEnum[], bitflags: RawEnum[], structs: RawStruct[], callbacks: RawCallback[], objects: RawObject[]}} RawAbi
 *
 * @typedef {{type: string, name: string}} Field one parameter or member in C
 * @typedef {Field & {raw: RawMember, count?: string}} StructField `count`: the field that says how many an array has
 * @typedef {{name: string, kind: string, fields: StructField[]}} Struct
 * @typedef {{name: string, flags: boolean, entries: {name: string, snake: string, key: string, value: number}[]}} Enum `key`: see `keyOf`
 * @typedef {{name: string, fields: Field[]}} Callback
 * @typedef {{name: string, symbol: string, returns: string, fields: Field[]}} Proc `name` in `Procs`, `symbol` in the library
 */

export class Abi {
  /** @param {string} name of a file of third_party/dawn/abi/ that names its base */
  constructor(name) {
    const overlay = /** @type {any} */ (load(name));
    const raw = /** @type {RawAbi} */ (load(overlay.base.replace(/\.yml$/, '')));
    apply(raw, overlay);
    apply(raw, /** @type {any} */ (load('dawn')));
    this.name = name;
    /** @type {readonly Enum[]} */
    this.enums = [
      ...raw.enums.map((each) => makeEnum(each, false)),
      ...raw.bitflags.map((each) => makeEnum(each, true)),
    ].filter(isKept);
    /** @type {readonly Struct[]} */
    this.structs = raw.structs.filter(({ name: struct }) => !LEFT_OUT.test(struct)).map(makeStruct);
    /** @type {readonly Callback[]} */
    this.callbacks = raw.callbacks.map((each) => ({
      name: `WGPU${pascal(each.name)}`,
      fields: (each.args ?? []).map((arg) => ({ type: cType(arg), name: camel(arg.name) })),
    }));
    /** @type {readonly string[]} */
    this.objects = raw.objects
      .map(({ name: object }) => object)
      .filter((object) => !LEFT_OUT.test(object))
      .map(pascal);
    /** @type {readonly Proc[]} */
    this.procs = [...freeProcs(), ...raw.objects.flatMap(methodsOf)];
  }

  /** @param {string} name with its prefix */
  struct(name) {
    return this.structs.find((each) => each.name === name);
  }

  /** @param {string} name with its prefix */
  enum(name) {
    return this.enums.find((each) => each.name === name);
  }

  /** @param {string} name as in `Procs` */
  proc(name) {
    return this.procs.find((each) => each.name === name);
  }
}

/** @param {string} name */
function load(name) {
  return parse(readFileSync(path.join(FOLDER, `${name}.yml`), 'utf8'), { merge: true });
}

/** @param {{name: string}} named */
function isKept({ name }) {
  return !/Surface|PresentMode|CompositeAlpha|ToneMapping|PredefinedColorSpace/.test(name);
}

/**
 * @param {RawAbi} raw changed
 * @param {{enums?: Record<string, Record<string, number>>, structs?: Record<string, RawMember[]>,
 *   methods?: Record<string, RawMethod[]>}} overlay
 */
function apply(raw, overlay) {
  for (const [name, values] of Object.entries(overlay.enums ?? {})) {
    const { entries } = find(raw.enums, name);
    // Positions are values until something is taken out of its place.
    entries.forEach((entry, position) => {
      if (entry) entry.value ??= position;
    });
    for (const [entry, value] of Object.entries(values)) {
      const known = entries.find((each) => each?.name === entry);
      if (known) known.value = value;
      else entries.push({ name: entry, value });
    }
  }
  for (const [name, members] of Object.entries(overlay.structs ?? {})) {
    const own = (find(raw.structs, name).members ??= []);
    for (const member of members) {
      const before = own.findIndex((each) => each.name === member.after);
      own.splice(before < 0 ? own.length : before + 1, 0, member);
    }
  }
  for (const [name, methods] of Object.entries(overlay.methods ?? {}))
    find(raw.objects, name).methods.push(...methods);
}

/**
 * @template {{name: string}} T
 * @param {readonly T[]} list
 * @param {string} name
 * @returns {T}
 */
function find(list, name) {
  const found = list.find((each) => each.name === name);
  if (!found) throw new Error(`third_party/dawn/abi: no ${name} to change`);
  return found;
}

/** `depth32_float_stencil8` → `Depth32FloatStencil8`, `unorm10__10__10__2` → `Unorm10_10_10_2`. @param {string} snake */
function pascal(snake) {
  return snake
    .split(/(?<!_)_(?!_)/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
    .replaceAll('__', '_');
}

/** @param {string} snake */
export function camel(snake) {
  const name = pascal(snake);
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** What an entry of C and a value of WebIDL have in common. @param {string} name */
export function keyOf(name) {
  return name.replace(/[-_]/g, '').toLowerCase();
}

/**
 * @param {RawEnum} raw
 * @param {boolean} flags
 * @returns {Enum}
 */
function makeEnum({ name, entries }, flags) {
  /** @type {Map<string, number>} */
  const values = new Map();
  entries.forEach((entry, position) => {
    if (!entry) return;
    const own = flags ? (position === 0 ? 0 : 2 ** (position - 1)) : position;
    const combined = entry.value_combination?.reduce((sum, part) => sum + (values.get(part) ?? 0), 0);
    values.set(entry.name, entry.value ?? combined ?? own);
  });
  return {
    name: `WGPU${pascal(name)}`,
    flags,
    entries: [...values].map(([entry, value]) => ({
      name: pascal(entry),
      snake: entry,
      key: keyOf(entry),
      value,
    })),
  };
}

/** @param {RawStruct} raw @returns {Struct} */
function makeStruct({ name, type, members }) {
  return { name: `WGPU${pascal(name)}`, kind: type, fields: (members ?? []).flatMap(memberFields) };
}

/** A member is one field, an array two. @param {RawMember} raw @returns {StructField[]} */
function memberFields(raw) {
  const name = camel(raw.name);
  if (!raw.type.startsWith('array<')) return [{ type: cType(raw), name, raw }];
  const count = `${singular(name)}Count`;
  return [
    { type: 'size_t', name: count, raw: { name: count, type: 'usize' } },
    { type: cType(raw), name, raw, count },
  ];
}

/** @param {string} plural */
function singular(plural) {
  return plural.replace(/ies$/, 'y').replace(/s$/, '');
}

/** @type {Readonly<Record<string, string>>} */
const PLAIN = {
  bool: 'WGPUBool',
  int32: 'int32_t',
  uint16: 'uint16_t',
  uint32: 'uint32_t',
  uint64: 'uint64_t',
  usize: 'size_t',
  float32: 'float',
  nullable_float32: 'float',
  float64: 'double',
  float64_supertype: 'double',
  c_void: 'void',
  c_void_data_ptr: 'void',
  out_string: 'WGPUStringView',
  nullable_string: 'WGPUStringView',
  string_with_default_empty: 'WGPUStringView',
};

/** @param {{type: string, pointer?: string}} member */
function cType({ type, pointer }) {
  const array = /^array<(.*)>$/.exec(type);
  const base = baseType(array ? /** @type {string} */ (array[1]) : type);
  if (pointer === 'immutable') return `${base} const*`;
  return pointer === 'mutable' ? `${base}*` : base;
}

/** @param {string} type */
function baseType(type) {
  const plain = PLAIN[type];
  if (plain !== undefined) return plain;
  const [kind, name] = /** @type {[string, string]} */ (type.split('.'));
  if (kind === 'callback') return `WGPU${pascal(name)}CallbackInfo`;
  return `WGPU${pascal(name)}`;
}

/** @returns {Proc[]} */
function freeProcs() {
  return [
    {
      name: 'createInstance',
      symbol: 'wgpuCreateInstance',
      returns: 'WGPUInstance',
      fields: [{ type: 'WGPUInstanceDescriptor const*', name: 'descriptor' }],
    },
    ...['AdapterInfo', 'SupportedFeatures', 'SupportedWGSLLanguageFeatures'].map((struct) => ({
      name: `${struct.charAt(0).toLowerCase()}${struct.slice(1)}FreeMembers`,
      symbol: `wgpu${struct}FreeMembers`,
      returns: 'void',
      fields: [{ type: `WGPU${struct}`, name: 'value' }],
    })),
  ];
}

/** @param {RawObject} object @returns {Proc[]} */
function methodsOf({ name, methods }) {
  if (LEFT_OUT.test(name)) return [];
  const self = { type: `WGPU${pascal(name)}`, name: camel(name) };
  const procs = methods
    .filter((method) => !LEFT_OUT.test(method.name))
    .map((method) => {
      const fields = [
        self,
        ...(method.args ?? []).flatMap(memberFields).map(({ type, name: arg }) => ({ type, name: arg })),
      ];
      if (method.callback) fields.push({ type: baseType(method.callback), name: 'callbackInfo' });
      const returns = method.callback ? 'WGPUFuture' : returnType(method.returns?.type);
      return makeProc(name, method.name, returns, fields);
    });
  return [...procs, makeProc(name, 'add_ref', 'void', [self]), makeProc(name, 'release', 'void', [self])];
}

/** @param {string | undefined} type */
function returnType(type) {
  if (type === undefined) return 'void';
  return type.startsWith('c_void') ? 'void*' : baseType(type);
}

/**
 * @param {string} object
 * @param {string} method
 * @param {string} returns
 * @param {Field[]} fields
 * @returns {Proc}
 */
function makeProc(object, method, returns, fields) {
  const suffix = `${pascal(object)}${pascal(method)}`;
  // The one function whose answer may only be read.
  const result = suffix === 'BufferGetConstMappedRange' ? 'void const*' : returns;
  return { name: `${camel(object)}${pascal(method)}`, symbol: `wgpu${suffix}`, returns: result, fields };
}
