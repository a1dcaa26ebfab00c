// Internal: the processes between whoever starts an evaluator and the evaluator.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <functional>

namespace dcp::confinement {

// Answers a pidfd, negative when the kernel has none.
int PidfdOf(pid_t process);

// The first process of a pid namespace: ends with the launcher, and everything in the namespace
// with it. Until then it only reaps those whose parents have ended.
[[noreturn]] void RunInit(int launcher);

// Stays beside the program's process, passes on signals that were sent to this one, and ends as
// that one has ended. SIGQUIT becomes SIGKILL.
[[noreturn]] void StayBeside(pid_t program, pid_t init, const std::function<void()>& on_end);

// Signals that were blocked before the launcher began.
const sigset_t& BlockSignals();

}  // namespace dcp::confinement
