#include "addon/columns.h"

#include <atomic>
#include <cstring>
#include <utility>

#include "addon/uncounted_buffers.h"
#include "isolate/large_memory.h"

namespace dcp {

static_assert(sizeof(v8::Local<v8::Value>) == sizeof(napi_value), "napi_value holds a v8::Local");

namespace {
std::atomic<bool> passes_long_segments = false;
}  // namespace

v8::Local<v8::Value> ToV8(Napi::Value value) {
  v8::Local<v8::Value> local;
  const napi_value raw = value;
  std::memcpy(static_cast<void*>(&local), &raw, sizeof local);
  return local;
}

Napi::Value FromV8(Napi::Env env, v8::Local<v8::Value> value) {
  napi_value raw = nullptr;
  std::memcpy(static_cast<void*>(&raw), static_cast<const void*>(&value), sizeof(value));
  return {env, raw};
}

Bytes BytesOf(Napi::Value value) {
  auto view = ToV8(value).As<v8::ArrayBufferView>();
  if (view->ByteLength() == 0) return {};
  if (!view->HasBuffer()) {
    // A few bytes in V8's heap. To ask for their buffer would make one, and may collect garbage.
    Bytes bytes = Bytes::Allocate(view->ByteLength());
    view->CopyContents(bytes.data, bytes.size);
    return bytes;
  }
  return Bytes::Of(view->Buffer()->GetBackingStore(), view->ByteOffset(), view->ByteLength());
}

std::vector<Bytes> SegmentsOf(Napi::Array views) {
  std::vector<Bytes> segments;
  segments.reserve(views.Length());
  for (uint32_t index = 0; index < views.Length(); index++)
    segments.push_back(BytesOf(views.Get(index)));
  return segments;
}

std::vector<Bytes> TakeSegments(Napi::Array views) {
  std::vector<Bytes> segments = SegmentsOf(views);
  for (uint32_t index = 0; index < segments.size(); index++) {
    if (!segments[index].store) continue;
    auto buffer = ToV8(views.Get(index)).As<v8::ArrayBufferView>()->Buffer();
    if (!buffer->IsDetachable()) continue;
    buffer->Detach(v8::Local<v8::Value>()).Check();
    if (Bytes bytes = TakeUncounted(segments[index]); bytes.size != 0) {
      segments[index] = std::move(bytes);
    }
  }
  return segments;
}

Column<uint32_t> NumbersOf(Napi::Value column) {
  auto array = ToV8(column).As<v8::Uint32Array>();
  auto numbers = Column<uint32_t>::Allocate(array->Length());
  array->CopyContents(numbers.data(), numbers.bytes.size);
  return numbers;
}

namespace {
Napi::Value ViewOn(Napi::Env env, v8::Local<v8::ArrayBuffer> buffer) {
  return FromV8(env, v8::Uint8Array::New(buffer, 0, buffer->ByteLength()));
}
}  // namespace

Napi::Value ViewOf(Napi::Env env, Bytes bytes) {
  return ViewOn(env, AdoptBytes(v8::Isolate::GetCurrent(), std::move(bytes)));
}

Napi::Value PassingViewOf(Napi::Env env, Bytes bytes) {
  return ViewOn(env, AdoptUncounted(v8::Isolate::GetCurrent(), std::move(bytes)));
}

void PassLongSegments() { passes_long_segments = true; }

Napi::Array ViewsOf(Napi::Env env, std::vector<Bytes> segments) {
  Napi::Array views = Napi::Array::New(env, segments.size());
  uint32_t index = 0;
  for (Bytes& segment : segments) {
    const bool passes = passes_long_segments && segment.size >= kLargeBytes;
    views.Set(index++, (passes ? PassingViewOf : ViewOf)(env, std::move(segment)));
  }
  return views;
}

namespace {
// Through V8, which makes arrays while Node takes the thread down, too.
template <typename Array, typename T>
Napi::Value ArrayOn(Napi::Env env, Column<T> column) {
  const size_t size = column.size();
  v8::Local<v8::ArrayBuffer> buffer =
      AdoptBytes(v8::Isolate::GetCurrent(), std::move(column.bytes));
  return FromV8(env, Array::New(buffer, 0, size));
}

template <typename T>
Column<T> CopyOf(const std::vector<T>& numbers) {
  return {Bytes::Copy(numbers.data(), numbers.size() * sizeof(T))};
}
}  // namespace

Napi::Value ColumnOf(Napi::Env env, Column<uint32_t> column) {
  return ArrayOn<v8::Uint32Array>(env, std::move(column));
}
Napi::Value ColumnOf(Napi::Env env, Column<uint8_t> column) {
  return ArrayOn<v8::Uint8Array>(env, std::move(column));
}
Napi::Value ColumnOf(Napi::Env env, Column<double> column) {
  return ArrayOn<v8::Float64Array>(env, std::move(column));
}
Napi::Value ColumnOf(Napi::Env env, const std::vector<uint32_t>& numbers) {
  return ColumnOf(env, CopyOf(numbers));
}
Napi::Value ColumnOf(Napi::Env env, const std::vector<double>& numbers) {
  return ColumnOf(env, CopyOf(numbers));
}

}  // namespace dcp
