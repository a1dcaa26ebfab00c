// Public to native/isolate: what V8 knows of memory outside of an isolate's heap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "v8/version.h"

namespace dcp {

// Bytes of ArrayBuffers (resizable ones and WebAssembly memories by their present length) and of
// compiled WebAssembly. What is shared is not in it. Any thread: V8 adds to an atomic word and
// answers with it. The successor of this function (ExternalMemoryAccounter) cannot read.
inline size_t ExternalBytes(v8::Isolate* isolate) {
  return static_cast<size_t>(
      std::max<int64_t>(0, isolate->AdjustAmountOfExternalAllocatedMemory(0)));
}

}  // namespace dcp
