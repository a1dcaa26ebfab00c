// Internal to native/webgpu: the strings of names.h in one isolate, and enums by them.
#pragma once

#include <v8.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "webgpu/generated/names.h"
#include "webgpu/webgpu_enums.h"

namespace dcp::webgpu {

inline constexpr size_t kStringCount = sizeof kStrings / sizeof *kStrings;
inline constexpr size_t kEnumCount = sizeof kEnumNames / sizeof *kEnumNames;
inline constexpr size_t kKindCount = sizeof kKindNames / sizeof *kKindNames;

// Internalized strings, kept as long as the isolate lives.
class Strings {
 public:
  explicit Strings(v8::Isolate* isolate);

  v8::Local<v8::String> Get(Str name) const {
    return strings_[static_cast<size_t>(name)].Get(isolate_);
  }

  // The number that a value of an enum has in C; false when it is none of its values.
  bool EnumValue(EnumId id, v8::Local<v8::String> value, uint32_t* number) const;
  // The reverse; false when WebIDL has no name for it.
  bool EnumName(EnumId id, uint32_t number, Str* name) const;

 private:
  // Values of one enum by the hashes of their strings, which V8 keeps in the strings.
  struct Slot {
    int hash;
    Str name;
    uint32_t value;
    bool taken;
  };
  struct Table {
    std::vector<Slot> slots;
    uint32_t mask = 0;
  };

  v8::Isolate* const isolate_;
  std::array<v8::Eternal<v8::String>, kStringCount> strings_;
  std::array<Table, kEnumCount> tables_;
};

}  // namespace dcp::webgpu
