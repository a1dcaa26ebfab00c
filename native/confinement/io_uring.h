// Internal to native/confinement: what is done about io_uring, by which a process makes calls that
// no filter sees. libuv of Node 22 and later makes a ring for each event loop before any code of
// ours runs, cannot be told not to, and ends the process when it cannot use it later; where there
// never was one it does without.
#pragma once

#include "confinement/layer.h"

namespace dcp::confinement {

// From now on there is no io_uring for this process and the program that it becomes: asked for one,
// the kernel answers that it knows of no such call. Sets no_new_privs. It is the first part of the
// layer seccomp, and shows that the kernel takes filters.
LayerState RefuseIoUring();

// Whether this process has a ring.
bool HasIoUring();

}  // namespace dcp::confinement
