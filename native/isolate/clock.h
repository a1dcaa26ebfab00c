// Public to native/: the clocks. All times in this addon are milliseconds as double.
#pragma once

#include <ctime>
#include <limits>

namespace dcp {

// A time that does not come.
constexpr double kNever = std::numeric_limits<double>::infinity();

// Any clock, in milliseconds.
double ReadClockMs(clockid_t clock);

// Since an arbitrary start; never jumps, and stands still while time is held. About 30 ns a read.
// Any thread.
double MonotonicMs();

// Time stands still for everything that MonotonicMs() tells it to, until it is released: deadlines,
// timers, what Slices are said to have taken. Whoever is about to freeze this process asks for it,
// so that nobody misses the time it was frozen. One thread, in turns.
void HoldTime();
// Time goes on. `frozen_ms`: for so long the process stood still by its owner's account; more than
// time was held when the process heard of it only when it was over.
void ReleaseTime(double frozen_ms);

// When the kernel's CLOCK_MONOTONIC will show this, if time is not held until then; a little later
// than now while it is held, for nobody knows. Any thread.
double KernelMsAt(double monotonic_ms);
double KernelMs();

// CPU time of the calling thread. Up to 1 µs a read: never on the path of every Slice.
double ThreadCpuMs();

}  // namespace dcp
