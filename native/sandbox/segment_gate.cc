#include "sandbox/segment_gate.h"

#include <atomic>
#include <utility>

namespace dcp {

namespace {

// What one batch may bring in before the collector hears of the rest at once.
constexpr size_t kMaxUnreportedBytes = size_t{256} << 20;

}  // namespace

SegmentGate::SegmentGate(Isolate* isolate)
    : isolate_(isolate->get()), memory_(&isolate->memory()), account_(isolate->buffers()) {
  account_->OnShortage([this] { Sweep(); });
}

SegmentGate::~SegmentGate() {
  account_->OnShortage(nullptr);
  for (const auto& [store, segment] : segments_) account_->Return(segment.bytes.size);
}

void SegmentGate::BeginBatch() {
  Sweep();
  for (auto& [store, segment] : segments_) Report(&segment);
}

bool SegmentGate::MakeRoom(size_t bytes) {
  const auto fits = [&] {
    const size_t used = account_->used();
    return used <= account_->limit() && bytes <= account_->limit() - used;
  };
  if (bytes == 0 || fits()) return true;
  // What V8 does before it refuses an allocation.
  isolate_->LowMemoryNotification();
  Sweep();
  return fits();
}

v8::Local<v8::ArrayBuffer> SegmentGate::Adopt(Bytes bytes) {
  if (bytes.size == 0) return v8::ArrayBuffer::New(isolate_, 0);
  // V8 does not count a store that it would not free.
  std::shared_ptr<v8::BackingStore> store = v8::ArrayBuffer::NewBackingStore(
      bytes.data, bytes.size, v8::BackingStore::EmptyDeleter, nullptr);
  account_->Adopt(bytes.size);
  memory_->Hold(bytes.size);
  unreported_bytes_ += bytes.size;
  Segment& segment = segments_[store.get()];
  segment.store = store;
  segment.bytes = std::move(bytes);
  if (unreported_bytes_ > kMaxUnreportedBytes) Report(&segment);
  return v8::ArrayBuffer::New(isolate_, std::move(store));
}

Bytes SegmentGate::Export(v8::Local<v8::ArrayBufferView> view) {
  const size_t size = view->ByteLength();
  if (size == 0) return {};
  v8::Local<v8::ArrayBuffer> buffer = view->Buffer();
  std::shared_ptr<v8::BackingStore> store = buffer->GetBackingStore();
  const size_t offset = view->ByteOffset();
  const bool movable =
      buffer->IsDetachable() && !store->IsShared() && !store->IsResizableByUserJavaScript();
  // A small part would keep all of it.
  const bool is_small = size < store->ByteLength() / 2;
  // It may have a key that we don't have.
  v8::TryCatch caught(isolate_);
  if (!movable || buffer->Detach(v8::Local<v8::Value>()).IsNothing() || is_small) {
    return Bytes::Copy(static_cast<uint8_t*>(store->Data()) + offset, size);
  }
  if (Bytes bytes = Take(store.get()); bytes.size != 0) {
    return std::move(bytes).Slice(offset, size);
  }
  account_->Export(store->Data(), store->ByteLength());
  return Bytes::Of(std::move(store), offset, size);
}

Bytes SegmentGate::Take(const v8::BackingStore* store) {
  const auto found = segments_.find(store);
  if (found == segments_.end()) return {};
  Settle(found->second);
  Bytes bytes = std::move(found->second.bytes);
  segments_.erase(found);
  return bytes;
}

void SegmentGate::Sweep() {
  for (auto at = segments_.begin(); at != segments_.end();) {
    // A count of one is ours, and nobody is left who could make it grow.
    if (at->second.store.use_count() > 1) {
      ++at;
      continue;
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    Settle(at->second);
    at = segments_.erase(at);
  }
}

void SegmentGate::Report(Segment* segment) {
  if (segment->reported) return;
  segment->reported = true;
  unreported_bytes_ -= segment->bytes.size;
  memory_->Release(segment->bytes.size);
  isolate_->AdjustAmountOfExternalAllocatedMemory(static_cast<int64_t>(segment->bytes.size));
}

void SegmentGate::Settle(const Segment& segment) {
  account_->Return(segment.bytes.size);
  if (segment.reported) {
    isolate_->AdjustAmountOfExternalAllocatedMemory(-static_cast<int64_t>(segment.bytes.size));
  } else {
    unreported_bytes_ -= segment.bytes.size;
    memory_->Release(segment.bytes.size);
  }
}

}  // namespace dcp
