// Public to native/: where the bytes of buffers come from.
#pragma once

#include <cstddef>

namespace dcp {

// From here on buffers come from the process's LargeMemory, when it has one.
constexpr size_t kLargeBytes = size_t{256} << 10;

// Memory for long buffers that a process has beside malloc's. Any thread may call any method.
class LargeMemory {
 public:
  virtual ~LargeMemory() = default;
  // Null when it has none: then malloc is asked.
  virtual void* Allocate(size_t size, bool zeroed) = 0;
  virtual bool Contains(const void* data) const = 0;
  // What Allocate() gave.
  virtual void Free(void* data) = 0;

  // Once in a process; it is never taken away.
  static void Install(LargeMemory* memory);
};

// Null when there is no memory.
void* AllocateMemory(size_t size, bool zeroed);
void FreeMemory(void* data);

}  // namespace dcp
