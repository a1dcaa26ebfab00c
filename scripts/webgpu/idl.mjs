/**
 * The WebGPU IDL (npm package @webref/idl, parsed by webidl2) with mixins, partials and inheritance resolved, less what a
 * Sandbox has no use for: canvas, external textures and video.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parse } from 'webidl2';

/** Interfaces that src/sandbox/environment/webgpu makes: nothing in them is Dawn's. */
const ELSEWHERE = new Set([
  'GPUAdapterInfo',
  'GPUCompilationInfo',
  'GPUCompilationMessage',
  'GPUDeviceLostInfo',
  'GPUError',
  'GPUInternalError',
  'GPUOutOfMemoryError',
  'GPUPipelineError',
  'GPUSupportedFeatures',
  'GPUUncapturedErrorEvent',
  'GPUValidationError',
  'WGSLLanguageFeatures',
]);
const LEFT_OUT = new Set(['GPUCanvasContext', 'GPUExternalTexture']);
const LEFT_OUT_DICTIONARIES =
  /Canvas|ExternalTextureDescriptor|ExternalImage|Origin2D|PipelineErrorInit|UncapturedErrorEventInit/;
/** An attribute that the environment adds, since its value is an event handler. */
const ELSEWHERE_MEMBERS = new Set(['onuncapturederror']);

/**
 * @typedef {{name: string, nullable: boolean, extended: ReadonlySet<string>, arguments: Type[], union: Type[]}} Type
 *   `name`: of a primitive, an interface, a dictionary, an enum; or `sequence`, `record`, `promise`, `union`
 * @typedef {{name: string, type: Type, required: boolean, default: DefaultValue | null}} Member
 * @typedef {{name: string, type: Type, optional: boolean, default: DefaultValue | null}} Argument
 * @typedef {{kind: 'attribute', name: string, type: Type, readonly: boolean}} Attribute
 * @typedef {{kind: 'operation', name: string, returns: Type, overloads: Argument[][]}} Operation
 * @typedef {{name: string, inherits: string | null, members: (Attribute | Operation)[]}} Interface
 * @typedef {{name: string, base: Dictionary | null, members: Member[]}} Dictionary `members`: its own, in WebIDL's order
 * @typedef {{type: string, value?: any}} DefaultValue
 */

export class Idl {
  constructor() {
    const file = createRequire(import.meta.url).resolve('@webref/idl/webgpu.idl');
    const parsed = /** @type {any[]} */ (parse(readFileSync(file, 'utf8')));
    /** @type {Map<string, any>} */
    const typedefs = new Map();
    /** @type {Map<string, any[]>} */
    const includes = new Map();
    for (const part of parsed) {
      if (part.type === 'typedef') typedefs.set(part.name, part);
      if (part.type === 'includes')
        includes.set(part.target, [...(includes.get(part.target) ?? []), part.includes]);
    }
    /** @param {any} raw */
    const type = (raw) => makeType(raw, typedefs);
    const of = (/** @type {string} */ kind) => parsed.filter((part) => part.type === kind);

    /** @type {readonly {name: string, values: string[]}[]} */
    this.enums = of('enum').map(({ name, values }) => ({
      name,
      values: values.map((/** @type {any} */ each) => each.value),
    }));
    /** @type {readonly {name: string, constants: {name: string, value: number}[]}[]} */
    this.namespaces = of('namespace').map(({ name, members }) => ({
      name,
      constants: members.map((/** @type {any} */ each) => ({
        name: each.name,
        value: Number(each.value.value),
      })),
    }));
    /** @type {Map<string, Dictionary>} */
    this.dictionaries = new Map();
    for (const raw of of('dictionary')) {
      if (LEFT_OUT_DICTIONARIES.test(raw.name)) continue;
      this.dictionaries.set(raw.name, {
        name: raw.name,
        base: raw.inheritance,
        members: raw.members
          .map((/** @type {any} */ each) => ({
            name: each.name,
            // [Clamp] and [EnforceRange] may stand before the member, too.
            type: withAttributes(type(each.idlType), each.extAttrs),
            required: each.required,
            default: each.default,
          }))
          .sort((/** @type {Member} */ a, /** @type {Member} */ b) => (a.name < b.name ? -1 : 1)),
      });
    }
    for (const dictionary of this.dictionaries.values()) {
      dictionary.base = this.dictionaries.get(/** @type {any} */ (dictionary.base)) ?? null;
    }

    const mixins = new Map(of('interface mixin').map((each) => [each.name, each]));
    /** @type {readonly Interface[]} */
    this.interfaces = of('interface')
      .filter(({ partial, name }) => !partial && !ELSEWHERE.has(name) && !LEFT_OUT.has(name))
      .map(({ name, inheritance, members }) => ({
        name,
        inherits: inheritance,
        members: makeMembers(
          [
            ...members,
            ...of('interface')
              .filter((each) => each.partial && each.name === name)
              .flatMap((each) => each.members),
            ...(includes.get(name) ?? []).flatMap((each) => mixins.get(each).members),
          ],
          type,
        ),
      }));
  }

