#include "webgpu/object.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "webgpu/interfaces.h"
#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

// What an object of Dawn's takes beside its content, and ours behind it: most take less.
constexpr size_t kObjectBytes = 512;
// Dawn has what an object was made of, some of it twice.
constexpr size_t kCopies = 2;
// Of a shader it has the program, of which a byte of text takes 300 where there is no comment.
constexpr size_t kShaderCopies = 64;
// An error scope without its errors.
constexpr size_t kErrorScopeBytes = 64;

// Ours, and as much as Dawn gets.
size_t LabelBytes(size_t length) { return length + CutLabel({nullptr, length}).length; }

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

void Object::Count(size_t bytes) {
  host_bytes_ += bytes;
  Add(runtime->mutable_counters().host_bytes, bytes);
}

void Object::Hold(const Content& content) {
  const bool has_label = content.label.data != nullptr && content.label.length > 0;
  if (has_label) SetLabel(content.label);
  const size_t bytes = content.bytes - std::min(content.bytes, label.size());
  Count(bytes * (kind == Kind::kGPUShaderModule ? kShaderCopies : kCopies));
}

void Object::SetLabel(WGPUStringView text) {
  const size_t before = LabelBytes(label.size());
  label.assign(text.data, text.length);
  // Modulo 2^64, as counters are.
  Count(LabelBytes(label.size()) - before);
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
  if (IsOne(maker.kind)) {
    kept = maker.kept;
  } else {
    kept = std::make_shared<Recording>(of->mutable_counters());
  }
  if (is == Kind::kGPUCommandBuffer || is == Kind::kGPURenderBundle) recording().Finish();
}

void Recorder::RecordBindGroup(uint32_t index, size_t bytes, Named group) {
  const size_t usage = group.usage();
  if (kind == Kind::kGPUComputePassEncoder) {
    bound_[index % bound_.size()] = usage;
  } else {
    bytes += usage;
    recording().usage += usage;
  }
  Record(bytes, group);
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

void Device::ErrorScopePushed(WGPUErrorFilter filter) {
  error_scopes_.push_back({filter, kErrorScopeBytes});
  Add(runtime->mutable_counters().host_bytes, kErrorScopeBytes);
}

void Device::ErrorScopePopped() {
  if (error_scopes_.empty()) return;
  Add(runtime->mutable_counters().host_bytes, -static_cast<uint64_t>(error_scopes_.back().bytes));
  error_scopes_.pop_back();
}

void Device::ChargeErrorScope(size_t bytes) {
  const auto scope = std::find_if(
      error_scopes_.rbegin(), error_scopes_.rend(),
      [](const ErrorScope& each) { return each.filter == WGPUErrorFilter_Validation; });
  // It keeps one error.
  if (scope == error_scopes_.rend() || scope->bytes >= bytes * kCopies) return;
  const size_t more = bytes * kCopies - std::exchange(scope->bytes, bytes * kCopies);
  Add(runtime->mutable_counters().host_bytes, more);
}

Device::~Device() {
  runtime->mutable_counters().devices.fetch_sub(1, std::memory_order_relaxed);
  while (!error_scopes_.empty()) ErrorScopePopped();
  runtime->RemoveDevice(this);
  runtime->RemoveQueue(queue);
  runtime->procs().queueRelease(queue);
}

}  // namespace dcp::webgpu
