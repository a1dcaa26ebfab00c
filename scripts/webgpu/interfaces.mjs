/**
 * Writes the functions behind methods and attributes that are one call of C, and the table of all members, those that
 * hand-written code has (native/webgpu/glue.h) among them.
 */
import { camel } from './abi.mjs';
import { conversion, cTypeOf, elementConversion } from './conversions.mjs';
import { hasReader } from './readers.mjs';
import { banner, indent } from './text.mjs';

/** Members that are more than one call of C. */
const BY_HAND = new Set([
  ...['requestAdapter', 'getPreferredCanvasFormat', 'wgslLanguageFeatures'].map((name) => `GPU.${name}`),
  ...['features', 'limits', 'info', 'requestDevice'].map((name) => `GPUAdapter.${name}`),
  ...[
    'features',
    'limits',
    'adapterInfo',
    'queue',
    'destroy',
    'createBuffer',
    'createTexture',
    'createComputePipeline',
  ].map((name) => `GPUDevice.${name}`),
  ...['createRenderPipeline', 'createComputePipelineAsync', 'createRenderPipelineAsync', 'lost'].map(
    (name) => `GPUDevice.${name}`,
  ),
  ...['pushErrorScope', 'popErrorScope', 'importExternalTexture'].map((name) => `GPUDevice.${name}`),
  ...['size', 'usage', 'mapState', 'mapAsync', 'getMappedRange', 'unmap', 'destroy'].map(
    (name) => `GPUBuffer.${name}`,
  ),
  ...['destroy', 'textureBindingViewDimension'].map((name) => `GPUTexture.${name}`),
  'GPUDevice.createQuerySet',
  'GPUQuerySet.destroy',
  'GPUShaderModule.getCompilationInfo',
  'GPUCommandEncoder.copyBufferToBuffer',
  ...['submit', 'onSubmittedWorkDone', 'writeBuffer', 'writeTexture', 'copyExternalImageToTexture'].map(
    (name) => `GPUQueue.${name}`,
  ),
]);

/** The same for every interface that has them: hand-written once. */
const SHARED_BY_HAND = new Set(['label', 'setBindGroup', 'setImmediates']);

/** C's name where it is not WebIDL's. @type {Readonly<Record<string, string>>} */
const DEFAULTS = { size: 'WGPU_WHOLE_SIZE' };

/** @typedef {{kind: 'method' | 'attribute', name: string, getter: string, setter: string, length: number, promise: boolean}} Entry */

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./abi.mjs').Abi} abi
 */
export function writeInterfaces(idl, abi) {
  /** @type {string[]} */
  const functions = [];
  const tables = idl.interfaces
    .filter(({ name }) => name !== 'GPUSupportedLimits')
    .map((each) => {
      const entries = each.members.map((member) => {
        const { entry, text } = writeMember(idl, abi, each, member);
        if (text !== null) functions.push(text);
        return entry;
      });
      return { name: each.name, entries };
    });
  return `${banner('Methods and attributes that are one call of C, and the tables of interfaces.')}#include "webgpu/interfaces.h"

#include "webgpu/generated/dictionaries.h"
#include "webgpu/glue.h"
#include "webgpu/object.h"
#include "webgpu/runtime.h"
#include "webgpu/unions.h"

namespace dcp::webgpu {

namespace {

${functions.join('\n\n')}

${tables.map(writeTable).join('\n\n')}

}  // namespace

void ReleaseHandle(const Procs& procs, Kind kind, void* handle) {
  switch (kind) {
${indent(handleCases(idl, abi, 'Release', 'handle'), 2)}
    default:
      break;
  }
}

void SetHandleLabel(const Procs& procs, Kind kind, void* handle, WGPUStringView label) {
  switch (kind) {
${indent(handleCases(idl, abi, 'SetLabel', 'handle', 'label'), 2)}
    default:
      break;
  }
}

const InterfaceSpec kInterfaces[] = {
${indent(tables.map(({ name, entries }) => `{Kind::k${name}, ${entries.length > 0 ? `k${name}Members` : 'nullptr'}, ${entries.length}},`))}
};
const size_t kInterfaceCount = sizeof kInterfaces / sizeof *kInterfaces;

const ConstantSpec kConstants[] = {
${indent(idl.namespaces.flatMap(({ name, constants }) => constants.map((each) => `{"${name}", "${each.name}", ${each.value}},`)))}
};
const size_t kConstantCount = sizeof kConstants / sizeof *kConstants;

}  // namespace dcp::webgpu
`;
}

/**
 * A case for each interface whose objects in C have that method.
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./abi.mjs').Abi} abi
 * @param {string} method
 * @param {string} handle
 * @param {string[]} more arguments
 */
function handleCases(idl, abi, method, handle, ...more) {
  return idl.interfaces
    .map(({ name }) => ({ name, proc: procName(name, method) }))
    .filter(({ proc }) => abi.proc(proc))
    .map(({ name, proc }) => {
      const args = [`static_cast<${handleType(name)}>(${handle})`, ...more].join(', ');
      return `case Kind::k${name}: return procs.${proc}(${args});`;
    });
}

