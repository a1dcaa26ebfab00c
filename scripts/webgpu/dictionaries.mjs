/** Writes a function for each dictionary that fills its struct, reading members in the order that WebIDL has. */
import { conversion, elementConversion } from './conversions.mjs';
import { enumConstant, strOf, structOf } from './names.mjs';
import { banner } from './text.mjs';

/** Dictionaries that are part of others alone, or that hand-written code reads member by member. */
const NOT_WHOLE = new Set([
  'GPUObjectDescriptorBase',
  'GPUPipelineDescriptorBase',
  'GPURenderPassLayout',
  'GPURequestAdapterOptions',
  'GPUDeviceDescriptor',
  'GPUShaderModuleCompilationHint',
  'GPUExternalTextureBindingLayout',
  'GPUBufferBinding',
]);

/** Members that hand-written code converts (native/webgpu/members.cc): C has them in another form. */
const BY_HAND = new Set([
  'GPUBindGroupLayoutEntry.externalTexture',
  'GPURenderPassDescriptor.maxDrawCount',
  'GPUShaderModuleDescriptor.code',
  'GPUShaderModuleDescriptor.compilationHints',
  'GPUTextureDescriptor.textureBindingViewDimension',
  'GPUTextureViewDescriptor.swizzle',
]);

/** @param {import('./idl.mjs').Idl} idl */
function wholeDictionaries(idl) {
  return [...idl.dictionaries.values()].filter(({ name }) => !NOT_WHOLE.has(name));
}

