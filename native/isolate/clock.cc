#include "isolate/clock.h"

namespace dcp {

double ReadClockMs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

double MonotonicMs() { return ReadClockMs(CLOCK_MONOTONIC); }

double ThreadCpuMs() { return ReadClockMs(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace dcp
