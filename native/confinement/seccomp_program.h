// Internal to native/confinement: makes a program for the kernel's filter of calls (seccomp(2)).
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <vector>

namespace dcp::confinement {

// For the process `self` (as it sees itself); `profiles` are bits of CallProfile. The program is
// for the architecture it is compiled for: calls of another one, which an x86-64 kernel offers two
// of, end the process.
std::vector<sock_filter> SeccompProgram(unsigned profiles, pid_t self);

}  // namespace dcp::confinement
