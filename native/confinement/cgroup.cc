// The kernel's documentation: https://docs.kernel.org/admin-guide/cgroup-v2.html.
#include "confinement/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confinement/files.h"

namespace dcp::confinement {

namespace {

// Threads count; as in rlimits.cc, and where there is no user namespace the only limit.
constexpr const char* kMostThreads = "4096";

}  // namespace

LayerState Cgroup::Make(const std::string& parent, uint64_t memory_bytes) {
  if (parent.empty()) {
    return memory_bytes == 0 ? Off("no cgroup was delegated to it, and no limit asked for")
                             : Missing(
                                   "no cgroup was delegated to it: memory is limited by "
                                   "RLIMIT_DATA alone");
  }
  parent_ = open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (parent_ < 0) return MissingBySystem(parent);
  name_ = "dcp-evaluator-" + std::to_string(getpid());
  const std::string path = parent + "/" + name_;
  if (mkdirat(parent_, name_.c_str(), 0755) != 0 && errno != EEXIST) return MissingBySystem(path);
  path_ = path;
  folder_ = openat(parent_, name_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) return MissingBySystem(path);
  // Ends all of it when one of it has to end.
  WriteFileAt(folder_, "memory.oom.group", "1");
  const bool limits_threads = WriteFileAt(folder_, "pids.max", kMostThreads);
  if (memory_bytes == 0) {
    return limits_threads ? On() : Missing(path + " has no controller pids");
  }
  if (!WriteFileAt(folder_, "memory.max", std::to_string(memory_bytes)))
    return Missing(path + " has no controller memory: RLIMIT_DATA alone limits it");
  // What is swapped out is not below the limit, but elsewhere.
  WriteFileAt(folder_, "memory.swap.max", "0");
  return limits_threads ? On() : Missing(path + " has no controller pids");
}

bool Cgroup::Enter(pid_t process) const {
  return folder_ < 0 || WriteFileAt(folder_, "cgroup.procs", std::to_string(process));
}

std::vector<int> Cgroup::Descriptors() const {
  return parent_ < 0 ? std::vector<int>{} : std::vector<int>{parent_};
}

void Cgroup::Remove() {
  if (parent_ >= 0 && !name_.empty()) unlinkat(parent_, name_.c_str(), AT_REMOVEDIR);
}

}  // namespace dcp::confinement
