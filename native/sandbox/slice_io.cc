#include "sandbox/slice_io.h"

#include <cstring>
#include <utility>

#include "isolate/large_memory.h"

namespace dcp {

namespace {

void ReleaseOwner(void*, size_t, void* owner) { delete static_cast<std::shared_ptr<void>*>(owner); }

}  // namespace

Bytes Bytes::Allocate(size_t size) {
  Bytes bytes;
  if (size == 0) return bytes;
  bytes.owner = std::shared_ptr<void>(AllocateMemory(size, false), FreeMemory);
  bytes.data = static_cast<uint8_t*>(bytes.owner.get());
  bytes.size = size;
  return bytes;
}

Bytes Bytes::Copy(const void* data, size_t size) {
  Bytes bytes = Allocate(size);
  if (size != 0) std::memcpy(bytes.data, data, size);
  return bytes;
}

Bytes Bytes::Of(std::shared_ptr<v8::BackingStore> store, size_t offset, size_t size) {
  Bytes bytes;
  bytes.data = static_cast<uint8_t*>(store->Data()) + offset;
  bytes.size = size;
  if (offset == 0 && size == store->ByteLength()) bytes.store = store;
  bytes.owner = std::move(store);
  return bytes;
}

Bytes Bytes::Slice(size_t offset, size_t part) && {
  if (offset == 0 && part == size) return std::move(*this);
  return {std::move(owner), data + offset, part, nullptr};
}

v8::Local<v8::ArrayBuffer> AdoptBytes(v8::Isolate* isolate, Bytes bytes) {
  if (bytes.size == 0) return v8::ArrayBuffer::New(isolate, 0);
  if (!bytes.store) {
    bytes.store = v8::ArrayBuffer::NewBackingStore(
        bytes.data, bytes.size, ReleaseOwner, new std::shared_ptr<void>(std::move(bytes.owner)));
  }
  return v8::ArrayBuffer::New(isolate, std::move(bytes.store));
}

}  // namespace dcp
