// Internal: what the launcher tells whoever started it.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "confinement/layer.h"
#include "confinement/profiles.h"

namespace dcp::confinement {

// As src/evaluator/confinement/layers.ts has them.
enum class Layer : size_t {
  kUserNamespace,
  kMountNamespace,
  kNetworkNamespace,
  kPidNamespace,
  kIpcNamespace,
  kResourceLimits,
  kCgroup,
  kOomScore,
  kParentDeath,
  kNoNewPrivileges,
  kCapabilities,
  kLandlock,
  kDescriptors,
  // Here only the part that has to come before Node; the evaluator says of itself whether the rest
  // is there.
  kSeccomp,
};
inline constexpr std::array<const char*, 14> kLayerNames = {
    "user-namespace", "mount-namespace", "network-namespace", "pid-namespace", "ipc-namespace",
    "rlimits",        "cgroup",          "oom-score",         "parent-death",  "no-new-privileges",
    "capabilities",   "landlock",        "descriptors",       "seccomp"};

class Report {
 public:
  LayerState& operator[](Layer layer) { return states_[static_cast<size_t>(layer)]; }
  // Whether every layer that was asked for is there.
  bool IsComplete() const;

  // One line of JSON. `pid`: of the program's process, as who reads it knows it. `failure`: why no
  // program is run.
  std::string Line(pid_t pid, const std::vector<Profile>& profiles, const std::string& cgroup,
                   const std::string& failure) const;

 private:
  std::array<LayerState, kLayerNames.size()> states_;
};

}  // namespace dcp::confinement