/** @param {{name: string, entries: Entry[]}} table */
function writeTable({ name, entries }) {
  if (entries.length === 0) return '';
  const lines = entries.map(
    (each) =>
      `{MemberSpec::${each.kind === 'method' ? 'kMethod' : 'kAttribute'}, "${each.name}", ${each.getter}, ${each.setter}, ${each.length}, ${each.promise}},`,
  );
  return `constexpr MemberSpec k${name}Members[] = {\n${indent(lines)}\n};`;
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./abi.mjs').Abi} abi
 * @param {import('./idl.mjs').Interface} owner
 * @param {import('./idl.mjs').Attribute | import('./idl.mjs').Operation} member
 * @returns {{entry: Entry, text: string | null}}
 */
function writeMember(idl, abi, owner, member) {
  const shared = SHARED_BY_HAND.has(member.name);
  const byHand = shared || BY_HAND.has(`${owner.name}.${member.name}`);
  const getter = shared ? `Glue_${member.name}` : `${owner.name}_${member.name}`;
  if (member.kind === 'attribute') {
    /** @type {Entry} */
    const entry = {
      kind: 'attribute',
      name: member.name,
      getter,
      setter: member.readonly ? 'nullptr' : `${getter}_set`,
      length: 0,
      promise: member.type.name === 'promise',
    };
    return { entry, text: byHand ? null : writeAttribute(idl, owner, member) };
  }
  const required = member.overloads.map((overload) => overload.filter(({ optional }) => !optional).length);
  /** @type {Entry} */
  const entry = {
    kind: 'method',
    name: member.name,
    getter,
    setter: 'nullptr',
    length: Math.min(...required),
    promise: member.returns.name === 'promise',
  };
  return { entry, text: byHand ? null : writeOperation(idl, abi, owner, member, entry.length) };
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./idl.mjs').Interface} owner
 * @param {import('./idl.mjs').Attribute} attribute
 */
function writeAttribute(idl, owner, { name, type }) {
  const proc = procName(owner.name, `get${name.charAt(0).toUpperCase()}${name.slice(1)}`);
  const call = `self->runtime->procs().${proc}(self->handle<${handleType(owner.name)}>())`;
  const value = idl.isEnum(type.name)
    ? `self->runtime->EnumString(EnumId::k${type.name}, ${call})`
    : `static_cast<uint32_t>(${call})`;
  return `void ${owner.name}_${name}(const Info& info) {
  const Object* const self = Object::Of(info.This());
  info.GetReturnValue().Set(${value});
}`;
}

/** Interfaces whose methods record commands, which take memory, and the methods that record none. */
const RECORDERS = new Set([
  'GPUCommandEncoder',
  'GPUComputePassEncoder',
  'GPURenderPassEncoder',
  'GPURenderBundleEncoder',
]);
const ENDS = new Set(['finish', 'end']);
/** Those with which Dawn notes what is used, in bytes: what is bound, or what the arguments name. @type {Readonly<Record<string, string>>} */
const USES = {
  dispatchWorkgroups: ' + self->bound()',
  dispatchWorkgroupsIndirect: ' + self->bound()',
  beginRenderPass: ' + c.named().usage()',
  executeBundles: ' + c.named().usage()',
};

/** @param {string} owner */
const handleType = (owner) => owner.replace(/^GPU/, 'WGPU');

/** @param {string} owner @param {string} method */
function procName(owner, method) {
  return camel(`${owner.replace(/^GPU/, '')}${method.charAt(0).toUpperCase()}${method.slice(1)}`);
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./abi.mjs').Abi} abi
 * @param {import('./idl.mjs').Interface} owner
 * @param {import('./idl.mjs').Operation} operation
 * @param {number} length
 */
function writeOperation(idl, abi, owner, { name, overloads, returns }, length) {
  const proc = procName(owner.name, name);
  if (!abi.proc(proc)) throw new Error(`${owner.name}.${name}: webgpu.h has no ${proc}`);
  const args = /** @type {import('./idl.mjs').Argument[]} */ (overloads[0]);
  // Converting other arguments could end what a reader's dictionary names.
  const read = args.length === 1 && hasReader(args[0]?.type.name ?? '');
  /** @type {string[]} */
  const lines = [];
  /** @type {string[]} */
  const passed = [`self->handle<${handleType(owner.name)}>()`];
  args.forEach((argument, index) => {
    const { declare, convert, pass } = writeArgument(idl, argument, index);
    lines.push(...declare, ...(read ? [] : [`if (${convert}) return;`]));
    passed.push(...pass);
  });
  const call = `self->runtime->procs().${proc}(${passed.join(', ')})`;
  const records = RECORDERS.has(owner.name) && !ENDS.has(name);
  const label = args.some(({ type }) => idl.dictionaries.has(type.name) && hasLabel(idl, type.name));
  const result =
    returns.name === 'undefined'
      ? [`${call};`]
      : [
          `self->runtime->Return(info, Kind::k${returns.name}, ${call}, self${label ? `, c.content(a${labelIndex(idl, args)}.label)` : ''});`,
        ];
  const tooFew =
    length > 0 ? [`if (info.Length() < ${length}) return ThrowTooFew(info, kCall, ${length});`] : [];
  const usesConversion = lines.length > 0;
  const failed = read ? 'return false;' : 'return;';
  const rest = [
    ...(args.some(({ type }) => mayNeedFeature(idl, type))
      ? [`if (!c.HasFeatures(info.This(), kCall)) ${failed}`]
      : []),
    ...(records
      ? [`self->Record(${usesConversion ? `c.arena.used()${USES[name] ?? ''}, c.named()` : ''});`]
      : []),
    ...result,
  ];
  return `void ${owner.name}_${name}(const Info& info) {
  ${records ? 'Recorder* const self = Recorder' : 'Object* const self = Object'}::Of(info.This());
${indent([
  ...(usesConversion ? [`static constexpr Where kCall{nullptr, "${owner.name}.${name}"};`] : []),
  ...tooFew,
  ...(usesConversion ? ['Conversion c(*self->runtime, info.GetIsolate());'] : []),
  ...lines,
  ...(read ? writeRead(/** @type {import('./idl.mjs').Argument} */ (args[0]).type.name, rest) : rest),
])}
}`;
}

/**
 * The call of C where a reader reads the only argument.
 * @param {string} dictionary
 * @param {readonly string[]} rest what follows the conversion
 */
function writeRead(dictionary, rest) {
  return [
    `c.Read(Reader::k${dictionary}, info[0], [&] {`,
    `if (!Convert${dictionary}(c, info[0], a0_where, &a0)) return false;`,
    ...rest,
    'return true;',
    '});',
  ];
}

/**
 * Whether a value of the type has one in it that the device needs a feature for (native/webgpu/features.h).
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./idl.mjs').Type} type
 * @returns {boolean}
 */
function mayNeedFeature(idl, type) {
  if (type.name === 'GPUTextureFormat' || type.name === 'GPUQueryType') return true;
  const dictionary = idl.dictionaries.get(type.name);
  const inside = dictionary ? idl.allMembers(dictionary).map((member) => member.type) : [];
  return [...inside, ...type.arguments, ...type.union].some((each) => mayNeedFeature(idl, each));
}

/** @param {import('./idl.mjs').Idl} idl @param {string} dictionary */
function hasLabel(idl, dictionary) {
  return idl
    .allMembers(/** @type {import('./idl.mjs').Dictionary} */ (idl.dictionaries.get(dictionary)))
    .some(({ name }) => name === 'label');
}

/** @param {import('./idl.mjs').Idl} idl @param {readonly import('./idl.mjs').Argument[]} args */
function labelIndex(idl, args) {
  return args.findIndex(({ type }) => idl.dictionaries.has(type.name) && hasLabel(idl, type.name));
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./idl.mjs').Argument} argument
 * @param {number} index
 * @returns {{declare: string[], convert: string, pass: string[]}} convert: an expression that is true when that fails
 */
function writeArgument(idl, { name, type, optional, default: value }, index) {
  const variable = `a${index}`;
  const where = `{&kCall, "${name}"}`;
  if (type.name === 'sequence') {
    const element = /** @type {import('./idl.mjs').Type} */ (type.arguments[0]);
    return {
      declare: [
        `size_t ${variable}_count = 0;`,
        `${cTypeOf(idl, element)} const* ${variable} = nullptr;`,
        `const Where ${variable}_where${where};`,
      ],
      convert: `!c.ToSequence(info[${index}], ${variable}_where, &${variable}_count, &${variable}, ${elementConversion(idl, element)})`,
      pass: [`${variable}_count`, variable],
    };
  }
  const cType = cTypeOf(idl, type);
  const isStruct = idl.dictionaries.has(type.name) || /^GPU(Color|Extent3D|Origin3D)$/.test(type.name);
  const isDictionary = idl.dictionaries.has(type.name);
  const given = conversion(
    idl,
    type,
    `info[${index}]`,
    isStruct ? `${variable}_where` : `{&kCall, "${name}"}`,
    `&${variable}`,
  );
  const initial =
    value?.type === 'number' ? `${value.value}` : optional && !isDictionary ? (DEFAULTS[name] ?? '{}') : '{}';
  return {
    declare: [
      `${cType} ${variable}${initial === '{}' ? '{}' : ` = ${initial}`};`,
      ...(isStruct ? [`const Where ${variable}_where${where};`] : []),
    ],
    convert: optional && !isDictionary ? `!info[${index}]->IsUndefined() && !${given}` : `!${given}`,
    pass: [isStruct ? `&${variable}` : variable],
  };
}
