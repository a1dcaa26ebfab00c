// Public to native/: all memory of an isolate outside of its heap.
#pragma once

#include <v8-array-buffer.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "isolate/mappings.h"

namespace dcp {

// ArrayBuffers, adopted segments, WebAssembly memories and, by estimate, compiled WebAssembly.
// BufferAllocator refuses ordinary buffers beyond the limit; what V8 takes from the operating
// system (WebAssembly, resizable and growable buffers) passes it by and is seen here. The account
// only tells: whoever asks acts. Lives as long as the isolate.
class MemoryAccount {
 public:
  MemoryAccount(v8::Isolate* isolate, size_t limit_bytes)
      : isolate_(isolate), limit_(limit_bytes), mappings_(isolate) {}

  // Shared memory is in nobody's account as V8 sees it; from now on it is in this one, until it is
  // freed. `grows`: it may have more bytes later.
  void Track(const std::shared_ptr<v8::BackingStore>& shared, bool grows);

  // Foreign memory that V8 has not been told of.
  void Hold(size_t bytes) { held_.fetch_add(bytes, std::memory_order_relaxed); }
  void Release(size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }

  // Collects garbage and counts every buffer and module there is. Takes as long as a full garbage
  // collection; on the thread that runs the isolate. Needed before anybody is blamed: V8 forgets
  // some garbage only later, and counts what WebAssembly memories grow by twice, for ever
  // (V8 11.3).
  void Recount();

  // What it has that no byte counts, and whether there is room for more, perhaps after a Recount().
  Mappings& mappings() { return mappings_; }
  bool HasRoomFor(const MappedCount& more);

  // Any thread, while the isolate lives. Some 10 ns when nothing shared can grow. May be too high,
  // see Recount().
  size_t Used() const;
  size_t limit() const { return limit_; }

 private:
  // As V8 and we keep count, without a look at the buffers.
  int64_t Counted() const;
  // Of shared memory that can grow, which has to be looked at.
  size_t GrowingBytes() const;
  // Takes off what is gone of shared memory that cannot grow. Under the lock.
  void PruneFixed();

  v8::Isolate* const isolate_;
  const size_t limit_;
  Mappings mappings_;
  std::atomic<size_t> held_{0};
  // What the counts had too much when the buffers were counted last.
  std::atomic<int64_t> excess_{0};
  // Shared memory that cannot grow, those that are gone and not yet taken off among it.
  std::atomic<size_t> fixed_bytes_{0};
  std::atomic<bool> any_grows_{false};
  mutable std::mutex mutex_;
  struct Fixed {
    std::weak_ptr<v8::BackingStore> store;
    size_t bytes;
  };
  std::vector<Fixed> fixed_;
  std::vector<std::weak_ptr<v8::BackingStore>> growing_;
  // Those that are gone are forgotten when there are so many entries, or so many bytes.
  size_t prune_fixed_at_ = 64;
  size_t prune_fixed_bytes_ = 0;
  size_t prune_growing_at_ = 64;
};

}  // namespace dcp
