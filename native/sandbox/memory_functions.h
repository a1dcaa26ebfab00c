// Internal to native/sandbox: what the prelude asks before memory is taken from the operating
// system (src/sandbox/memory.ts).
#pragma once

#include "sandbox/host_object.h"

namespace dcp {

void AddMemoryFunctions(HostObject* host);

}  // namespace dcp
