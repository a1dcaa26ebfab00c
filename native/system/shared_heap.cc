#include "system/shared_heap.h"

#include <cstring>
#include <optional>

namespace dcp {

void* SharedHeap::Allocate(size_t size, bool zeroed) {
  std::optional<RangeAllocator::Range> range;
  {
    std::lock_guard lock(mutex_);
    range = ranges_.Allocate(size);
  }
  if (!range) return nullptr;
  uint8_t* data = memory_->data() + range->offset;
  if (zeroed && range->used_before) std::memset(data, 0, size);
  return data;
}

void SharedHeap::Free(void* data) {
  {
    std::lock_guard lock(mutex_);
    ranges_.Free(OffsetOf(data));
  }
  DiscardExcess();
}

void SharedHeap::DiscardExcess() {
  for (;;) {
    std::optional<RangeAllocator::Range> range;
    {
      std::lock_guard lock(mutex_);
      range = ranges_.TakeExcess();
    }
    if (!range) return;
    // The kernel takes its time; meanwhile the range is nobody's.
    memory_->Discard(range->offset, range->size);
    std::lock_guard lock(mutex_);
    ranges_.Discarded(*range);
  }
}

bool SharedHeap::DiscardAged() {
  {
    std::lock_guard lock(mutex_);
    ranges_.NextAge();
  }
  for (;;) {
    std::optional<RangeAllocator::Range> range;
    {
      std::lock_guard lock(mutex_);
      range = ranges_.TakeAged();
      if (!range) return ranges_.keeps_any();
    }
    memory_->Discard(range->offset, range->size);
    std::lock_guard lock(mutex_);
    ranges_.Discarded(*range);
  }
}

}  // namespace dcp
