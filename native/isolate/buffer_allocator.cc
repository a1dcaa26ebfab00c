#include "isolate/buffer_allocator.h"

#include "isolate/large_memory.h"

namespace dcp {

bool BufferAllocator::Reserve(size_t length) {
  if (TryReserve(length)) return true;
  if (!reclaim_) return false;
  reclaim_();
  return TryReserve(length);
}

bool BufferAllocator::TryReserve(size_t length) {
  size_t used = used_.load(std::memory_order_relaxed);
  do {
    if (length > kNeverRefused && (length > limit_ || used > limit_ - length)) return false;
  } while (!used_.compare_exchange_weak(used, used + length, std::memory_order_relaxed));
  return true;
}

void* BufferAllocator::Allocate(size_t length) {
  if (!Reserve(length)) return nullptr;
  void* data = AllocateMemory(length, true);
  if (data == nullptr) Release(length);
  return data;
}

void* BufferAllocator::AllocateUninitialized(size_t length) {
  if (!Reserve(length)) return nullptr;
  void* data = AllocateMemory(length, false);
  if (data == nullptr) Release(length);
  return data;
}

void BufferAllocator::Free(void* data, size_t length) {
  if (!WasExported(data)) Release(length);
  FreeMemory(data);
}

bool BufferAllocator::WasExported(void* data) {
  // Nearly every buffer dies where it was born, so the lock is rarely taken.
  if (exported_count_.load(std::memory_order_acquire) == 0) return false;
  std::lock_guard lock(mutex_);
  if (exported_.erase(data) == 0) return false;
  exported_count_.fetch_sub(1, std::memory_order_release);
  return true;
}

void BufferAllocator::Export(void* data, size_t length) {
  std::lock_guard lock(mutex_);
  exported_.insert(data);
  exported_count_.fetch_add(1, std::memory_order_release);
  Release(length);
}

}  // namespace dcp
