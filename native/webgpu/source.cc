#include "webgpu/source.h"

#include <string>

#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

size_t ElementBytes(v8::Local<v8::Value> view) {
  if (view->IsUint8Array() || view->IsUint8ClampedArray() || view->IsInt8Array()) return 1;
  if (view->IsUint16Array() || view->IsInt16Array()) return 2;
  if (view->IsUint32Array() || view->IsInt32Array() || view->IsFloat32Array()) return 4;
  if (view->IsFloat64Array() || view->IsBigInt64Array() || view->IsBigUint64Array()) return 8;
  // A DataView counts bytes; what is left are arrays of 16-bit floats.
  return view->IsDataView() ? 1 : 2;
}

bool IsResizable(v8::Local<v8::ArrayBuffer> buffer) {
  return buffer->GetBackingStore()->IsResizableByUserJavaScript();
}

}  // namespace

// WebIDL takes no buffers that are resizable without [AllowResizable].
bool Source::Read(Conversion& c, v8::Local<v8::Value> value, const Where& where) {
  const auto refuse = [&] {
    return c.Fail(where, "an ArrayBuffer that cannot be resized expected, got one that can be");
  };
  if (value->IsArrayBufferView()) {
    const auto view = value.As<v8::ArrayBufferView>();
    size_ = view->ByteLength();
    element_ = ElementBytes(value);
    if (view->HasBuffer() || size_ > kOnHeapBytes) {
      const v8::Local<v8::ArrayBuffer> buffer = view->Buffer();
      if (IsResizable(buffer)) return refuse();
      data_ = static_cast<const uint8_t*>(buffer->Data()) + view->ByteOffset();
    } else {
      size_ = view->CopyContents(copy_, sizeof copy_);
      data_ = copy_;
    }
    return true;
  }
  if (value->IsArrayBuffer()) {
    const auto buffer = value.As<v8::ArrayBuffer>();
    if (IsResizable(buffer)) return refuse();
    data_ = static_cast<const uint8_t*>(buffer->Data());
    size_ = buffer->ByteLength();
    return true;
  }
  if (value->IsSharedArrayBuffer()) {
    const auto buffer = value.As<v8::SharedArrayBuffer>();
    if (buffer->GetBackingStore()->IsResizableByUserJavaScript()) return refuse();
    data_ = static_cast<const uint8_t*>(buffer->Data());
    size_ = buffer->ByteLength();
    return true;
  }
  return c.Fail(where, "an ArrayBuffer or a view on one expected, got " + c.Show(value));
}

bool Source::Cut(Conversion& c, const Where& call, uint64_t offset, bool has_size, uint64_t size,
                 size_t multiple) {
  const auto fail = [&](const std::string& why) {
    c.runtime.ThrowDOMException("OperationError", std::string(call.name) + ": " + why);
    return false;
  };
  const uint64_t elements = size_ / element_;
  if (offset > elements) {
    return fail("dataOffset: " + std::to_string(offset) + " is beyond the data's " +
                std::to_string(elements));
  }
  if (!has_size) size = elements - offset;
  if (size > elements - offset) {
    return fail("size: " + std::to_string(size) + " from " + std::to_string(offset) +
                " on is beyond the data's " + std::to_string(elements));
  }
  data_ += offset * element_;
  size_ = size * element_;
  if (size_ % multiple != 0) {
    return fail("a multiple of " + std::to_string(multiple) + " bytes expected, got " +
                std::to_string(size_));
  }
  return true;
}

}  // namespace dcp::webgpu
