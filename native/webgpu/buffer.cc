// GPUBuffer: its memory, and the arrays on it.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "webgpu/convert.h"
#include "webgpu/generated/dictionaries.h"
#include "webgpu/glue.h"
#include "webgpu/promise_call.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

Buffer::Buffer(Runtime* of, void* owned, WGPUDevice made_by, const WGPUBufferDescriptor& descriptor,
               uint64_t bytes)
    : Resource(of, Kind::kGPUBuffer, owned, made_by, bytes),
      size(descriptor.size),
      usage(static_cast<uint32_t>(descriptor.usage)) {}

// What lies on the memory goes before the memory.
Buffer::~Buffer() { DetachRanges(); }

void Buffer::Mapped(WGPUMapMode mapped_mode, uint64_t offset, uint64_t mapped_size) {
  state = State::kMapped;
  mode = mapped_mode;
  mapped_begin = offset;
  mapped_end = offset + mapped_size;
}

void Buffer::Unmapped() {
  if (staging) std::exchange(staging, nullptr)->Free();
  if (pending != nullptr) {
    Pending* const aborted = std::exchange(pending, nullptr);
    v8::Isolate* isolate = runtime->isolate();
    v8::HandleScope scope(isolate);
    v8::Local<v8::Promise::Resolver> resolver = aborted->resolver.Get(isolate);
    aborted->resolver.Reset();
    if (!resolver.IsEmpty()) {
      RejectPromise(
          resolver, isolate->GetCurrentContext(),
          runtime->NewDOMException("AbortError", "the buffer was unmapped before it was mapped"));
    }
  }
  DetachRanges();
  state = State::kUnmapped;
  mode = WGPUMapMode_None;
  mapped_begin = mapped_end = 0;
}

void Buffer::DetachRanges() {
  if (ranges.empty()) return;
  v8::Isolate* isolate = runtime->isolate();
  v8::HandleScope scope(isolate);
  for (Range& range : ranges) {
    v8::Local<v8::ArrayBuffer> array = range.array.Get(isolate);
    if (!array.IsEmpty()) array->Detach(runtime->detach_key()).FromMaybe(false);
    range.array.Reset();
  }
  ranges.clear();
}

namespace {

constexpr auto kMappable = WGPUBufferUsage_MapRead | WGPUBufferUsage_MapWrite;

// Whether Dawn refuses it before it takes memory: that is its error to tell, not one of memory.
// https://www.w3.org/TR/webgpu/#dom-gpudevice-createbuffer
bool IsInvalid(const WGPUBufferDescriptor& buffer, const Device& device) {
  constexpr auto kReadable = WGPUBufferUsage_MapRead | WGPUBufferUsage_CopyDst;
  constexpr auto kWritable = WGPUBufferUsage_MapWrite | WGPUBufferUsage_CopySrc;
  constexpr auto kAll = (WGPUBufferUsage_QueryResolve << 1) - 1;
  const auto usage = buffer.usage;
  return buffer.size > device.max_buffer_bytes || usage == WGPUBufferUsage_None ||
         (usage & ~kAll) != 0 ||
         ((usage & WGPUBufferUsage_MapRead) != 0 && (usage & ~kReadable) != 0) ||
         ((usage & WGPUBufferUsage_MapWrite) != 0 && (usage & ~kWritable) != 0);
}

}  // namespace

