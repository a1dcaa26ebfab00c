#include "isolate/fine_clock.h"

#include <algorithm>

#include "isolate/clock.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace dcp {

namespace {

constexpr double kLongestMs = 1;
// In a millisecond, of any processor: so long at most nobody looks, whatever was measured.
constexpr double kMostTicks = 1e7;
// Ticks are measured from one look to another that comes so soon: over a longer time the machine
// may have slept.
constexpr double kSoonMs = 20;
// Between two readings that are to be of one moment: some microseconds. A thread that had to wait
// there for a processor reads again, so often.
constexpr uint64_t kQuickTicks = 5000;
constexpr int kReadings = 3;

// Whether they come at one rate whatever the processor does, and all of its cores agree on them.
bool HasSteadyTicks() {
#ifdef __x86_64__
  constexpr unsigned kPowerManagement = 0x80000007;
  constexpr unsigned kInvariant = 1u << 8;
  unsigned a;
  unsigned b;
  unsigned c;
  unsigned d;
  return __get_cpuid(kPowerManagement, &a, &b, &c, &d) != 0 && (d & kInvariant) != 0;
#else
  return false;
#endif
}

}  // namespace

double FineClock::Look() {
  static const bool kSteady = HasSteadyTicks();
  uint64_t ticks;
  double now_ms;
  double kernel_ms;
  for (int left = kReadings;;) {
    ticks = Ticks();
    now_ms = MonotonicMs();
    if (!kSteady) return now_ms;
    // Ticks go on while time is held.
    kernel_ms = KernelMs();
    if (Ticks() - ticks < kQuickTicks) break;
    if (--left == 0) return now_ms;
  }
  looked_at_ticks_ = ticks;
  looked_ms_ = now_ms;
  const double ms = kernel_ms - since_ms_;
  if (ms < kLongestMs) return now_ms;
  // Measured anew each time: a virtual machine may go on on another processor.
  if (ms < kSoonMs) {
    ms_per_tick_ = ms / static_cast<double>(ticks - since_ticks_);
    most_ticks_ = static_cast<uint64_t>(std::min(kLongestMs / ms_per_tick_, kMostTicks));
  }
  since_ticks_ = ticks;
  since_ms_ = kernel_ms;
  return now_ms;
}

}  // namespace dcp
