#include "webgpu/strings.h"

#include <bit>

#include "v8/strings.h"

namespace dcp::webgpu {

Strings::Strings(v8::Isolate* isolate) : isolate_(isolate) {
  for (size_t index = 0; index < kStringCount; index++) {
    strings_[index].Set(isolate, Name(isolate, kStrings[index]));
  }
  std::array<uint32_t, kEnumCount> counts{};
  for (const auto& each : kEnumValues) counts[static_cast<size_t>(each.id)]++;
  for (size_t id = 0; id < kEnumCount; id++) {
    // At most half full.
    const uint32_t size = std::bit_ceil(counts[id] * 2 + 1);
    tables_[id].slots.resize(size);
    tables_[id].mask = size - 1;
  }
  for (const auto& each : kEnumValues) {
    Table& table = tables_[static_cast<size_t>(each.id)];
    const int hash = Get(each.name)->GetIdentityHash();
    uint32_t at = static_cast<uint32_t>(hash) & table.mask;
    while (table.slots[at].taken) at = (at + 1) & table.mask;
    table.slots[at] = {hash, each.name, each.value, true};
  }
}

bool Strings::EnumValue(EnumId id, v8::Local<v8::String> value, uint32_t* number) const {
  const Table& table = tables_[static_cast<size_t>(id)];
  if (table.slots.empty()) return false;
  const int hash = value->GetIdentityHash();
  for (uint32_t at = static_cast<uint32_t>(hash) & table.mask; table.slots[at].taken;
       at = (at + 1) & table.mask) {
    const Slot& slot = table.slots[at];
    if (slot.hash == hash) {
      v8::Local<v8::String> name = Get(slot.name);
      if (name == value || name->StringEquals(value)) {
        *number = slot.value;
        return true;
      }
    }
  }
  return false;
}

bool Strings::EnumName(EnumId id, uint32_t number, Str* name) const {
  for (const auto& each : kEnumValues) {
    if (each.id == id && each.value == number) {
      *name = each.name;
      return true;
    }
  }
  return false;
}

}  // namespace dcp::webgpu