/** @param {import('./idl.mjs').Idl} idl */
export function writeDictionariesHeader(idl) {
  const declarations = wholeDictionaries(idl).map(
    ({ name }) =>
      `bool Convert${name}(Conversion& c, v8::Local<v8::Value> value, const Where& where, ${structOf(name)}* to);`,
  );
  return `${banner('Internal to native/webgpu: dictionaries of WebIDL to structs of C.')}#pragma once

#include "webgpu/convert.h"

namespace dcp::webgpu {

// Each fills a struct that has its initial value. False with an exception pending.
${declarations.join('\n')}

}  // namespace dcp::webgpu
`;
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./abi.mjs').Abi} abi the functions compile with any; this one knows every member
 */
export function writeDictionaries(idl, abi) {
  return `${banner('')}#include "webgpu/generated/dictionaries.h"

#include "webgpu/members.h"
#include "webgpu/unions.h"

namespace dcp::webgpu {

${wholeDictionaries(idl)
  .map((dictionary) => writeDictionary(idl, abi, dictionary))
  .join('\n\n')}

}  // namespace dcp::webgpu
`.replace('// \n', '');
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./abi.mjs').Abi} abi
 * @param {import('./idl.mjs').Dictionary} dictionary
 */
function writeDictionary(idl, abi, dictionary) {
  const struct = structOf(dictionary.name);
  const members = levels(dictionary).flatMap((level) =>
    level.members.map((member) => writeMember(idl, abi, dictionary, level, member, struct)),
  );
  return `bool Convert${dictionary.name}(Conversion& c, v8::Local<v8::Value> value, const Where& where, ${struct}* to) {
  v8::Local<v8::Object> object;
  if (!c.ToDictionary(value, where, &object)) return false;
  v8::Local<v8::Value> member;
${members.join('\n')}
  return true;
}`;
}

/** From the base inwards. @param {import('./idl.mjs').Dictionary} dictionary @returns {import('./idl.mjs').Dictionary[]} */
function levels(dictionary) {
  return [...(dictionary.base ? levels(dictionary.base) : []), dictionary];
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./abi.mjs').Abi} abi
 * @param {import('./idl.mjs').Dictionary} dictionary
 * @param {import('./idl.mjs').Dictionary} level
 * @param {import('./idl.mjs').Member} member
 * @param {string} struct
 */
function writeMember(idl, abi, dictionary, level, member, struct) {
  const get = `  if (!c.Get(object, ${strOf(member.name)}, &member)) return false;`;
  const at = `{&where, "${member.name}"}`;
  const qualified = `${level.name}.${member.name}`;
  if (BY_HAND.has(qualified)) {
    return `${get}\n  if (!Convert${level.name}_${member.name}(c, member, ${at}, to)) return false;`;
  }
  const { convert, otherwise } = memberParts(idl, abi, level, member, struct);
  const missing = member.required ? `return c.Missing(where, "${member.name}");` : otherwise;
  const whereAt = convert.some((line) => /\bat\b/.test(line)) ? `const Where at${at};\n    ` : '';
  const whenGiven = `{\n    ${whereAt}${convert.join('\n    ')}\n  }`;
  return missing === ''
    ? `${get}\n  if (!member->IsUndefined()) ${whenGiven}`
    : `${get}\n  if (member->IsUndefined()) {\n    ${missing}\n  } else ${whenGiven}`;
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./abi.mjs').Abi} abi
 * @param {import('./idl.mjs').Dictionary} level
 * @param {import('./idl.mjs').Member} member
 * @param {string} struct
 * @returns {{convert: string[], otherwise: string}}
 */
function memberParts(idl, abi, level, member, struct) {
  const { type } = member;
  const fields = abi.struct(struct)?.fields ?? [];
  // C has the layout of a buffer in a struct of its own where WebIDL inherits it.
  const inLayout = struct === 'WGPUTexelCopyBufferInfo' && level.name === 'GPUTexelCopyBufferLayout';
  const field = inLayout
    ? abi.struct('WGPUTexelCopyBufferLayout')?.fields.find(({ name }) => name === member.name)
    : fields.find(({ name }) => name === member.name);
  const target = inLayout ? `to->layout.${member.name}` : `to->${member.name}`;
  if (type.name === 'GPUBindingResource') {
    return { convert: ['if (!ConvertBindingResource(c, member, at, to)) return false;'], otherwise: '' };
  }
  if (!field) throw new Error(`${level.name}.${member.name}: ${struct} has no such member`);

  if (type.name === 'sequence') {
    const element = /** @type {import('./idl.mjs').Type} */ (type.arguments[0]);
    const convert = [
      `if (!c.ToSequence(member, at, &to->${field.count}, &${target}, ${elementConversion(idl, element)}))`,
      '  return false;',
    ];
    return { convert, otherwise: '' };
  }
  if (type.name === 'record') {
    const convert = [
      `if (!c.ToRecord(member, at, &to->${field.count}, &${target}, [&](v8::Local<v8::String> key, v8::Local<v8::Value> constant, WGPUConstantEntry* place) {`,
      '      return c.ToString(key, &place->key) && c.ToNumber(constant, {&at, place->key.data}, &place->value);',
      '    }))',
      '  return false;',
    ];
    return { convert, otherwise: '' };
  }
  if (field.raw.type === 'enum.optional_bool') {
    const convert = [
      `${target} = member->BooleanValue(c.isolate) ? WGPUOptionalBool_True : WGPUOptionalBool_False;`,
    ];
    return { convert, otherwise: `${target} = WGPUOptionalBool_Undefined;` };
  }
  if (idl.dictionaries.has(type.name) && field.raw.pointer !== undefined) {
    const convert = [
      `auto* const part = c.arena.New<${structOf(type.name)}>();`,
      `if (part == nullptr) return c.FailOutOfMemory();`,
      `if (!Convert${type.name}(c, member, at, part)) return false;`,
      `${target} = part;`,
    ];
    return { convert, otherwise: '' };
  }
  const converted =
    member.name === 'label'
      ? `c.ToLabel(member, &${target})`
      : conversion(idl, type, 'member', 'at', `&${target}`);
  // Where C has a number that says: none given.
  const none = typeof field.raw.default === 'string' && /^constant\.\w+_undefined$/.test(field.raw.default);
  const convert = [
    `if (!${none ? converted.replace('ToInteger32', 'ToGivenInteger32') : converted}) return false;`,
  ];
  return { convert, otherwise: writeDefault(idl, abi, member, target, field) };
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./abi.mjs').Abi} abi
 * @param {import('./idl.mjs').Member} member
 * @param {string} target
 * @param {import('./abi.mjs').StructField} field
 */
function writeDefault(idl, abi, { type, default: value }, target, field) {
  if (!value) return '';
  if (value.type === 'dictionary') {
    // Its members have defaults of their own.
    if (type.name === 'GPUOrigin3D') return '';
    return `if (!Convert${type.name}(c, member, {&where, "${field.name}"}, &${target})) return false;`;
  }
  if (value.type === 'string' && idl.isEnum(type.name))
    return `${target} = ${enumConstant(abi, type.name, value.value)};`;
  if (value.type === 'string') return '';
  if (value.type === 'boolean') return `${target} = ${value.value ? 1 : 0};`;
  if (value.type === 'number') return `${target} = ${value.value};`;
  throw new Error(`webgpu.idl: no default of type ${value.type}`);
}
