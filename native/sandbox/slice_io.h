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

// One number for each entry. Copied once, where it changes hands: the memory becomes that of the
// next owner's typed array.
template <typename T>
struct Column {
  Bytes bytes;

  // Nobody has written to it.
  static Column Allocate(size_t count) { return {Bytes::Allocate(count * sizeof(T))}; }

  size_t size() const { return bytes.size / sizeof(T); }
  bool empty() const { return bytes.size == 0; }
  T* data() { return reinterpret_cast<T*>(bytes.data); }
  const T* begin() const { return reinterpret_cast<const T*>(bytes.data); }
  const T* end() const { return begin() + size(); }
  T operator[](size_t entry) const { return begin()[entry]; }
};

// Payloads of many Slices, column by column (src/model/slice-batch.ts says what each column holds).
struct Columns {
  Bytes heads;
  Column<uint32_t> head_ends;
  std::vector<Bytes> segments;
  Column<uint32_t> segment_ends;
};

struct SliceBatch {
  Column<uint32_t> numbers;
  Columns payloads;
};

struct ResultBatch {
  Column<uint32_t> numbers;
  Column<uint8_t> outcomes;
  Column<double> elapsed_ms;
  Column<double> cpu_ms;
  Column<double> webgpu_ms;
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
