#include "isolate/watchdog.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>

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

void Watchdog::Add(std::weak_ptr<Watched> watched) {
  std::lock_guard lock(mutex_);
  watched_.push_back(std::move(watched));
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
    std::erase_if(watched_, [](const auto& watched) { return watched.expired(); });
    const std::vector<std::weak_ptr<Watched>> all = watched_;
    // A check takes locks of its own, and may turn out to be the last to hold what it checks.
    lock.unlock();
    for (const auto& watched : all) {
      if (const auto alive = watched.lock()) next = std::min(next, alive->Check(now));
    }
    lock.lock();
    // A check that is due at once again would spin; a millisecond is finer than any limit.
    const double poked = next_check_.load(std::memory_order_relaxed);
    next_check_.store(std::max(std::min(next, poked), now + 1), std::memory_order_relaxed);
  }
}

}  // namespace dcp
