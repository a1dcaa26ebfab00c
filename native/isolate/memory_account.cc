#include "isolate/memory_account.h"

#include <v8-profiler.h>
#include <v8-wasm.h>

#include <algorithm>
#include <unordered_map>

#include "isolate/wasm_binary.h"
#include "v8/memory.h"

namespace dcp {

namespace {

constexpr size_t kLeastToPrune = 64;

// Looks at all objects of a heap and wants none of them.
class MemoryCounter final : public v8::QueryObjectPredicate {
 public:
  bool Filter(v8::Local<v8::Object> object) override {
    if (object->IsArrayBuffer()) {
      const auto buffer = object.As<v8::ArrayBuffer>();
      Add(buffer->Data(), buffer->ByteLength());
    } else if (object->IsSharedArrayBuffer()) {
      const auto buffer = object.As<v8::SharedArrayBuffer>();
      Add(buffer->Data(), buffer->ByteLength());
    } else if (object->IsWasmModuleObject()) {
      // Isolates share what they compile of equal bytes; it counts for each of them.
      const auto wire = object.As<v8::WasmModuleObject>()->GetCompiledModule().GetWireBytesRef();
      Add(wire.data(), CompiledWasmBytes({wire.data(), wire.size()}));
    }
    return false;
  }

  size_t bytes() const { return bytes_; }

 private:
  // Several buffers may show the same memory, each as much of it as there was when it was made.
  void Add(const void* data, size_t size) {
    size_t& known = sizes_[data];
    if (size <= known) return;
    bytes_ += size - known;
    known = size;
  }

  std::unordered_map<const void*, size_t> sizes_;
  size_t bytes_ = 0;
};

}  // namespace

void MemoryAccount::Track(const std::shared_ptr<v8::BackingStore>& shared, bool grows) {
  std::lock_guard lock(mutex_);
  if (grows) {
    if (growing_.size() >= prune_growing_at_) {
      std::erase_if(growing_, [](const auto& store) { return store.expired(); });
      prune_growing_at_ = std::max(kLeastToPrune, growing_.size() * 2);
    }
    growing_.push_back(shared);
    any_grows_.store(true, std::memory_order_relaxed);
  } else if (const size_t bytes = shared->ByteLength(); bytes > 0) {
    if (fixed_.size() >= prune_fixed_at_ || fixed_bytes_ >= prune_fixed_bytes_) PruneFixed();
    fixed_.push_back({shared, bytes});
    fixed_bytes_ += bytes;
  }
}

void MemoryAccount::PruneFixed() {
  std::erase_if(fixed_, [this](const Fixed& fixed) {
    const bool gone = fixed.store.expired();
    if (gone) fixed_bytes_ -= fixed.bytes;
    return gone;
  });
  prune_fixed_at_ = std::max(kLeastToPrune, fixed_.size() * 2);
  prune_fixed_bytes_ = std::max(limit_ / 4, fixed_bytes_ * 2);
}

bool MemoryAccount::HasRoomFor(const MappedCount& more) {
  if (mappings_.HasRoomFor(more)) return true;
  Recount();
  return mappings_.HasRoomFor(more);
}

void MemoryAccount::Recount() {
  v8::HandleScope scope(isolate_);
  MemoryCounter counter;
  std::vector<v8::Global<v8::Object>> none;
  isolate_->GetHeapProfiler()->QueryObjects(isolate_->GetCurrentContext(), &counter, &none);
  {
    std::lock_guard lock(mutex_);
    PruneFixed();
  }
  mappings_.Prune();
  excess_.store(Counted() - static_cast<int64_t>(counter.bytes()), std::memory_order_relaxed);
}

size_t MemoryAccount::Used() const {
  return static_cast<size_t>(
      std::max<int64_t>(0, Counted() - excess_.load(std::memory_order_relaxed)));
}

int64_t MemoryAccount::Counted() const {
  return static_cast<int64_t>(ExternalBytes(isolate_) + held_.load(std::memory_order_relaxed) +
                              mappings_.bytes() + fixed_bytes_.load(std::memory_order_relaxed) +
                              GrowingBytes());
}

size_t MemoryAccount::GrowingBytes() const {
  if (!any_grows_.load(std::memory_order_relaxed)) return 0;
  // Whoever holds the last reference frees the memory: not under our lock, which may be asked for
  // meanwhile.
  std::vector<std::shared_ptr<v8::BackingStore>> alive;
  std::lock_guard lock(mutex_);
  size_t bytes = 0;
  for (const auto& store : growing_) {
    if (auto held = store.lock()) {
      bytes += held->ByteLength();
      alive.push_back(std::move(held));
    }
  }
  return bytes;
}

}  // namespace dcp
