// Internal to native/webgpu: what is on a Sandbox's account (GpuCounters), and for how long.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "webgpu/generated/names.h"
#include "webgpu/gpu.h"
#include "webgpu/webgpu_abi.h"

namespace dcp::webgpu {

class Runtime;

// For counters that only the executing thread writes. Modulo 2^64.
inline void Add(std::atomic<uint64_t>& counter, uint64_t bytes) {
  counter.store(counter.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
}

// What Dawn keeps for others that may outlive it in JavaScript: a buffer for the bind groups that
// name it, those for the commands that use them. Counted by references, as it is there; who keeps
// it has one. On the executing thread.
class Kept {
 public:
  Kept() = default;
  virtual ~Kept() { LetGo(); }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  // From now on this keeps that. More than once in a row takes no more than once.
  void Keep(const std::shared_ptr<Kept>& other) {
    if (other->last_keeper_ == this) return;
    other->last_keeper_ = this;
    kept_.push_back(other);
  }

  // Bytes that Dawn notes of it with each dispatch, or pass, that uses it.
  size_t usage = 0;

 protected:
  void LetGo();

 private:
  std::vector<std::shared_ptr<Kept>> kept_;
  const Kept* last_keeper_ = nullptr;
};

// Those that the arguments of a call name, as long as the call.
struct Named {
  const std::shared_ptr<Kept>* const* all = nullptr;
  size_t count = 0;

  void KeepFor(Kept& keeper) const {
    for (size_t index = 0; index < count; index++) keeper.Keep(*all[index]);
  }
  size_t usage() const {
    size_t bytes = 0;
    for (size_t index = 0; index < count; index++) bytes += (*all[index])->usage;
    return bytes;
  }
};

// The memory of a buffer, a texture or a query set: counted until it is destroyed, or nothing is
// left that it is kept for.
class Memory final : public Kept {
 public:
  Memory(Runtime* of, Kind owned_by, WGPUDevice made_by, uint64_t bytes);
  ~Memory() override;

  // It was destroyed, or its device was.
  void Free();

  // To compare.
  const WGPUDevice device;

 private:
  friend class Runtime;

  Runtime* const runtime_;
  const Kind kind_;
  const uint64_t bytes_;
  bool counted_ = true;
  // Among all of the runtime.
  Memory* previous_ = nullptr;
  Memory* next_ = nullptr;
};

// The commands of a command encoder, of its passes, and of the command buffer that it becomes: Dawn
// keeps them, and what they use, until all of these are gone, or they were submitted. On
// GpuCounters::host_bytes.
class Recording final : public Kept {
 public:
  explicit Recording(GpuCounters& counters) : counters_(counters) {}
  ~Recording() override { Clear(); }

  void Add(size_t bytes);
  // Answers how many bytes it had.
  size_t Clear();
  // Nothing is recorded any more: whatever is called is a mistake, and kept by nobody.
  void Finish() { finished_ = true; }
  bool is_finished() const { return finished_; }

 private:
  GpuCounters& counters_;
  size_t bytes_ = 0;
  bool finished_ = false;
};

}  // namespace dcp::webgpu
