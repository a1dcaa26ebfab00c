#include "isolate/watchdog.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include "isolate/clock.h"

namespace dcp {

Watchdog& Watchdog::Instance() {
  // Leaked on purpose: the thread may still run while the process destroys its statics.
  static Watchdog* instance = [] {
    auto* watchdog = new Watchdog();
    watchdog->Start();
    return watchdog;
  }();
  return *instance;
}

void Watchdog::Start() {
  next_check_ = std::numeric_limits<double>::infinity();
  std::thread thread([this] { Loop(); });
  pthread_setname_np(thread.native_handle(), "dcp-watchdog");
  thread.detach();
}

void Watchdog::Add(Watched* watched) {
  std::lock_guard lock(mutex_);
  watched_.push_back(watched);
}

void Watchdog::Remove(Watched* watched) {
  std::lock_guard lock(mutex_);
  watched_.erase(std::remove(watched_.begin(), watched_.end(), watched), watched_.end());
}

void Watchdog::Wake(double due_ms) {
  std::lock_guard lock(mutex_);
  if (due_ms >= next_check_.load(std::memory_order_relaxed)) return;
  next_check_.store(due_ms, std::memory_order_relaxed);
  wake_.notify_one();
}

void Watchdog::Loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const double until = next_check_.load(std::memory_order_relaxed);
    const double now = MonotonicMs();
    if (now < until) {
      if (until == std::numeric_limits<double>::infinity()) {
        wake_.wait(lock);
      } else {
        wake_.wait_for(lock, std::chrono::duration<double, std::milli>(until - now));
      }
      continue;
    }
    double next = std::numeric_limits<double>::infinity();
    // Whoever pokes during the checks must not take the old time for a check still to come.
    next_check_.store(next, std::memory_order_relaxed);
    for (Watched* watched : watched_) next = std::min(next, watched->Check(now));
    // A check that is due at once again would spin; a millisecond is finer than any limit.
    next_check_.store(std::max(next, now + 1), std::memory_order_relaxed);
  }
}

}  // namespace dcp
