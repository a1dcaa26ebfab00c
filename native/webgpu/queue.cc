// GPUQueue.
#include <algorithm>

#include "webgpu/convert.h"
#include "webgpu/generated/dictionaries.h"
#include "webgpu/glue.h"
#include "webgpu/promise_call.h"
#include "webgpu/runtime.h"
#include "webgpu/source.h"
#include "webgpu/unions.h"

namespace dcp::webgpu {

namespace {

// What Dawn copies of the data for a texture, at most: rows, each brought to a multiple of 256
// bytes. Of a write that it refuses it copies nothing.
uint64_t StagedBytes(const WGPUTexelCopyBufferLayout& layout, const WGPUExtent3D& size,
                     uint64_t data_bytes) {
  constexpr uint64_t kMostTexelBytes = 16;
  constexpr uint64_t kRowAlignment = 256;
  // A row takes a byte at least, so that there are no more than bytes.
  const uint64_t rows = std::min(uint64_t{size.height} * size.depthOrArrayLayers, data_bytes);
  const uint64_t row_bytes =
      std::min({uint64_t{layout.bytesPerRow}, size.width * kMostTexelBytes, data_bytes});
  const uint64_t padding = (kRowAlignment - row_bytes % kRowAlignment) % kRowAlignment;
  return std::min(rows * row_bytes, data_bytes) + rows * padding;
}

}  // namespace

void GPUQueue_submit(const Info& info) {
  Object* const self = Object::Of(info.This());
  Runtime& runtime = *self->runtime;
  static constexpr Where kCall{nullptr, "GPUQueue.submit"};
  if (info.Length() < 1) return ThrowTooFew(info, kCall, 1);
  Conversion c(runtime, info.GetIsolate());
  size_t count = 0;
  WGPUCommandBuffer const* commands = nullptr;
  ArenaVector<Recorder*> recorders(&c.arena);
  const Where where{&kCall, "commandBuffers"};
  if (!c.ToSequence(info[0], where, &count, &commands,
                    [&](v8::Local<v8::Value> element, const Where& at, WGPUCommandBuffer* place) {
                      if (!c.ToHandle(element, at, Kind::kGPUCommandBuffer, place)) return false;
                      Recorder** const recorder = recorders.Add();
                      if (recorder == nullptr) return c.FailOutOfMemory();
                      *recorder = Recorder::Of(element.As<v8::Object>());
                      return true;
                    })) {
    return;
  }
  const auto queue = self->handle<WGPUQueue>();
  runtime.procs().queueSubmit(queue, count, commands);
  // Valid or not, Dawn has thrown their commands away. The driver has them until they are done.
  uint64_t bytes = 0;
  for (size_t index = 0; index < count; index++) bytes += recorders.data()[index]->Submitted();
  runtime.Submitted(queue);
  runtime.Staged(queue, bytes);
}

void GPUQueue_onSubmittedWorkDone(const Info& info) {
  PromiseCall call(info, Kind::kGPUQueue, "GPUQueue.onSubmittedWorkDone");
  Object* const self = call.self();
  if (self == nullptr) return;
  Runtime& runtime = *self->runtime;
  Pending* const pending = runtime.Begin(Pending::Kind::kWorkDone, call.resolver(), info.This());
  WGPUQueueWorkDoneCallbackInfo callback;
  callback.callback = [](WGPUQueueWorkDoneStatus status, WGPUStringView, void* data, void*) {
    auto* const answered = static_cast<Pending*>(data);
    answered->status = status;
    answered->runtime->Complete(answered);
  };
  callback.userdata1 = pending;
  pending->future = runtime.procs().queueOnSubmittedWorkDone(self->handle<WGPUQueue>(), callback);
}

void GPUQueue_writeBuffer(const Info& info) {
  Object* const self = Object::Of(info.This());
  Runtime& runtime = *self->runtime;
  static constexpr Where kCall{nullptr, "GPUQueue.writeBuffer"};
  if (info.Length() < 3) return ThrowTooFew(info, kCall, 3);
  Conversion c(runtime, info.GetIsolate());
  WGPUBuffer buffer;
  uint64_t buffer_offset;
  uint64_t offset = 0;
  uint64_t size = 0;
  Source source;
  if (!c.ToHandle(info[0], {&kCall, "buffer"}, Kind::kGPUBuffer, &buffer) ||
      !c.ToInteger(info[1], {&kCall, "bufferOffset"}, &buffer_offset)) {
    return;
  }
  // Whatever converting the rest runs may take the memory away: it is looked at last.
  const bool is_source =
      info[2]->IsArrayBufferView() || info[2]->IsArrayBuffer() || info[2]->IsSharedArrayBuffer();
  if (!is_source && !source.Read(c, info[2], {&kCall, "data"})) return;
  if (!info[3]->IsUndefined() && !c.ToInteger(info[3], {&kCall, "dataOffset"}, &offset)) return;
  if (!info[4]->IsUndefined() && !c.ToInteger(info[4], {&kCall, "size"}, &size)) return;
  if (!source.Read(c, info[2], {&kCall, "data"}) ||
      !source.Cut(c, kCall, offset, !info[4]->IsUndefined(), size, 4)) {
    return;
  }
  const auto queue = self->handle<WGPUQueue>();
  runtime.procs().queueWriteBuffer(queue, buffer, buffer_offset, source.data(), source.size());
  runtime.Staged(queue, source.size());
}

void GPUQueue_writeTexture(const Info& info) {
  Object* const self = Object::Of(info.This());
  Runtime& runtime = *self->runtime;
  static constexpr Where kCall{nullptr, "GPUQueue.writeTexture"};
  if (info.Length() < 4) return ThrowTooFew(info, kCall, 4);
  Conversion c(runtime, info.GetIsolate());
  WGPUTexelCopyTextureInfo destination{};
  WGPUTexelCopyBufferLayout layout{};
  WGPUExtent3D size{};
  Source source;
  const Where destination_where{&kCall, "destination"};
  const Where layout_where{&kCall, "dataLayout"};
  const Where size_where{&kCall, "size"};
  if (!ConvertGPUTexelCopyTextureInfo(c, info[0], destination_where, &destination) ||
      !source.Read(c, info[1], {&kCall, "data"}) ||
      !ConvertGPUTexelCopyBufferLayout(c, info[2], layout_where, &layout) ||
      !ConvertExtent3D(c, info[3], size_where, &size) ||
      // Converting the others may have taken the memory away.
      !source.Read(c, info[1], {&kCall, "data"})) {
    return;
  }
  const auto queue = self->handle<WGPUQueue>();
  runtime.procs().queueWriteTexture(queue, &destination, source.data(), source.size(), &layout,
                                    &size);
  runtime.Staged(queue, StagedBytes(layout, size, source.size()));
}

// There because programs look for it, and replace it. No value is an image of the types that it
// takes: a Sandbox has none of them.
void GPUQueue_copyExternalImageToTexture(const Info& info) {
  static constexpr Where kCall{nullptr, "GPUQueue.copyExternalImageToTexture"};
  if (info.Length() < 3) return ThrowTooFew(info, kCall, 3);
  Conversion c(*Object::Of(info.This())->runtime, info.GetIsolate());
  const Where source{&kCall, "source"};
  v8::Local<v8::Object> object;
  if (!c.ToDictionary(info[0], source, &object)) return;
  c.Fail({&source, "source"}, "no image, canvas or video of a page; a Sandbox has none");
}

}  // namespace dcp::webgpu
