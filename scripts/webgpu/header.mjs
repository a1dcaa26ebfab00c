/** Writes an ABI down as a C++ header: enums, structs, callbacks, and a table of the library's functions. */
import { banner, indent } from './text.mjs';

/** @param {import('./abi.mjs').Abi} abi @param {readonly import('./abi.mjs').Abi[]} abis all of them */
export function writeHeader(abi, abis) {
  return `${banner(`Internal to native/webgpu: the C interface of Dawn, ABI '${abi.name}' (third_party/dawn/abi).`)}#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#define DCP_WEBGPU_ABI_${abi.name.toUpperCase().replace(/-/g, '_')} 1

using WGPUFlags = uint64_t;
using WGPUBool = uint32_t;

inline constexpr uint32_t WGPU_UNDEFINED_U32 = UINT32_MAX;
inline constexpr uint64_t WGPU_UNDEFINED_U64 = UINT64_MAX;
inline constexpr uint64_t WGPU_WHOLE_SIZE = UINT64_MAX;
inline constexpr size_t WGPU_WHOLE_MAP_SIZE = SIZE_MAX;
inline constexpr size_t WGPU_STRLEN = SIZE_MAX;

// Nothing makes one.
using WGPUSurface = struct WGPUSurfaceImpl*;
${abi.objects.map((name) => `using WGPU${name} = struct WGPU${name}Impl*;`).join('\n')}

${abi.enums.map(writeEnum).join('\n\n')}

struct WGPUStringView {
  char const* data = nullptr;
  size_t length = WGPU_STRLEN;
};

struct WGPUChainedStruct {
  WGPUChainedStruct* next = nullptr;
  WGPUSType sType = {};
};

// Structs hold one another by value, so each comes after those it needs.
${abi.callbacks.map(({ name }) => `struct ${name}CallbackInfo;`).join('\n')}

${ordered(abi).join('\n\n')}

namespace dcp::webgpu {

// The functions of a Dawn library.
struct Procs {
${indent(abi.procs.map(writeProc))}
};

struct ProcName {
  char const* symbol;
  size_t offset;
};

inline constexpr ProcName kProcNames[] = {
${indent(abi.procs.map(({ name, symbol }) => `{"${symbol}", offsetof(Procs, ${name})},`))}
};

inline constexpr char kAbi[] = "${abi.name}";

// A function that is of one ABI alone: a library that has all of these has it.
struct Telltale {
  char const* abi;
  char const* symbol;
};

inline constexpr Telltale kTelltales[] = {
${indent(abis.flatMap((each) => telltales(each, abis).map((symbol) => `{"${each.name}", "${symbol}"},`)))}
};

}  // namespace dcp::webgpu
`;
}

/** @param {import('./abi.mjs').Abi} abi @param {readonly import('./abi.mjs').Abi[]} abis */
function telltales(abi, abis) {
  const others = abis
    .filter((each) => each !== abi)
    .flatMap(({ procs }) => procs.map(({ symbol }) => symbol));
  return abi.procs.map(({ symbol }) => symbol).filter((symbol) => !others.includes(symbol));
}

/**
 * The same in the words of third_party/dawn/same_abi.cc, which compares it with the webgpu.h of a library.
 * @param {import('./abi.mjs').Abi} abi
 */
export function writeComparison(abi) {
  const names = abi.enums.flatMap(({ name, entries }) => entries.map((entry) => `${name}_${entry.name}`));
  const structs = [
    ...abi.structs.map(({ name, kind, fields }) => ({
      name,
      members: [...firstMembers(kind).map((first) => first.name), ...fields.map((field) => field.name)],
    })),
    ...abi.callbacks.map(({ name }) => ({
      name: `${name}CallbackInfo`,
      members: ['nextInChain', ...(hasMode(name) ? ['mode'] : []), 'callback', 'userdata1', 'userdata2'],
    })),
  ];
  return `${banner(`What ABI '${abi.name}' is made of, for third_party/dawn/same_abi.cc to compare.`)}
${names.map((name) => `NUMBER(${name})`).join('\n')}
${structs.map(({ name, members }) => [`SIZE(${name})`, ...members.map((member) => `MEMBER(${name}, ${member})`)].join('\n')).join('\n')}
${abi.callbacks.map(({ name }) => `CALLBACK(${name}Callback)`).join('\n')}
${abi.procs.map(({ name, symbol }) => `FUNCTION(${symbol}, ${name})`).join('\n')}
`;
}

