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
// Of the time in which ticks were counted, what may lie between the two readings that are compared:
// the thread may have had to wait there.
constexpr uint64_t kExactness = 100;

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
  const uint64_t before = Ticks();
  const double now_ms = MonotonicMs();
  if (!kSteady) return now_ms;
  looked_at_ticks_ = before;
  looked_ms_ = now_ms;
  // Ticks go on while time is held.
  const double kernel_ms = KernelMs();
  const uint64_t took = Ticks() - before;
  const double ms = kernel_ms - since_ms_;
  if (ms < kLongestMs) return now_ms;
  // Measured anew each time: a virtual machine may go on on another processor.
  const uint64_t ticks = before - since_ticks_;
  if (ms < kSoonMs && took < ticks / kExactness) {
    ms_per_tick_ = ms / static_cast<double>(ticks);
    most_ticks_ = static_cast<uint64_t>(std::min(kLongestMs / ms_per_tick_, kMostTicks));
  }
  since_ticks_ = before;
  since_ms_ = kernel_ms;
  return now_ms;
}

}  // namespace dcp
