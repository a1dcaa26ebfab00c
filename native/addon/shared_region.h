// Internal to native/addon: the JavaScript class SharedRegion (src/evaluator/native.ts is its typed
// mirror).
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>

#include "system/range_allocator.h"
#include "system/shared_memory.h"

namespace dcp {

// A memory file that this process makes for a child. Either ranges of it are handed out here and
// filled, or the child does that and they are read here. The child may change every byte at any
// moment: nothing here believes what lies in it. Addresses are offsets.
class SharedRegion final : public Napi::ObjectWrap<SharedRegion> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit SharedRegion(const Napi::CallbackInfo& info);

 private:
  Napi::Value Descriptor(const Napi::CallbackInfo& info);
  Napi::Value Place(const Napi::CallbackInfo& info);
  Napi::Value Free(const Napi::CallbackInfo& info);
  Napi::Value IsInUse(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value DiscardAged(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  void Discard(const RangeAllocator::Range& range);
  // Whether to copy through this process's view. That takes a third of the time once the view has
  // met the pages, which takes more than one copy: so not at the first time that a range is used.
  bool UsesView(uint64_t offset, uint64_t size);

  // Null once it is closed.
  std::unique_ptr<SharedMemory> memory_;
  RangeAllocator ranges_;
  const bool writable_;
  // Ranges that were used, by their offset, and how much of them the view has met.
  std::unordered_map<uint64_t, uint64_t> met_;
};

}  // namespace dcp
