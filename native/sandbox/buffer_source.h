// Internal to native/sandbox: the bytes of a WebIDL BufferSource.
#pragma once

#include <v8.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace dcp {

// The bytes of an ArrayBuffer, a SharedArrayBuffer or a view on one, to read while no JavaScript
// runs. Shared memory and arrays that V8 keeps on its heap are copied; all else is read in place.
class BufferSource {
 public:
  // False when the value is none of these. Detached and out-of-bounds ones have no bytes.
  bool Read(v8::Local<v8::Value> value);
  // The same for who lets JavaScript run between two looks at them: they stay where they are,
  // whatever becomes of the buffer.
  bool ReadAndHold(v8::Local<v8::Value> value);

  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  void Show(void* data, size_t size, bool shared);

  std::vector<uint8_t> copy_;
  std::shared_ptr<v8::BackingStore> held_;
  std::span<const uint8_t> bytes_;
};

}  // namespace dcp
