// Internal: every layer of the confinement that the launcher makes, a file each. Each says what it
// came to and leaves the process usable either way, unless it says otherwise. To be called in the
// order in which they stand.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "confinement/layer.h"
#include "confinement/profiles.h"

namespace dcp::confinement {

// A file that may be opened, and how.
struct Grant {
  std::string path;
  Access access;
};

// A user namespace in which this user is the same and nobody else is: what takes rights to make the
// other namespaces is had in it, and none outside of it.
LayerState EnterUserNamespace();
// No network but what descriptors lead to; not even loopback is up.
LayerState EnterNetworkNamespace();
// No shared memory, semaphores or queues (System V, POSIX) of others.
LayerState EnterIpcNamespace();
// Processes that are forked from now on are in a namespace of their own, the first of them as its
// init.
LayerState EnterPidNamespace();

// What the mount namespace shows of the machine.
struct RootOptions {
  const std::vector<Grant>& grants;
  // Empty: none.
  const std::string& cache_directory;
  // Whether /proc is to be of the process's own pid namespace.
  bool own_proc;
};
LayerState EnterMountNamespace();
// Makes an empty root with only what is granted in it, to be called in the process that the pid
// namespace was made for. Where that fails the machine's root stays.
LayerState MakeRoot(const RootOptions& options);

struct LimitOptions {
  bool own_user_namespace;
  bool writes_files;
  bool writes_output;
  // 0: no limit.
  uint64_t memory_bytes;
};
LayerState SetResourceLimits(const LimitOptions& options);
LayerState RaiseOomScore();
// From now on no program that is run gets rights by its file. Needed by Landlock, and by filters of
// system calls.
LayerState ForbidNewPrivileges();
LayerState RestrictFiles(const std::vector<Grant>& grants, const std::string& cache_directory);
LayerState DropCapabilities();
// This process is killed when its parent ends. What changes the credentials undoes it, so it comes
// after that. `parent`: a pidfd of it: when it has ended already, this process does, too.
LayerState DieWithParent(int parent);
// Closes all but the standard ones, those that are kept, and those that close themselves when the
// program is run.
LayerState CloseDescriptors(const std::vector<int>& kept, const std::vector<int>& kept_until_run);

}  // namespace dcp::confinement
