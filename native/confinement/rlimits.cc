#include <sys/resource.h>

#include <algorithm>

#include "confinement/layers.h"

namespace dcp::confinement {

namespace {

// Node, its threads, drivers and shared memory use a few dozen.
constexpr rlim_t kDescriptors = 4096;
// Threads count. A Sandbox for each of 1024 cores, and what Node, V8 and drivers have.
constexpr rlim_t kProcesses = 4096;
// Of a shader cache, or of memory that a driver shares.
constexpr rlim_t kFileBytes = rlim_t{256} << 20;

// Not above what there is already: only the machine's administrator raises that.
bool Limit(__rlimit_resource which, rlim_t most) {
  rlimit limit{};
  if (getrlimit(which, &limit) != 0) return false;
  const rlim_t value = std::min(limit.rlim_max, most);
  limit = {value, value};
  return setrlimit(which, &limit) == 0;
}

}  // namespace

// No RLIMIT_AS: V8 reserves far more addresses than it ever uses.
LayerState SetResourceLimits(const LimitOptions& options) {
  if (!Limit(RLIMIT_CORE, 0)) return MissingBySystem("RLIMIT_CORE");
  if (!Limit(RLIMIT_NOFILE, kDescriptors)) return MissingBySystem("RLIMIT_NOFILE");
  // It counts for files that are open already, too.
  if (!options.writes_output && !Limit(RLIMIT_FSIZE, options.writes_files ? kFileBytes : 0))
    return MissingBySystem("RLIMIT_FSIZE");
  // Without a user namespace of its own all processes of the user would count.
  if (options.own_user_namespace && !Limit(RLIMIT_NPROC, kProcesses))
    return MissingBySystem("RLIMIT_NPROC");
  if (options.memory_bytes > 0 && !Limit(RLIMIT_DATA, options.memory_bytes))
    return MissingBySystem("RLIMIT_DATA");
  return On();
}

}  // namespace dcp::confinement
