#include "webgpu/object.h"

#include <memory>

#include "webgpu/interfaces.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

// What an object of Dawn's takes beside its content, and ours behind it: most take less.
constexpr size_t kObjectBytes = 512;
// Dawn has a copy of everything, and so have we of a label; a shader is there compiled, too.
constexpr size_t kCopies = 2;
// An error scope without its errors.
constexpr uint64_t kErrorScopeBytes = 64;

}  // namespace

Object::Object(Runtime* of, Kind is, void* owned)
    : runtime(of), kind(is), handle_(owned), host_bytes_(kObjectBytes) {
  runtime->Link(this);
  Add(runtime->mutable_counters().host_bytes, host_bytes_);
}

Object::~Object() {
  runtime->Unlink(this);
  Add(runtime->mutable_counters().host_bytes, -static_cast<uint64_t>(host_bytes_));
  if (handle_ != nullptr) ReleaseHandle(runtime->procs(), kind, handle_);
}

void Object::Hold(size_t bytes) {
  host_bytes_ += bytes * kCopies;
  Add(runtime->mutable_counters().host_bytes, bytes * kCopies);
}

void Object::SetLabel(WGPUStringView text) {
  const size_t before = label.size() * kCopies;
  label.assign(text.data, text.length);
  host_bytes_ -= before;
  Add(runtime->mutable_counters().host_bytes, -static_cast<uint64_t>(before));
  Hold(label.size());
}

bool Recorder::IsOne(Kind kind) {
  switch (kind) {
    case Kind::kGPUCommandEncoder:
    case Kind::kGPUComputePassEncoder:
    case Kind::kGPURenderPassEncoder:
    case Kind::kGPUCommandBuffer:
    case Kind::kGPURenderBundleEncoder:
    case Kind::kGPURenderBundle:
      return true;
    default:
      return false;
  }
}

Recorder::Recorder(Runtime* of, Kind is, void* owned, const Object& maker) : Object(of, is, owned) {
  if (IsOne(maker.kind))
    kept = maker.kept;
  else
    kept = std::make_shared<Recording>(of->mutable_counters());
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
  max_texture_1d = limits.maxTextureDimension1D;
  max_texture_2d = limits.maxTextureDimension2D;
  max_texture_3d = limits.maxTextureDimension3D;
  max_texture_layers = limits.maxTextureArrayLayers;
  runtime->AddDevice(this);
  runtime->mutable_counters().devices.fetch_add(1, std::memory_order_relaxed);
}

void Device::ErrorScopePushed() {
  error_scopes_++;
  Add(runtime->mutable_counters().host_bytes, kErrorScopeBytes);
}

void Device::ErrorScopePopped() {
  if (error_scopes_ == 0) return;
  error_scopes_--;
  Add(runtime->mutable_counters().host_bytes, -kErrorScopeBytes);
}

Device::~Device() {
  runtime->mutable_counters().devices.fetch_sub(1, std::memory_order_relaxed);
  Add(runtime->mutable_counters().host_bytes, -error_scopes_ * kErrorScopeBytes);
  runtime->RemoveDevice(this);
  runtime->RemoveQueue(queue);
  runtime->procs().queueRelease(queue);
}

}  // namespace dcp::webgpu
