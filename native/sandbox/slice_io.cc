#include "sandbox/slice_io.h"

#include <cstdlib>
#include <cstring>
#include <utility>

namespace dcp {

namespace {

// What a backing store on adopted bytes keeps alive, and whose account it is on.
struct Adopted {
  Bytes bytes;
  std::shared_ptr<BufferAllocator> account;
};

void ReleaseAdopted(void* memory, size_t length, void* data) {
  auto* adopted = static_cast<Adopted*>(data);
  if (adopted->account) adopted->account->Forget(memory, length);
  delete adopted;
}

}  // namespace

Bytes Bytes::Allocate(size_t size) {
  Bytes bytes;
  if (size == 0) return bytes;
  bytes.owner = std::shared_ptr<void>(std::malloc(size), std::free);
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

v8::Local<v8::ArrayBuffer> AdoptBytes(v8::Isolate* isolate, Bytes bytes,
                                      const std::shared_ptr<BufferAllocator>& account) {
  if (bytes.size == 0) return v8::ArrayBuffer::New(isolate, 0);
  if (bytes.store && !account) return v8::ArrayBuffer::New(isolate, std::move(bytes.store));
  void* data = bytes.data;
  const size_t size = bytes.size;
  if (account) account->Adopt(size);
  auto* adopted = new Adopted{std::move(bytes), account};
  std::shared_ptr<v8::BackingStore> store =
      v8::ArrayBuffer::NewBackingStore(data, size, ReleaseAdopted, adopted);
  return v8::ArrayBuffer::New(isolate, std::move(store));
}

Bytes ExportView(v8::Local<v8::ArrayBufferView> view, BufferAllocator* account) {
  const size_t size = view->ByteLength();
  if (size == 0) return {};
  v8::Local<v8::ArrayBuffer> buffer = view->Buffer();
  std::shared_ptr<v8::BackingStore> store = buffer->GetBackingStore();
  const size_t offset = view->ByteOffset();
  const bool movable =
      buffer->IsDetachable() && !store->IsShared() && !store->IsResizableByUserJavaScript();
  if (!movable || buffer->Detach(v8::Local<v8::Value>()).IsNothing()) {
    return Bytes::Copy(static_cast<uint8_t*>(store->Data()) + offset, size);
  }
  account->Export(store->Data(), store->ByteLength());
  return Bytes::Of(std::move(store), offset, size);
}

}  // namespace dcp
