// Public to native/: the bytes of Slices and results on their way in and out of a Sandbox.
#pragma once

#include <v8.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace dcp {

// Memory with an owner. Moving one moves a reference, never the bytes. May be released by any
// thread.
struct Bytes {
  std::shared_ptr<void> owner;
  uint8_t* data = nullptr;
  size_t size = 0;
  // Set when the bytes are exactly this backing store: then an ArrayBuffer can be made of it as it
  // is.
  std::shared_ptr<v8::BackingStore> store;

  static Bytes Allocate(size_t size);
  static Bytes Copy(const void* data, size_t size);
  // `size` bytes at `offset` of a backing store; the caller has checked the range.
  static Bytes Of(std::shared_ptr<v8::BackingStore> store, size_t offset, size_t size);

  // A part of them. The caller has checked the range.
  Bytes Slice(size_t offset, size_t part) &&;
};

// Payloads of many Slices, column by column (src/model/slice-batch.ts says what each column holds).
struct Columns {
  Bytes heads;
  std::vector<uint32_t> head_ends;
  std::vector<Bytes> segments;
  std::vector<uint32_t> segment_ends;
};

struct SliceBatch {
  std::vector<uint32_t> numbers;
  Columns payloads;
};

struct ResultBatch {
  std::vector<uint32_t> numbers;
  std::vector<uint8_t> outcomes;
  std::vector<double> elapsed_ms;
  std::vector<double> cpu_ms;
  std::vector<double> webgpu_ms;
  Columns payloads;
};

// One value on its way, like `Payload` of src/model.
struct Payload {
  Bytes head;
  std::vector<Bytes> segments;
};

// An ArrayBuffer on these very bytes.
v8::Local<v8::ArrayBuffer> AdoptBytes(v8::Isolate* isolate, Bytes bytes);

}  // namespace dcp
