#include <sched.h>

#include "confinement/layers.h"

namespace dcp::confinement {

LayerState EnterIpcNamespace() {
  return unshare(CLONE_NEWIPC) == 0 ? On() : MissingBySystem("unshare(CLONE_NEWIPC)");
}

}  // namespace dcp::confinement
