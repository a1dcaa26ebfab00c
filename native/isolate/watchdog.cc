#include "isolate/watchdog.h"

#include <pthread.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

namespace dcp {

namespace {

// A timer that fires so late was late because the process stood still, or hardly got a processor.
constexpr double kStoodStillMs = 1000;
// Then whoever froze it has so long to say so before anything counts as overdue.
constexpr double kSayingMs = 250;

}  // namespace

Watchdog& Watchdog::Instance() {
  // Leaked on purpose: the thread may still run while the process destroys its statics.
  static Watchdog* instance = [] {
    auto* watchdog = new Watchdog();
    watchdog->Start();
    return watchdog;
  }();
  return *instance;
}

Watchdog::Watchdog() : timer_fd_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {
  if (timer_fd_ >= 0) return;
  // Nothing would end what never ends.
  (void)std::fprintf(stderr, "dcp_native: no timer for the watchdog (errno %d)\n", errno);
  std::abort();
}

void Watchdog::Start() {
  std::thread thread([this] { Loop(); });
  pthread_setname_np(thread.native_handle(), "dcp-watchdog");
  thread.detach();
}

void Watchdog::Add(std::weak_ptr<Watched> watched) {
  std::lock_guard lock(mutex_);
  watched_.push_back(std::move(watched));
}

void Watchdog::PullEarlier(double due_ms) {
  std::lock_guard lock(mutex_);
  if (due_ms < next_check_.load(std::memory_order_relaxed)) SleepUntil(due_ms);
}

void Watchdog::SleepUntil(double due_ms) {
  next_check_.store(due_ms, std::memory_order_relaxed);
  itimerspec at{};
  // All zeros: never.
  if (due_ms != kNever) {
    // A time that has passed fires at once, but for zero.
    const double due = std::max(KernelMsAt(due_ms), 1.0);
    timer_due_ms_.store(due, std::memory_order_relaxed);
    at.it_value.tv_sec = static_cast<time_t>(due / 1e3);
    at.it_value.tv_nsec = static_cast<long>(std::fmod(due, 1e3) * 1e6);
  }
  timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &at, nullptr);
}

void Watchdog::Loop() {
  for (;;) {
    uint64_t fired;
    if (read(timer_fd_, &fired, sizeof fired) != sizeof fired) continue;
    if (KernelMs() - timer_due_ms_.load(std::memory_order_relaxed) > kStoodStillMs) {
      std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(kSayingMs));
    }
    std::unique_lock lock(mutex_);
    // Whoever pokes during the checks must not take the old time for a check still to come.
    next_check_.store(kNever, std::memory_order_relaxed);
    std::erase_if(watched_, [](const auto& watched) { return watched.expired(); });
    const std::vector<std::weak_ptr<Watched>> all = watched_;
    // A check takes locks of its own, and may turn out to be the last to hold what it checks.
    lock.unlock();
    const double now = MonotonicMs();
    double next = kNever;
    for (const auto& watched : all) {
      if (const auto alive = watched.lock()) next = std::min(next, alive->Check(now));
    }
    lock.lock();
    // A check that is due at once again would spin; a millisecond is finer than any limit.
    const double poked = next_check_.load(std::memory_order_relaxed);
    SleepUntil(std::max(std::min(next, poked), now + 1));
  }
}

}  // namespace dcp