void GPUDevice_createBuffer(const Info& info) {
  Object* const self = Object::Of(info.This());
  Runtime& runtime = *self->runtime;
  static constexpr Where kCall{nullptr, "GPUDevice.createBuffer"};
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Conversion c(runtime, info.GetIsolate());
  WGPUBufferDescriptor descriptor{};
  const Where where{&kCall, "descriptor"};
  if (!c.Read(Reader::kGPUBufferDescriptor, info[0],
              [&] { return ConvertGPUBufferDescriptor(c, info[0], where, &descriptor); })) {
    return;
  }
  const auto fail = [&](const std::string& why) {
    info.GetIsolate()->ThrowException(
        v8::Exception::RangeError(runtime.String("GPUDevice.createBuffer: " + why)));
  };
  if (descriptor.mappedAtCreation && descriptor.size % 4 != 0) {
    return fail("descriptor.size: a multiple of 4 expected with mappedAtCreation, got " +
                std::to_string(descriptor.size));
  }
  const auto* const device = static_cast<const Device*>(self);
  const auto handle = device->handle<WGPUDevice>();
  const Procs& procs = runtime.procs();
  // Dawn refuses it before it takes memory; what is to be mapped has memory of the process even so.
  const bool invalid =
      (device->destroyed || IsInvalid(descriptor, *device)) && !descriptor.mappedAtCreation;
  const bool staged = descriptor.mappedAtCreation && (descriptor.usage & kMappable) == 0;
  const bool refused = !invalid && (!runtime.HasRoomFor(descriptor.size * (staged ? 2 : 1)) ||
                                    !runtime.HasRoomForBuffer());
  if (refused && descriptor.mappedAtCreation) return fail(kMemoryUsedUp);
  WGPUBuffer made;
  if (refused) {
    runtime.RefuseMemory(handle);
    made = procs.deviceCreateErrorBuffer(handle, &descriptor);
  } else {
    made = procs.deviceCreateBuffer(handle, &descriptor);
  }
  if (made == nullptr) return fail("no memory for mappedAtCreation");
  auto buffer = std::make_unique<Buffer>(&runtime, made, handle, descriptor,
                                         invalid || refused ? 0 : descriptor.size);
  // What it belongs to is counted already.
  if (staged) {
    buffer->staging = std::make_shared<Memory>(&runtime, Kind::kGPU, handle, descriptor.size);
    buffer->memory().Keep(buffer->staging);
  }
  if (descriptor.mappedAtCreation) buffer->Mapped(WGPUMapMode_Write, 0, descriptor.size);
  runtime.Return(info, std::move(buffer), self, c.content(descriptor.label));
}

void GPUBuffer_size(const Info& info) {
  const auto* const self = static_cast<const Buffer*>(Object::Of(info.This()));
  info.GetReturnValue().Set(static_cast<double>(self->size));
}

void GPUBuffer_usage(const Info& info) {
  const auto* const self = static_cast<const Buffer*>(Object::Of(info.This()));
  info.GetReturnValue().Set(self->usage);
}

void GPUBuffer_mapState(const Info& info) {
  const auto* const self = static_cast<const Buffer*>(Object::Of(info.This()));
  const Str name = self->state == Buffer::State::kMapped    ? Str::k_mapped
                   : self->state == Buffer::State::kPending ? Str::k_pending
                                                            : Str::k_unmapped;
  info.GetReturnValue().Set(self->runtime->strings().Get(name));
}

void GPUBuffer_mapAsync(const Info& info) {
  static constexpr Where kCall{nullptr, "GPUBuffer.mapAsync"};
  PromiseCall call(info, Kind::kGPUBuffer, kCall.name);
  auto* const self = call.self<Buffer>();
  if (self == nullptr) return;
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Runtime& runtime = *self->runtime;
  Conversion c(runtime, info.GetIsolate());
  uint32_t mode;
  uint64_t offset = 0;
  if (!c.ToInteger32(info[0], {&kCall, "mode"}, &mode)) return;
  if (!info[1]->IsUndefined() && !c.ToInteger(info[1], {&kCall, "offset"}, &offset)) return;
  uint64_t size = self->size > offset ? self->size - offset : 0;
  if (!info[2]->IsUndefined() && !c.ToInteger(info[2], {&kCall, "size"}, &size)) return;
  if (self->pending != nullptr) {
    return call.RejectDOMException("OperationError",
                                   "GPUBuffer.mapAsync: it is being mapped already");
  }
  Pending* const pending = runtime.Begin(Pending::Kind::kMap, call.resolver(), info.This());
  self->pending = pending;
  // Dawn refuses a buffer that is mapped, and leaves it as it is. Until it has said so, unmapping
  // aborts that, too.
  if (self->state == Buffer::State::kUnmapped) self->state = Buffer::State::kPending;
  pending->type = mode;
  pending->begin = offset;
  pending->size = size;
  WGPUBufferMapCallbackInfo callback;
  callback.callback = [](WGPUMapAsyncStatus status, WGPUStringView message, void* data, void*) {
    auto* const answered = static_cast<Pending*>(data);
    answered->status = status;
    answered->text = ToMessage(message);
    answered->runtime->Complete(answered);
  };
  callback.userdata1 = pending;
  pending->future =
      runtime.procs().bufferMapAsync(self->handle<WGPUBuffer>(), mode, offset, size, callback);
}

