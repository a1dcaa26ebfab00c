// Internal to native/webgpu: how long the queues of a Sandbox's devices work, and what they have to
// write.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "webgpu/gpu.h"
#include "webgpu/webgpu_abi.h"

namespace dcp::webgpu {

// Keeps GpuCounters::busy_ms and busy_since_ms, and what writes and commands keep on host_bytes. On
// the executing thread.
class QueueWatches {
 public:
  QueueWatches(const Procs& procs, WGPUInstance instance, GpuCounters& counters,
               uint64_t staged_bytes)
      : procs_(procs), instance_(instance), counters_(counters), staged_bytes_(staged_bytes) {}

  // Work was submitted to the queue. Nobody asks for its end so far: asking Dawn costs more than
  // submitting, and is done once for all that was submitted since somebody looked.
  void Submitted(WGPUQueue queue) { HasWork(WatchOf(queue)); }
  void AskForEnds();

  // The queue has been given so many bytes to write, or of commands. Dawn copies what is to be
  // written and begins no sooner than something is submitted: with many bytes, that is done here,
  // and waited for. Then the answer is true: what the queue is done with may be freed.
  bool Staged(WGPUQueue queue, uint64_t bytes);

  // The device of the queue goes.
  void Remove(WGPUQueue queue);
  // Those whose queue has gone, but for what still waits for its callback.
  void Clean();
  // From now on nothing more is asked of Dawn, and nobody looks at what it answers.
  void Release() { released_ = true; }

  // As far as we know.
  bool are_busy() const { return busy_ > 0; }
  // What the first of them waits for, if any does.
  bool FindFuture(WGPUFuture* future) const;

 private:
  struct Watch {
    QueueWatches* all;
    WGPUQueue queue;
    WGPUFuture future{};
    // Dawn has been asked to say when it is done with what was submitted until then,
    bool waiting = false;
    // and more has been submitted since.
    bool unwatched_work = false;
    // What Dawn or the driver has until the queue is done with it: since it was last asked, and
    // when it was. On GpuCounters::host_bytes.
    uint64_t staged = 0;
    uint64_t staged_before = 0;
    // Its device is gone.
    bool obsolete = false;
  };

  Watch* WatchOf(WGPUQueue queue);
  void HasWork(Watch* watch);
  void Ask(Watch* watch);
  static void OnWorkDone(WGPUQueueWorkDoneStatus status, WGPUStringView message, void* watch,
                         void*);
  void Done(Watch* watch, bool success);

  const Procs& procs_;
  const WGPUInstance instance_;
  GpuCounters& counters_;
  const uint64_t staged_bytes_;
  std::vector<std::unique_ptr<Watch>> watches_;
  // Of these, whose queue has work as far as we know.
  int busy_ = 0;
  bool released_ = false;
};

}  // namespace dcp::webgpu
