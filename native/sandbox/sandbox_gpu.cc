#include "sandbox/sandbox_gpu.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace dcp {

namespace {

// A wait ends at once when the GPU is done; other wake-ups of the thread are seen when it is over.
constexpr double kFirstWaitMs = 1;
// Each wait costs some 0.1 ms in all: this keeps a long shader below 2% of a core.
constexpr double kLongestWaitMs = 10;

// What queues have been given to write and have not written.
constexpr size_t kMostStagedBytes = size_t{64} << 20;

void AppendLower(std::string_view text, std::string* to) {
  for (const char c : text) to->push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  to->push_back(' ');
}

// As src/evaluator/gpu/probe.ts names it.
std::string NameOf(const webgpu::AdapterDescription& adapter) {
  for (std::string_view name : {adapter.description, adapter.device, adapter.architecture}) {
    if (!name.empty()) return std::string(name);
  }
  return std::string(adapter.vendor);
}

}  // namespace

bool GpuOffer::Offers(const webgpu::AdapterDescription& adapter) const {
  if (adapter.software && !software) return false;
  char pci_id[24];
  (void)std::snprintf(pci_id, sizeof pci_id, "%04x:%04x", adapter.vendor_id, adapter.device_id);
  std::string said;
  for (std::string_view part :
       {adapter.vendor, adapter.architecture, adapter.device, adapter.description}) {
    AppendLower(part, &said);
  }
  const auto matches = [&](const std::string& rule) {
    return rule == pci_id || said.find(rule) != std::string::npos;
  };
  if (std::any_of(banned.begin(), banned.end(), matches)) return false;
  return allowed.empty() || std::any_of(allowed.begin(), allowed.end(), matches);
}

std::unique_ptr<SandboxGpu> SandboxGpu::Create(const GpuOffer& offer, const GpuLimits& limits,
                                               size_t host_bytes, v8::Isolate* isolate,
                                               std::function<void(std::string)> on_adapter,
                                               std::string* why_not) {
  if (offer.library == nullptr) {
    *why_not = offer.why_not;
    return nullptr;
  }
  webgpu::GpuOptions options;
  options.offers = [offer, on_adapter, told = std::set<std::string>()](
                       const webgpu::AdapterDescription& adapter) mutable {
    if (!offer.Offers(adapter)) return false;
    if (const auto [name, is_new] = told.emplace(NameOf(adapter)); is_new) on_adapter(*name);
    return true;
  };
  options.memory_bytes = limits.memory_bytes;
  options.staged_bytes = std::min(kMostStagedBytes, host_bytes / 4);
  options.buffers = limits.buffers;
  options.pipelines = limits.pipelines;
  auto gpu = webgpu::Gpu::Create(*offer.library, isolate, std::move(options), why_not);
  if (!gpu) return nullptr;
  return std::unique_ptr<SandboxGpu>(new SandboxGpu(std::move(gpu)));
}

SandboxGpu::SandboxGpu(std::unique_ptr<webgpu::Gpu> gpu)
    : gpu_(std::move(gpu)), next_wait_ms_(kFirstWaitMs) {}

bool SandboxGpu::Poll(double wait_ms) {
  const bool happened = gpu_->Poll(static_cast<uint64_t>(wait_ms * 1e6));
  if (happened) {
    next_wait_ms_ = kFirstWaitMs;
  } else if (wait_ms > 0) {
    next_wait_ms_ = std::min(next_wait_ms_ * 1.25, kLongestWaitMs);
  }
  return happened;
}

bool SandboxGpu::IsBusy() const {
  return gpu_->counters().busy_since_ms.load(std::memory_order_relaxed) != 0;
}

bool SandboxGpu::HoldsRelease() const {
  return IsBusy() || gpu_->counters().compiling.load(std::memory_order_relaxed) > 0;
}

double SandboxGpu::BusyMs(double now_ms) const {
  const webgpu::GpuCounters& counters = gpu_->counters();
  const double since_ms = counters.busy_since_ms.load(std::memory_order_relaxed);
  const double before_ms = counters.busy_ms.load(std::memory_order_relaxed);
  return since_ms == 0 ? before_ms : before_ms + std::max(0.0, now_ms - since_ms);
}

void SandboxGpu::AddUse(GpuUse* sum) const {
  const webgpu::GpuCounters& counters = gpu_->counters();
  sum->busy += IsBusy() ? 1 : 0;
  sum->devices += counters.devices.load(std::memory_order_relaxed);
  sum->buffers += counters.buffers.load(std::memory_order_relaxed);
  sum->textures += counters.textures.load(std::memory_order_relaxed);
  sum->pipelines += counters.pipelines.load(std::memory_order_relaxed);
  sum->memory_bytes += counters.memory_bytes.load(std::memory_order_relaxed);
}

void SandboxGpu::WaitIdle(double wait_ms) {
  gpu_->WaitIdle(static_cast<uint64_t>(wait_ms * 1e6));
  next_wait_ms_ = kLongestWaitMs;
}

}  // namespace dcp
