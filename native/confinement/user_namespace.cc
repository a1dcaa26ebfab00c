#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "confinement/files.h"
#include "confinement/layers.h"

namespace dcp::confinement {

LayerState EnterUserNamespace() {
  const std::string user = std::to_string(geteuid());
  const std::string group = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER) != 0) {
    if (errno == ENOSPC) return Missing("no more of them may be made (user.max_user_namespaces)");
    return MissingBySystem("the kernel lets this user make none");
  }
  // The same numbers inside and outside, so that the Supervisor may still look into the process's
  // memory.
  if (!WriteFile("/proc/self/setgroups", "deny") ||
      !WriteFile("/proc/self/uid_map", user + " " + user + " 1\n") ||
      !WriteFile("/proc/self/gid_map", group + " " + group + " 1\n")) {
    // The process is nobody now, with rights over its own namespaces: it goes on like that.
    return MissingBySystem("its users cannot be mapped");
  }
  // In this one nobody makes another: they are a large part of the kernel that is otherwise out of
  // reach. A filter of system calls forbids it, too; where /proc/sys cannot be written it does so
  // alone.
  WriteFile("/proc/sys/user/max_user_namespaces", "0");
  return On();
}

}  // namespace dcp::confinement
