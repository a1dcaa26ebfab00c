// Internal: a cgroup (version 2) for one process and its children.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "confinement/layer.h"

namespace dcp::confinement {

class Cgroup {
 public:
  // `parent`: an absolute path, which must be writable; empty: none is used. Makes the group,
  // before the process's rights and its view of the machine change.
  LayerState Make(const std::string& parent, uint64_t memory_bytes);
  // Puts a process, as this one's pid namespace calls it, into the group. True when there is none.
  bool Enter(pid_t process) const;
  // Empty: there is none.
  const std::string& path() const { return path_; }
  // What Remove needs.
  std::vector<int> Descriptors() const;
  // Once nothing is in it any more. Who is killed leaves that to whoever started it.
  void Remove();

 private:
  std::string path_;
  std::string name_;
  int parent_ = -1;
  int folder_ = -1;
};

}  // namespace dcp::confinement
