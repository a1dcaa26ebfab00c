// Internal to native/sandbox: the words that native code and the prelude share.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

namespace dcp {

// The same list is `Control` in src/sandbox/host.ts. The prelude is on the Job's side of the trust
// boundary: whatever it writes here can only mislead about its own Job.
struct Control {
  static constexpr double kIdle = 0;
  static constexpr double kMore = 1;
  static constexpr double kWaiting = 2;
  double state = kIdle;
  // The Slice that runs, 0 for none; MonotonicMs() of its start and of its last sign of progress.
  double slice = 0;
  double slice_started_ms = 0;
  double progress_ms = 0;
  // MonotonicMs() when the next timer of the Work Function is due; 0 for none.
  double next_timer_ms = 0;
  // Results that ended and wait to be delivered.
  double undelivered = 0;
  // Of the timers, those that a Slice may wait for.
  double awaited_timers = 0;
  // Written by native code: promises whose rejection or late handling is to be reported.
  double rejections = 0;
  // Requests to the host that have no answer yet.
  double open_requests = 0;
  // Written by native code: MonotonicMs() when the prelude last asked for it.
  double now_ms = 0;
  // What of the Sandbox's CPU time, and of its GPU's time, belongs to Slices before the one that
  // runs.
  double cpu_read_ms = 0;
  double gpu_read_ms = 0;
};

// The prelude writes these words with plain stores while other threads read them.
inline double ReadWord(const double& word) {
  return std::atomic_ref(const_cast<double&>(word)).load(std::memory_order_relaxed);
}

// How much later than a word of the prelude it is by the clock that the word was read from; 0 for
// a word that is no time of the past.
inline double MsSince(double word, double now_ms) {
  const double since_ms = now_ms - word;
  return since_ms > 0 && since_ms <= now_ms ? since_ms : 0;
}

// A word of the prelude as the number of a Slice; 0 when it is none.
inline uint32_t SliceOf(double word) {
  return word >= 1 && word <= std::numeric_limits<uint32_t>::max() ? static_cast<uint32_t>(word)
                                                                   : 0;
}

}  // namespace dcp
