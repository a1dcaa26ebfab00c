#include "isolate/clock.h"

#include <algorithm>
#include <atomic>

namespace dcp {

namespace {

// How long a sleeper waits who wants to know whether time is still held.
constexpr double kHeldLookMs = 10;

// How far the kernel's clock is ahead; while time is held, minus what ours shows. One word, so that
// no reader sees one of them without the other.
std::atomic<double> time_word{0};

// When time was held, on the kernel's clock. Of the thread that holds it.
double held_since_ms = 0;

}  // namespace

double ReadClockMs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

double KernelMs() { return ReadClockMs(CLOCK_MONOTONIC); }

double MonotonicMs() {
  for (;;) {
    const double ahead_ms = time_word.load(std::memory_order_acquire);
    if (ahead_ms < 0) return -ahead_ms;
    const double now_ms = KernelMs();
    // The process may have been frozen right here.
    if (time_word.load(std::memory_order_acquire) == ahead_ms) return now_ms - ahead_ms;
  }
}

void HoldTime() {
  if (time_word.load(std::memory_order_relaxed) < 0) return;
  held_since_ms = KernelMs();
  time_word.store(-(held_since_ms - time_word.load(std::memory_order_relaxed)),
                  std::memory_order_release);
}

void ReleaseTime(double frozen_ms) {
  const double shown_ms = -time_word.load(std::memory_order_relaxed);
  if (shown_ms <= 0) return;
  const double stood_ms = std::max(KernelMs() - held_since_ms, frozen_ms);
  // Not beyond what it shows: a clock below zero would be one that is held.
  const double ahead_ms = held_since_ms + stood_ms - shown_ms;
  time_word.store(std::clamp(ahead_ms, 0.0, KernelMs()), std::memory_order_release);
}

double KernelMsAt(double monotonic_ms) {
  const double ahead_ms = time_word.load(std::memory_order_acquire);
  return ahead_ms < 0 ? KernelMs() + kHeldLookMs : monotonic_ms + ahead_ms;
}

double ThreadCpuMs() { return ReadClockMs(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace dcp
