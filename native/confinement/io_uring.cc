#include "confinement/io_uring.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>

namespace dcp::confinement {

namespace {

// The same on all architectures; headers of older systems do not name it.
constexpr unsigned kIoUringSetup = 425;
constexpr const char* kRing = "anon_inode:[io_uring]";

}  // namespace

LayerState RefuseIoUring() {
  // Calls of another architecture have other numbers; the evaluator's own filter refuses them
  // altogether, and a program that is not yet confined has no ring to gain by them.
  sock_filter program[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, kIoUringSetup},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0)
    return On();
  return MissingBySystem("PR_SET_SECCOMP");
}

bool HasIoUring() {
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return false;
  bool found = false;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this folder.
  while (const dirent* const entry = readdir(folder)) {
    char target[64] = {};
    if (readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1) > 0)
      found = found || std::strcmp(target, kRing) == 0;
  }
  closedir(folder);
  return found;
}

}  // namespace dcp::confinement
