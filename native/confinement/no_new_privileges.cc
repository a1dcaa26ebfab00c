#include <sys/prctl.h>

#include "confinement/layers.h"

namespace dcp::confinement {

LayerState ForbidNewPrivileges() {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? On()
                                                     : MissingBySystem("PR_SET_NO_NEW_PRIVS");
}

}  // namespace dcp::confinement
