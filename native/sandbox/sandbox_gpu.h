// Internal to native/sandbox: WebGPU of one Sandbox, as its event loop sees it.
#pragma once

#include <v8.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "webgpu/gpu.h"

namespace dcp {

// What an evaluator gives to Sandboxes whose Job requires WebGPU. Immutable; shared by them.
struct GpuOffer {
  // Null: there is no WebGPU here, and `why_not` says why.
  const webgpu::Library* library = nullptr;
  std::string why_not;
  // Rules for adapters, in lower case: PCI numbers ("10de:2684") or a part of what the driver says.
  // Nothing allowed: any, but for those that are banned.
  std::vector<std::string> allowed;
  std::vector<std::string> banned;
  bool software = false;

  bool Offers(const webgpu::AdapterDescription& adapter) const;
};

struct GpuLimits {
  uint64_t memory_bytes;
  uint32_t buffers;
  uint32_t pipelines;
};

// What Sandboxes have of the GPU at a time.
struct GpuUse {
  // Sandboxes whose GPU works on something.
  uint32_t busy = 0;
  uint32_t devices = 0;
  uint32_t buffers = 0;
  uint32_t textures = 0;
  uint32_t pipelines = 0;
  // Of buffers and textures.
  uint64_t memory_bytes = 0;
};

// Made when the Job comes, ended before the isolate. On the executing thread with the isolate
// entered, unless stated otherwise.
class SandboxGpu {
 public:
  // Null with the reason. `host_bytes`: what it may have of the process's memory, with all else
  // outside of the heap. `on_adapter` hears the name of each adapter that the Job gets, once.
  static std::unique_ptr<SandboxGpu> Create(const GpuOffer& offer, const GpuLimits& limits,
                                            size_t host_bytes, v8::Isolate* isolate,
                                            std::function<void(std::string)> on_adapter,
                                            std::string* why_not);

  // See webgpu::Gpu::Install().
  v8::MaybeLocal<v8::Object> Install(v8::Local<v8::Context> context,
                                     v8::Local<v8::Object> classes) {
    return gpu_->Install(context, classes);
  }

  // Something may still settle a promise, or be told to a listener.
  bool HasPendingWork() const { return gpu_->HasPendingWork(); }
  // Poll() is to be called again: for that, or because somebody wants to know how long it works.
  bool WantsPolling() const { return HasPendingWork() || IsBusy(); }

  // Waits at most so long for the GPU and settles promises. Answers whether anything happened.
  bool Poll(double wait_ms);

  // How long a thread that has nothing else to do should wait in the next Poll(): longer the longer
  // nothing happens, so that a long shader costs nothing.
  double next_wait_ms() const { return next_wait_ms_; }

  // Some queue has not come back from what was submitted, as far as Poll() and WaitIdle() know. Any
  // thread.
  bool IsBusy() const;
  // Release() would wait, for that or for a pipeline that is being made. Any thread.
  bool HoldsRelease() const;
  // How long IsBusy() has been true so far, in all. Any thread.
  double BusyMs(double now_ms) const;
  // Any thread.
  void AddUse(GpuUse* sum) const;
  // Memory of the process, see webgpu::GpuCounters. Any thread.
  size_t HostBytes() const { return gpu_->counters().host_bytes.load(std::memory_order_relaxed); }
  // See webgpu::Gpu::HeedInterrupt(). Any thread.
  void HeedInterrupt() { gpu_->HeedInterrupt(); }
  // See webgpu::Gpu::Bury().
  void Bury() { gpu_->Bury(); }
  // Waits at most so long until Release() would not have to. Runs no JavaScript.
  void WaitIdle(double wait_ms);

  // Everything of the GPU goes. Waits for what was submitted and for pipelines: only when not
  // HoldsRelease().
  void Release() { gpu_->Release(); }

 private:
  explicit SandboxGpu(std::unique_ptr<webgpu::Gpu> gpu);

  const std::unique_ptr<webgpu::Gpu> gpu_;
  double next_wait_ms_;
};

}  // namespace dcp