/** @param {import('./abi.mjs').Enum} each */
function writeEnum({ name, flags, entries }) {
  const constants = entries.map((entry) => `inline constexpr ${name} ${name}_${entry.name}{${entry.value}};`);
  if (flags) return [`using ${name} = WGPUFlags;`, ...constants].join('\n');
  return [
    `enum ${name} : uint32_t {`,
    ...entries.map((entry) => `  ${name}_${entry.name} = ${entry.value},`),
    '};',
  ].join('\n');
}

/** @param {import('./abi.mjs').Proc} proc */
function writeProc({ name, returns, fields }) {
  return `${returns} (*${name})(${fields.map((field) => `${field.type} ${field.name}`).join(', ')});`;
}

/** Structs and callbacks, each after what it holds by value. @param {import('./abi.mjs').Abi} abi */
function ordered(abi) {
  /** @type {Map<string, {text: string, needs: string[]}>} */
  const parts = new Map();
  for (const struct of abi.structs) {
    parts.set(struct.name, {
      text: writeStruct(struct),
      needs: struct.fields.map(({ type }) => type.replace(/ const\*|\*/g, '')),
    });
  }
  for (const callback of abi.callbacks) {
    parts.set(`${callback.name}CallbackInfo`, {
      text: writeCallback(callback),
      needs: callback.fields.map(({ type }) => type.replace(/ const\*|\*/g, '')),
    });
  }
  /** @type {string[]} */
  const texts = [];
  /** @type {Set<string>} */
  const done = new Set();
  /** @param {string} name */
  const visit = (name) => {
    const part = parts.get(name);
    if (!part || done.has(name)) return;
    done.add(name);
    part.needs.forEach(visit);
    texts.push(part.text);
  };
  for (const name of parts.keys()) visit(name);
  return texts;
}

/** @param {import('./abi.mjs').Struct} struct */
function writeStruct({ name, kind, fields }) {
  const first = firstMembers(kind).map((member) => `${member.type} ${member.name} = ${member.initial};`);
  return [
    `struct ${name} {`,
    indent([...first, ...fields.map((field) => `${field.type} ${field.name} = ${initial(field)};`)]),
    '};',
  ].join('\n');
}

/** What links a struct to others, before its own fields. @param {string} kind */
function firstMembers(kind) {
  if (kind === 'standalone') return [];
  return kind === 'extension'
    ? [{ type: 'WGPUChainedStruct', name: 'chain', initial: '{}' }]
    : [{ type: 'WGPUChainedStruct*', name: 'nextInChain', initial: 'nullptr' }];
}

/** What webgpu.h calls the initial value: mostly "not given". @param {import('./abi.mjs').StructField} field */
function initial({ type, raw }) {
  const value = raw.default;
  if (typeof value === 'string' && value.startsWith('constant.')) {
    if (type === 'float') return 'NAN';
    return type === 'uint64_t' ? 'WGPU_UNDEFINED_U64' : 'WGPU_UNDEFINED_U32';
  }
  if (typeof value === 'number') return type === 'float' ? `${value}.0f` : String(value);
  if (raw.type.startsWith('bitflag.') && value === 'all') return `${type}_All`;
  return '{}';
}

/** @param {import('./abi.mjs').Callback} callback */
function writeCallback({ name, fields }) {
  const parameters = fields.map((field) => `${field.type} ${field.name}`).join(', ');
  const mode = hasMode(name) ? ['  WGPUCallbackMode mode = WGPUCallbackMode_AllowProcessEvents;'] : [];
  return [
    `using ${name}Callback = void (*)(${parameters}, void* userdata1, void* userdata2);`,
    `struct ${name}CallbackInfo {`,
    '  WGPUChainedStruct* nextInChain = nullptr;',
    ...mode,
    `  ${name}Callback callback = nullptr;`,
    '  void* userdata1 = nullptr;',
    '  void* userdata2 = nullptr;',
    '};',
  ].join('\n');
}

/** An uncaptured error is told of whenever Dawn works. @param {string} callback */
function hasMode(callback) {
  return callback !== 'WGPUUncapturedError';
}
