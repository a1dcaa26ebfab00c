#include <sched.h>

#include "confinement/layers.h"

namespace dcp::confinement {

LayerState EnterNetworkNamespace() {
  return unshare(CLONE_NEWNET) == 0 ? On() : MissingBySystem("unshare(CLONE_NEWNET)");
}

}  // namespace dcp::confinement
