#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "confinement/layers.h"

namespace dcp::confinement {

namespace {

bool CloseRange(unsigned first, unsigned last) {
  return first > last || syscall(SYS_close_range, first, last, 0) == 0;
}

}  // namespace

LayerState CloseDescriptors(const std::vector<int>& kept, const std::vector<int>& kept_until_run) {
  std::vector<int> open = kept;
  open.insert(open.end(), kept_until_run.begin(), kept_until_run.end());
  std::sort(open.begin(), open.end());
  unsigned first = STDERR_FILENO + 1;
  for (const int fd : open) {
    const auto at = static_cast<unsigned>(fd);
    if (at < first) continue;
    if (!CloseRange(first, at - 1)) return MissingBySystem("close_range");
    first = at + 1;
  }
  if (!CloseRange(first, ~0U)) return MissingBySystem("close_range");
  for (const int fd : kept_until_run) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return MissingBySystem("FD_CLOEXEC");
  }
  for (const int fd : kept) {
    if (fcntl(fd, F_SETFD, 0) != 0) return MissingBySystem("descriptor " + std::to_string(fd));
  }
  return On();
}

}  // namespace dcp::confinement
