#include "sandbox/buffer_source.h"

namespace dcp {

bool BufferSource::Read(v8::Local<v8::Value> value) {
  if (value->IsArrayBufferView()) {
    auto view = value.As<v8::ArrayBufferView>();
    const size_t size = view->ByteLength();
    if (!view->HasBuffer()) {
      // Asking for the buffer would move the array off V8's heap.
      copy_.resize(size);
      view->CopyContents(copy_.data(), size);
      bytes_ = copy_;
      return true;
    }
    v8::Local<v8::Value> buffer = view->Buffer();
    const bool shared = buffer->IsSharedArrayBuffer();
    void* data =
        shared ? buffer.As<v8::SharedArrayBuffer>()->Data() : buffer.As<v8::ArrayBuffer>()->Data();
    Show(static_cast<uint8_t*>(data) + view->ByteOffset(), size, shared);
    return true;
  }
  if (value->IsArrayBuffer()) {
    auto buffer = value.As<v8::ArrayBuffer>();
    Show(buffer->Data(), buffer->ByteLength(), false);
    return true;
  }
  if (value->IsSharedArrayBuffer()) {
    auto buffer = value.As<v8::SharedArrayBuffer>();
    Show(buffer->Data(), buffer->ByteLength(), true);
    return true;
  }
  return false;
}

bool BufferSource::ReadAndHold(v8::Local<v8::Value> value) {
  if (!Read(value)) return false;
  // Shared ones have been copied.
  if (bytes_.empty() || !copy_.empty()) return true;
  if (value->IsArrayBufferView()) value = value.As<v8::ArrayBufferView>()->Buffer();
  held_ = value.As<v8::ArrayBuffer>()->GetBackingStore();
  // Who makes one smaller gives its memory back.
  if (held_->IsResizableByUserJavaScript()) {
    copy_.assign(bytes_.begin(), bytes_.end());
    bytes_ = copy_;
  }
  return true;
}

void BufferSource::Show(void* data, size_t size, bool shared) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  if (size == 0) {
    bytes_ = {};
  } else if (shared) {
    // A decoder that reads twice must find the same bytes.
    copy_.assign(bytes, bytes + size);
    bytes_ = copy_;
  } else {
    bytes_ = {bytes, size};
  }
}

}  // namespace dcp
