// The second stage of confinement: what an evaluator process may ask of the kernel, for good and
// for all of its threads. It comes after everything that a process does once has been done, and
// before the first code of a Job.
#pragma once

#include <string>

namespace dcp::confinement {

// Installs the filter of these profiles (bits of CallProfile in confinement/allowed_calls.h) on
// every thread there is; those to come have it too. Another filter on top can only take more away.
// Answers why it could not, empty when it could: then no thread has it. No privileges are needed:
// the process gives up gaining any (no_new_privs), which stays so.
// Any thread may call it.
std::string InstallSeccompFilter(unsigned profiles);

}  // namespace dcp::confinement
