#include "webgpu/account.h"

#include <utility>

#include "webgpu/runtime.h"

namespace dcp::webgpu {

namespace {

// Dawn's for the first command of an encoder, and what it looks after its use of resources with.
constexpr size_t kFirstCommandBytes = 4096;

// Of resources of that kind, if they are counted one by one.
std::atomic<uint32_t>* CountOf(Kind kind, GpuCounters& counters) {
  if (kind == Kind::kGPUBuffer) return &counters.buffers;
  return kind == Kind::kGPUTexture ? &counters.textures : nullptr;
}

}  // namespace

void Kept::LetGo() {
  for (const auto& each : kept_) {
    if (each->last_keeper_ == this) each->last_keeper_ = nullptr;
  }
  kept_.clear();
}

Memory::Memory(Runtime* of, Kind owned_by, WGPUDevice made_by, uint64_t bytes)
    : device(made_by), runtime_(of), kind_(owned_by), bytes_(bytes) {
  runtime_->Link(this);
  GpuCounters& counters = runtime_->mutable_counters();
  counters.memory_bytes.fetch_add(bytes_, std::memory_order_relaxed);
  if (auto* const count = CountOf(kind_, counters)) count->fetch_add(1, std::memory_order_relaxed);
}

Memory::~Memory() {
  Free();
  runtime_->Unlink(this);
}

void Memory::Free() {
  if (!std::exchange(counted_, false)) return;
  GpuCounters& counters = runtime_->mutable_counters();
  counters.memory_bytes.fetch_sub(bytes_, std::memory_order_relaxed);
  runtime_->LetMemoryGo(bytes_);
  if (auto* const count = CountOf(kind_, counters)) count->fetch_sub(1, std::memory_order_relaxed);
}

void Recording::Add(size_t bytes) {
  if (bytes_ == 0) bytes += kFirstCommandBytes;
  bytes_ += bytes;
  webgpu::Add(counters_.host_bytes, bytes);
}

size_t Recording::Clear() {
  const size_t bytes = std::exchange(bytes_, 0);
  webgpu::Add(counters_.host_bytes, -static_cast<uint64_t>(bytes));
  LetGo();
  return bytes;
}

}  // namespace dcp::webgpu
