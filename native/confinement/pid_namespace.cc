#include <sched.h>

#include "confinement/layers.h"

namespace dcp::confinement {

LayerState EnterPidNamespace() {
  return unshare(CLONE_NEWPID) == 0 ? On() : MissingBySystem("unshare(CLONE_NEWPID)");
}

}  // namespace dcp::confinement
