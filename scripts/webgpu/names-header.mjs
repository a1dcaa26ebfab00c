/** Writes what has a number: the names JavaScript uses, the enums, the interfaces. */
import { cNameOf, enumConstant, strOf } from './names.mjs';
import { readerNames } from './readers.mjs';
import { banner, indent } from './text.mjs';

/** Names that hand-written code asks for. */
const MORE_NAMES = ['done', 'gpu', 'length', 'next', 'prototype', 'value'];

/** Every name that is read of an object or made a value of one. @param {import('./idl.mjs').Idl} idl */
function allNames(idl) {
  const names = new Set(MORE_NAMES);
  for (const dictionary of idl.dictionaries.values())
    for (const { name } of dictionary.members) names.add(name);
  for (const { values } of idl.enums) for (const value of values) names.add(value);
  return [...names].sort();
}

/** @param {import('./idl.mjs').Idl} idl */
export function writeNames(idl) {
  const names = allNames(idl);
  return `${banner('Internal to native/webgpu: numbers of names, enums and interfaces.')}#pragma once

#include <cstdint>

namespace dcp::webgpu {

// Strings that every isolate with WebGPU keeps.
enum class Str : uint16_t {
${indent(names.map((name) => `${strOf(name).slice('Str::'.length)},`))}
};

inline constexpr char const* kStrings[] = {
${indent(names.map((name) => `"${name}",`))}
};

enum class EnumId : uint8_t {
${indent(idl.enums.map(({ name }) => `k${name},`))}
};

inline constexpr char const* kEnumNames[] = {
${indent(idl.enums.map(({ name }) => `"${name}",`))}
};

// Interfaces that native code makes.
enum class Kind : uint8_t {
${indent(idl.interfaces.map(({ name }) => `k${name},`))}
};

inline constexpr char const* kKindNames[] = {
${indent(idl.interfaces.map(({ name }) => `"${name}",`))}
};

// Dictionaries that JavaScript reads: src/sandbox/environment/webgpu/readers.ts.
enum class Reader : uint8_t {
${indent([...readerNames, 'Count'].map((name) => `k${name},`))}
};

}  // namespace dcp::webgpu
`;
}

/**
 * @param {import('./idl.mjs').Idl} idl
 * @param {import('./abi.mjs').Abi} abi
 */
export function writeEnums(idl, abi) {
  const tables = idl.enums.filter(({ name }) => abi.enum(cNameOf(name)));
  return `${banner(`Internal to native/webgpu: what enums of WebIDL are in C, ABI '${abi.name}'.`)}#pragma once

#include <cstddef>

#include "webgpu/generated/names.h"
#include "webgpu/generated/${abi.name}/webgpu.h"

namespace dcp::webgpu {

// A value that WebIDL knows and this library does not: Dawn finds it invalid.
inline constexpr uint32_t kUnknownToDawn = 0x7fffffff;

struct EnumValue {
  EnumId id;
  Str name;
  uint32_t value;
};

inline constexpr EnumValue kEnumValues[] = {
${indent(
  tables.flatMap(({ name, values }) =>
    values.map(
      (value) =>
        `{EnumId::k${name}, ${strOf(value)}, ${enumConstant(abi, name, value) ?? 'kUnknownToDawn'}},`,
    ),
  ),
)}
};

// Features of WGSL by the names that shaders use.
struct WgslFeature {
  WGPUWGSLLanguageFeatureName value;
  char const* name;
};

inline constexpr WgslFeature kWgslFeatures[] = {
${indent((abi.enum('WGPUWGSLLanguageFeatureName')?.entries ?? []).map(({ name, snake }) => `{WGPUWGSLLanguageFeatureName_${name}, "${snake.replace('packed4x8', 'packed_4x8')}"},`))}
};

// An attribute of GPUSupportedLimits.
struct LimitSpec {
  char const* name;
  // In WGPULimits.
  size_t offset;
  bool is_64_bit;
};

inline constexpr LimitSpec kLimits[] = {
${indent(idl.limits.map((limit) => writeLimit(abi, limit)))}
};

}  // namespace dcp::webgpu
`;
}

/**
 * @param {import('./abi.mjs').Abi} abi
 * @param {import('./idl.mjs').Attribute} limit
 */
function writeLimit(abi, { name, type }) {
  const fields = /** @type {import('./abi.mjs').Struct} */ (abi.struct('WGPULimits')).fields;
  // What holds for one stage is what holds for every stage: only the compatibility mode parts them.
  const field = name.replace(/In(Vertex|Fragment)Stage$/, 'PerShaderStage');
  if (!fields.some((each) => each.name === field))
    throw new Error(`GPUSupportedLimits.${name}: not in WGPULimits`);
  return `{"${name}", offsetof(WGPULimits, ${field}), ${type.name === 'unsigned long long'}},`;
}
