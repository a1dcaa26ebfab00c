// Public: a trigger of the kernel's pressure stall information (Documentation/accounting/psi.rst).
#pragma once

#include <string>

namespace dcp {

// Opens a file of /proc/pressure and asks to be told when tasks have waited too long. Answers a
// descriptor that has POLLPRI then, at most once in a window, and POLLERR when the file has gone; or
// a negative number of errno. The trigger ends when the descriptor is closed.
//
// `trigger`: `some STALL WINDOW`, in microseconds. EINVAL: the kernel does not take these; EPERM or
// EACCES: not from this user.
int OpenPressureTrigger(const std::string& file, const std::string& trigger);

}  // namespace dcp