  /** The attributes of GPUSupportedLimits. @returns {Attribute[]} */
  get limits() {
    const limits = this.interfaces.find(({ name }) => name === 'GPUSupportedLimits');
    return (limits?.members ?? []).flatMap((member) => (member.kind === 'attribute' ? [member] : []));
  }

  /** A dictionary's members with those it inherits, in the order in which WebIDL reads them. @param {Dictionary} dictionary @returns {Member[]} */
  allMembers(dictionary) {
    return [...(dictionary.base ? this.allMembers(dictionary.base) : []), ...dictionary.members];
  }

  /** @param {string} name */
  isEnum(name) {
    return this.enums.some((each) => each.name === name);
  }

  /** @param {string} name */
  isInterface(name) {
    return this.interfaces.some((each) => each.name === name);
  }
}

/**
 * @param {any[]} raw
 * @param {(raw: any) => Type} type
 * @returns {(Attribute | Operation)[]}
 */
function makeMembers(raw, type) {
  /** @type {(Attribute | Operation)[]} */
  const members = [];
  for (const each of raw) {
    if (ELSEWHERE_MEMBERS.has(each.name)) continue;
    if (each.type === 'attribute') {
      members.push({ kind: 'attribute', name: each.name, type: type(each.idlType), readonly: each.readonly });
    } else if (each.type === 'operation') {
      const overload = each.arguments.map((/** @type {any} */ argument) => ({
        name: argument.name,
        type: type(argument.idlType),
        optional: argument.optional,
        default: argument.default,
      }));
      const known = members.find((member) => member.name === each.name);
      if (known?.kind === 'operation') known.overloads.push(overload);
      else
        members.push({
          kind: 'operation',
          name: each.name,
          returns: type(each.idlType),
          overloads: [overload],
        });
    } else {
      throw new Error(`webgpu.idl: a member of kind ${each.type} is not known here`);
    }
  }
  return members;
}

/** @param {Type} type @param {readonly {name: string}[]} attributes @returns {Type} */
function withAttributes(type, attributes) {
  return { ...type, extended: new Set([...type.extended, ...attributes.map(({ name }) => name)]) };
}

/**
 * @param {any} raw
 * @param {ReadonlyMap<string, any>} typedefs
 * @returns {Type}
 */
function makeType(raw, typedefs) {
  const extended = new Set(raw.extAttrs.map((/** @type {any} */ each) => each.name));
  if (raw.union) {
    return {
      name: 'union',
      nullable: raw.nullable,
      extended,
      arguments: [],
      union: raw.idlType.map((/** @type {any} */ each) => makeType(each, typedefs)),
    };
  }
  if (raw.generic) {
    return {
      name: raw.generic === 'Promise' ? 'promise' : raw.generic,
      nullable: raw.nullable,
      extended,
      arguments: raw.idlType.map((/** @type {any} */ each) => makeType(each, typedefs)),
      union: [],
    };
  }
  const typedef = typedefs.get(raw.idlType);
  if (typedef) {
    const target = makeType(typedef.idlType, typedefs);
    const own = typedef.extAttrs.map((/** @type {any} */ each) => each.name);
    return {
      ...target,
      // Unions have names of their own: whoever converts one asks for it by name.
      name: target.name === 'union' ? raw.idlType : target.name,
      nullable: raw.nullable || target.nullable,
      extended: new Set([...extended, ...target.extended, ...own]),
    };
  }
  return { name: raw.idlType, nullable: raw.nullable, extended, arguments: [], union: [] };
}
