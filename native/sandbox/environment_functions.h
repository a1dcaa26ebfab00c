// Internal to native/sandbox: what the groups of the environment can ask of us
// (src/sandbox/environment/host.ts has the types). Made when the first group is.
#pragma once

#include "sandbox/host_object.h"

namespace dcp {

// One per topic, each in a file of its own.
void AddBase64Functions(HostObject* host);
void AddCloneFunctions(HostObject* host);
void AddCryptoFunctions(HostObject* host);
void AddTextFunctions(HostObject* host);

}  // namespace dcp
