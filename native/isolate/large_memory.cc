#include "isolate/large_memory.h"

#include <atomic>
#include <cstdlib>

namespace dcp {

namespace {
std::atomic<LargeMemory*> installed{nullptr};
}  // namespace

void LargeMemory::Install(LargeMemory* memory) {
  installed.store(memory, std::memory_order_release);
}

void* AllocateMemory(size_t size, bool zeroed) {
  if (size >= kLargeBytes) {
    if (LargeMemory* large = installed.load(std::memory_order_acquire)) {
      if (void* data = large->Allocate(size, zeroed)) return data;
    }
  }
  return zeroed ? std::calloc(size, 1) : std::malloc(size);
}

void FreeMemory(void* data) {
  LargeMemory* large = installed.load(std::memory_order_acquire);
  if (large != nullptr && large->Contains(data)) {
    large->Free(data);
  } else {
    std::free(data);
  }
}

}  // namespace dcp
