#include "webgpu/queue_watches.h"

#include <algorithm>
#include <utility>

#include "webgpu/account.h"
#include "webgpu/now.h"

namespace dcp::webgpu {

namespace {

// How long one call waits for the GPU to take what it was given to write.
constexpr double kStagedWaitMs = 200;

}  // namespace

void QueueWatches::AskForEnds() {
  for (const auto& watch : watches_) {
    if (watch->unwatched_work && !watch->waiting && !watch->obsolete) Ask(watch.get());
  }
}

bool QueueWatches::Staged(WGPUQueue queue, uint64_t bytes) {
  Watch* const watch = WatchOf(queue);
  watch->staged += bytes;
  Add(counters_.host_bytes, bytes);
  if (watch->staged < staged_bytes_ / 4) return false;
  procs_.queueSubmit(queue, 0, nullptr);
  HasWork(watch);
  if (!watch->waiting) Ask(watch);
  const double until_ms = NowMs() + kStagedWaitMs;
  while (watch->waiting && watch->staged + watch->staged_before > staged_bytes_) {
    const double left_ms = until_ms - NowMs();
    if (left_ms < 0) break;
    WGPUFutureWaitInfo wait{};
    wait.future = watch->future;
    procs_.instanceWaitAny(instance_, 1, &wait, static_cast<uint64_t>(left_ms * 1e6));
  }
  return true;
}

void QueueWatches::Remove(WGPUQueue queue) {
  for (const auto& watch : watches_) {
    if (watch->queue != queue || watch->obsolete) continue;
    if (watch->unwatched_work && !watch->waiting) Ask(watch.get());
    watch->obsolete = true;
    Add(counters_.host_bytes, -std::exchange(watch->staged, 0));
  }
}

void QueueWatches::Clean() {
  std::erase_if(watches_, [](const auto& each) { return each->obsolete && !each->waiting; });
}

bool QueueWatches::FindFuture(WGPUFuture* future) const {
  for (const auto& watch : watches_) {
    if (!watch->waiting) continue;
    *future = watch->future;
    return true;
  }
  return false;
}

QueueWatches::Watch* QueueWatches::WatchOf(WGPUQueue queue) {
  const auto found = std::find_if(watches_.begin(), watches_.end(), [queue](const auto& each) {
    return each->queue == queue && !each->obsolete;
  });
  if (found != watches_.end()) return found->get();
  return watches_.emplace_back(std::make_unique<Watch>(Watch{this, queue})).get();
}

void QueueWatches::HasWork(Watch* watch) {
  if (watch->unwatched_work) return;
  watch->unwatched_work = true;
  if (watch->waiting) return;
  if (busy_++ == 0) counters_.busy_since_ms.store(NowMs(), std::memory_order_relaxed);
}

void QueueWatches::Ask(Watch* watch) {
  watch->waiting = true;
  watch->unwatched_work = false;
  watch->staged_before = std::exchange(watch->staged, 0);
  WGPUQueueWorkDoneCallbackInfo info;
  info.callback = OnWorkDone;
  info.userdata1 = watch;
  watch->future = procs_.queueOnSubmittedWorkDone(watch->queue, info);
}

void QueueWatches::OnWorkDone(WGPUQueueWorkDoneStatus status, WGPUStringView, void* data, void*) {
  auto* const watch = static_cast<Watch*>(data);
  watch->all->Done(watch, status == WGPUQueueWorkDoneStatus_Success);
}

void QueueWatches::Done(Watch* watch, bool success) {
  watch->waiting = false;
  Add(counters_.host_bytes, -std::exchange(watch->staged_before, 0));
  if (watch->unwatched_work && !watch->obsolete && success && !released_) return Ask(watch);
  watch->unwatched_work = false;
  if (--busy_ > 0) return;
  const double since_ms = counters_.busy_since_ms.load(std::memory_order_relaxed);
  counters_.busy_ms.store(counters_.busy_ms.load(std::memory_order_relaxed) + NowMs() - since_ms,
                          std::memory_order_relaxed);
  counters_.busy_since_ms.store(0, std::memory_order_relaxed);
}

}  // namespace dcp::webgpu