void GPUBuffer_getMappedRange(const Info& info) {
  auto* const self = static_cast<Buffer*>(Object::Of(info.This()));
  Runtime& runtime = *self->runtime;
  v8::Isolate* isolate = info.GetIsolate();
  static constexpr Where kCall{nullptr, "GPUBuffer.getMappedRange"};
  Conversion c(runtime, isolate);
  uint64_t begin = 0;
  if (!info[0]->IsUndefined() && !c.ToInteger(info[0], {&kCall, "offset"}, &begin)) return;
  uint64_t size = self->size > begin ? self->size - begin : 0;
  if (!info[1]->IsUndefined() && !c.ToInteger(info[1], {&kCall, "size"}, &size)) return;
  const auto fail = [&](const std::string& why) {
    runtime.ThrowDOMException("OperationError", "GPUBuffer.getMappedRange: " + why);
  };
  if (self->state != Buffer::State::kMapped) return fail("the buffer is not mapped");
  if (begin % 8 != 0) return fail("offset: a multiple of 8 expected, got " + std::to_string(begin));
  if (size % 4 != 0) return fail("size: a multiple of 4 expected, got " + std::to_string(size));
  if (begin < self->mapped_begin || begin > self->mapped_end || size > self->mapped_end - begin) {
    return fail("from " + std::to_string(begin) + ", " + std::to_string(size) +
                " bytes: not all of it is mapped");
  }
  const uint64_t end = begin + size;
  const bool overlaps = std::any_of(
      self->ranges.begin(), self->ranges.end(),
      [&](const Buffer::Range& range) { return begin < range.end && range.begin < end; });
  if (overlaps) return fail("another array lies on a part of this range");

  v8::Local<v8::ArrayBuffer> array;
  if (size == 0) {
    array = v8::ArrayBuffer::New(isolate, 0);
  } else {
    const Procs& procs = runtime.procs();
    // What JavaScript writes to memory that was mapped to be read stays in the buffer, which the
    // standard does not want: to undo it would take a copy of all that is read.
    void* const memory = self->mode == WGPUMapMode_Read
                             ? const_cast<void*>(procs.bufferGetConstMappedRange(
                                   self->handle<WGPUBuffer>(), begin, size))
                             : procs.bufferGetMappedRange(self->handle<WGPUBuffer>(), begin, size);
    if (memory == nullptr) return fail("the memory is gone: the device is lost");
    array = v8::ArrayBuffer::New(
        isolate,
        v8::ArrayBuffer::NewBackingStore(memory, size, v8::BackingStore::EmptyDeleter, nullptr));
  }
  // Only we can take the memory away, and it is there as long as the array is.
  array->SetDetachKey(runtime.detach_key());
  if (array->SetPrivate(c.context(), runtime.keep_alive(), info.This()).IsNothing()) return;
  self->ranges.push_back({begin, end, v8::Global<v8::ArrayBuffer>(isolate, array)});
  self->ranges.back().array.SetWeak();
  info.GetReturnValue().Set(array);
}

void GPUBuffer_unmap(const Info& info) {
  auto* const self = static_cast<Buffer*>(Object::Of(info.This()));
  self->Unmapped();
  self->runtime->procs().bufferUnmap(self->handle<WGPUBuffer>());
}

void GPUBuffer_destroy(const Info& info) {
  auto* const self = static_cast<Buffer*>(Object::Of(info.This()));
  self->Unmapped();
  self->memory().Free();
  self->runtime->procs().bufferDestroy(self->handle<WGPUBuffer>());
}

}  // namespace dcp::webgpu
