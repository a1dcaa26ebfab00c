#include "system/pressure_trigger.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace dcp {

int OpenPressureTrigger(const std::string& file, const std::string& trigger) {
  const int fd = open(file.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return -errno;
  // The kernel wants the zero at its end, too.
  if (write(fd, trigger.c_str(), trigger.size() + 1) >= 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

}  // namespace dcp
