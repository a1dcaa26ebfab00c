#include "sandbox/wasm_memories.h"

#include <algorithm>

#include "isolate/wasm_binary.h"

namespace dcp {

namespace {

constexpr uint8_t kMemorySection = 5;
constexpr uint8_t kHasMaximum = 1;
constexpr uint8_t kShared = 2;
constexpr uint8_t kMemory64 = 4;
constexpr uint8_t kKnownFlags = kHasMaximum | kShared | kMemory64;

void AppendNumber(std::vector<uint8_t>* to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) to->push_back(static_cast<uint8_t>(value | 0x80));
  to->push_back(static_cast<uint8_t>(value));
}

CappedModule Refused(std::string why) { return {CappedModule::kRefused, {}, std::move(why)}; }

// The section's content with lower maxima; `kAsIs` when V8 will not take the section anyway.
CappedModule CapSection(WasmReader section, uint64_t max_pages) {
  CappedModule capped{CappedModule::kCapped};
  const uint64_t count = section.Number(32);
  AppendNumber(&capped.bytes, count);
  for (uint64_t memory = 0; memory < count && section.ok(); memory++) {
    const uint8_t flags = section.Byte();
    if (!section.ok()) break;
    if ((flags & ~kKnownFlags) != 0) {
      return Refused("a memory with limits of unknown form " + std::to_string(flags));
    }
    if ((flags & kShared) != 0) {
      return Refused("a module cannot define a shared memory here; it can import one");
    }
    const unsigned bits = (flags & kMemory64) != 0 ? 64 : 32;
    const uint64_t initial = section.Number(bits);
    const uint64_t maximum = (flags & kHasMaximum) != 0 ? section.Number(bits) : UINT64_MAX;
    if (section.ok() && initial > max_pages) {
      return Refused("a memory of " + std::to_string(initial) + " pages is more than the " +
                     std::to_string(max_pages) + " the Sandbox may have");
    }
    capped.bytes.push_back(flags | kHasMaximum);
    AppendNumber(&capped.bytes, initial);
    AppendNumber(&capped.bytes, std::min(maximum, max_pages));
  }
  if (!section.ok() || !section.AtEnd()) return {};
  return capped;
}

}  // namespace

CappedModule CapMemories(std::span<const uint8_t> module, uint64_t max_pages) {
  if (!IsWasm(module)) return {};
  const uint8_t* end = module.data() + module.size();
  CappedModule result;
  const uint8_t* copied_to = module.data();
  WasmReader reader = WasmSections(module);
  while (!reader.AtEnd()) {
    const uint8_t id = reader.Byte();
    const uint8_t* after_id = reader.at();
    WasmReader section = reader.Take(reader.Number(32));
    if (!reader.ok()) return {};
    if (id != kMemorySection) continue;
    CappedModule capped = CapSection(section, max_pages);
    if (capped.verdict != CappedModule::kCapped) return capped;
    result.verdict = CappedModule::kCapped;
    result.bytes.insert(result.bytes.end(), copied_to, after_id);
    AppendNumber(&result.bytes, capped.bytes.size());
    result.bytes.insert(result.bytes.end(), capped.bytes.begin(), capped.bytes.end());
    copied_to = reader.at();
  }
  if (result.verdict == CappedModule::kCapped) {
    result.bytes.insert(result.bytes.end(), copied_to, end);
  }
  return result;
}

}  // namespace dcp
