#include "confinement/launch.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "confinement/layers.h"

namespace dcp::confinement {

namespace {

// As the program ended: by the same signal, or with the same code.
[[noreturn]] void EndLike(int status) {
  if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  ::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  kill(getpid(), signal);
  _exit(128 + signal);
}

bool IsSentByProcess(const siginfo_t& signal) {
  // What a terminal sends it sends to the program as well.
  return signal.si_code == SI_USER || signal.si_code == SI_QUEUE || signal.si_code == SI_TKILL;
}

}  // namespace

int PidfdOf(pid_t process) { return static_cast<int>(syscall(SYS_pidfd_open, process, 0)); }

const sigset_t& BlockSignals() {
  static sigset_t before;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  return before;
}

void RunInit(int launcher) {
  // Nothing of it is to be read or traced from within: its root and its environment are not the
  // program's.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_NAME, "dcp-confine-init", 0, 0, 0);
  ForbidNewPrivileges();
  DropCapabilities();
  DieWithParent(launcher);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) close(fd);
  CloseDescriptors({}, {});
  for (;;) {
    if (waitpid(-1, nullptr, 0) > 0) continue;
    if (errno != ECHILD) continue;
    // SIGCHLD comes when one that is handed over has ended.
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigwaitinfo(&child, nullptr);
  }
}

void StayBeside(pid_t program, pid_t init, const std::function<void()>& on_end) {
  sigset_t all;
  sigfillset(&all);
  for (;;) {
    siginfo_t signal{};
    // Before the first wait, too: it may have ended already.
    int status = 0;
    if (waitpid(program, &status, WNOHANG) == program) {
      // All that is left in the namespace ends with its first process, and is gone when that is.
      kill(init, SIGKILL);
      waitpid(init, nullptr, 0);
      on_end();
      EndLike(status);
    }
    if (sigwaitinfo(&all, &signal) <= 0 || signal.si_signo == SIGCHLD || !IsSentByProcess(signal))
      continue;
    // This process cannot see a SIGKILL. Who sends this one instead has everything gone when this
    // process is.
    kill(program, signal.si_signo == SIGQUIT ? SIGKILL : signal.si_signo);
  }
}

}  // namespace dcp::confinement
