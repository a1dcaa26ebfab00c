// Internal to native/webgpu: bytes that a call takes from JavaScript.
#pragma once

#include <v8.h>

#include <cstddef>
#include <cstdint>

#include "webgpu/convert.h"

namespace dcp::webgpu {

// The bytes of an AllowSharedBufferSource, for as long as no JavaScript runs.
class Source {
 public:
  // False with a TypeError pending when it is none.
  bool Read(Conversion& c, v8::Local<v8::Value> value, const Where& where);
  // A part of it, given in elements where the source is a typed array and in bytes where not; an
  // undefined size means the rest. False with an OperationError pending when the source has less,
  // or `multiple` does not divide it.
  bool Cut(Conversion& c, const Where& call, uint64_t offset, bool has_size, uint64_t size,
           size_t multiple);

  const void* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  // V8 keeps small typed arrays on its heap, and making a buffer of one is expensive.
  static constexpr size_t kOnHeapBytes = 256;

  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t element_ = 1;
  uint8_t copy_[kOnHeapBytes];
};

}  // namespace dcp::webgpu
