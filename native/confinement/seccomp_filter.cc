#include "confinement/seccomp_filter.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "confinement/io_uring.h"
#include "confinement/seccomp_program.h"

namespace dcp::confinement {

std::string InstallSeccompFilter(unsigned profiles) {
  // The filter refuses them, which libuv would end the process for.
  if (HasIoUring())
    return "libuv of this Node has rings of io_uring, which only dcp-confine prevents";
  // Behind a filter of ours it is set, and cannot be set again.
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return "no_new_privs: " + std::system_category().message(errno);
  std::vector<sock_filter> program = SeccompProgram(profiles, getpid());
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  const long thread =
      syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
  if (thread == 0) return "";
  if (thread > 0)
    return "thread " + std::to_string(thread) + " has a filter that the others have not";
  return "seccomp: " + std::system_category().message(errno);
}

}  // namespace dcp::confinement
