// Public: memory for long buffers in a memory file, so that another process reads them where they
// are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "system/range_allocator.h"
#include "system/shared_memory.h"

namespace dcp {

// Any thread may call any method.
class SharedHeap {
 public:
  // `memory` has a view that can be written to, and nobody else writes there.
  SharedHeap(std::unique_ptr<SharedMemory> memory, uint64_t keep_bytes)
      : memory_(std::move(memory)), ranges_(memory_->size(), keep_bytes) {}

  // Null when there is no room.
  void* Allocate(size_t size, bool zeroed);
  // What Allocate() gave.
  void Free(void* data);
  bool Contains(const void* data) const {
    const auto* at = static_cast<const uint8_t*>(data);
    return at >= memory_->data() && at < memory_->data() + memory_->size();
  }
  // Where in the file `data` lies, which it contains.
  uint64_t OffsetOf(const void* data) const {
    return static_cast<uint64_t>(static_cast<const uint8_t*>(data) - memory_->data());
  }
  // Gives back what has not been used since the last call but one. Whether something is kept still.
  bool DiscardAged();

 private:
  void DiscardExcess();

  const std::unique_ptr<SharedMemory> memory_;
  std::mutex mutex_;
  RangeAllocator ranges_;
};

}  // namespace dcp
