// Internal to native/webgpu: tables of the interfaces, generated, and what makes them JavaScript.
#pragma once

#include <v8.h>

#include <cstddef>
#include <cstdint>

#include "webgpu/generated/names.h"
#include "webgpu/webgpu_abi.h"

namespace dcp::webgpu {

class Runtime;

using Info = v8::FunctionCallbackInfo<v8::Value>;

struct MemberSpec {
  enum Type : uint8_t { kMethod, kAttribute } type;
  char const* name;
  // Of a method: the function.
  v8::FunctionCallback getter;
  // Null for what is readonly.
  v8::FunctionCallback setter;
  // Arguments that a method requires.
  int length;
  // What goes wrong rejects a promise, a wrong receiver included: the function looks at it itself.
  bool promise;
};

struct InterfaceSpec {
  Kind kind;
  const MemberSpec* members;
  size_t count;
};

struct ConstantSpec {
  char const* holder;
  char const* name;
  uint32_t value;
};

extern const InterfaceSpec kInterfaces[];
extern const size_t kInterfaceCount;
extern const ConstantSpec kConstants[];
extern const size_t kConstantCount;

// What every object of C has by another name for each type.
void ReleaseHandle(const Procs& procs, Kind kind, void* handle);
void SetHandleLabel(const Procs& procs, Kind kind, void* handle, WGPUStringView label);

}  // namespace dcp::webgpu
