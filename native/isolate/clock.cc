#include "isolate/clock.h"

#include <ctime>

namespace dcp {

namespace {
double ReadMs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}
}  // namespace

double MonotonicMs() { return ReadMs(CLOCK_MONOTONIC); }

double ThreadCpuMs() { return ReadMs(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace dcp
