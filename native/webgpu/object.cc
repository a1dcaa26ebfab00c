#include "webgpu/object.h"

#include <algorithm>
#include <utility>

#include "webgpu/interfaces.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

Object::Object(Runtime* of, Kind is, void* owned) : runtime(of), kind(is), handle_(owned) {
  runtime->Link(this);
}

Object::~Object() {
  runtime->Unlink(this);
  if (handle_ != nullptr) ReleaseHandle(runtime->procs(), kind, handle_);
}

Resource::Resource(Runtime* of, Kind is, void* owned, WGPUDevice made_by, uint64_t bytes)
    : Object(of, is, owned), device(made_by), bytes_(bytes) {
  GpuCounters& counters = runtime->mutable_counters();
  counters.memory_bytes.fetch_add(bytes_, std::memory_order_relaxed);
  (kind == Kind::kGPUBuffer ? counters.buffers : counters.textures)
      .fetch_add(1, std::memory_order_relaxed);
}

Resource::~Resource() { Resource::Destroyed(); }

void Resource::Destroyed() {
  if (!std::exchange(counted_, false)) return;
  GpuCounters& counters = runtime->mutable_counters();
  counters.memory_bytes.fetch_sub(bytes_, std::memory_order_relaxed);
  (kind == Kind::kGPUBuffer ? counters.buffers : counters.textures)
      .fetch_sub(1, std::memory_order_relaxed);
}

Pipeline::Pipeline(Runtime* of, Kind is, void* owned) : Object(of, is, owned) {
  runtime->mutable_counters().pipelines.fetch_add(1, std::memory_order_relaxed);
}

Pipeline::~Pipeline() {
  runtime->mutable_counters().pipelines.fetch_sub(1, std::memory_order_relaxed);
}

Device::Device(Runtime* of, void* owned)
    : Object(of, Kind::kGPUDevice, owned), queue(of->procs().deviceGetQueue(handle<WGPUDevice>())) {
  WGPULimits limits;
  runtime->procs().deviceGetLimits(handle<WGPUDevice>(), &limits);
  max_buffer_bytes = limits.maxBufferSize;
  max_texture_size = std::max({limits.maxTextureDimension1D, limits.maxTextureDimension2D,
                               limits.maxTextureDimension3D, limits.maxTextureArrayLayers});
  runtime->AddDevice(this);
  runtime->mutable_counters().devices.fetch_add(1, std::memory_order_relaxed);
}

Device::~Device() {
  runtime->mutable_counters().devices.fetch_sub(1, std::memory_order_relaxed);
  runtime->RemoveDevice(this);
  runtime->RemoveQueue(queue);
  runtime->procs().queueRelease(queue);
}

}  // namespace dcp::webgpu
