// Public to native/: the two clocks. All times in this addon are milliseconds as double.
#pragma once

#include <ctime>
#include <limits>

namespace dcp {

// A time that does not come.
constexpr double kNever = std::numeric_limits<double>::infinity();

// Any clock, in milliseconds.
double ReadClockMs(clockid_t clock);

// Since an arbitrary start; never jumps. About 30 ns a read.
double MonotonicMs();

// CPU time of the calling thread. Up to 1 µs a read: never on the path of every Slice.
double ThreadCpuMs();

}  // namespace dcp
